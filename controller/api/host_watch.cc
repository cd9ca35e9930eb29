#include "controller/api/host_watch.h"

#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace drover::api {
namespace {

// Host id → its newest state, not sent yet. Bounded by the fleet's size.
struct Changed {
  std::mutex mutex;
  std::map<HostId, fleet::HostStatus> hosts;
};

class HostWatch final : public Source<pb::WatchHostsResponse> {
 public:
  HostWatch(fleet::FleetAdmin& fleet, std::shared_ptr<Changed> changed, int64_t subscription)
      : fleet_(fleet), changed_(std::move(changed)), subscription_(subscription) {}

  Found Find(pb::WatchHostsResponse* message) override {
    const std::lock_guard lock(changed_->mutex);
    if (changed_->hosts.empty()) return Found::Nothing();
    const auto first = changed_->hosts.begin();
    ToProto(first->second, message->mutable_host());
    changed_->hosts.erase(first);
    return Found::Message();
  }

  void Close() override { fleet_.Unsubscribe(subscription_); }

 private:
  fleet::FleetAdmin& fleet_;
  const std::shared_ptr<Changed> changed_;
  const int64_t subscription_;
};

}  // namespace

std::unique_ptr<Source<pb::WatchHostsResponse>> MakeHostWatch(
    fleet::FleetAdmin& fleet, const std::shared_ptr<Stream<pb::WatchHostsResponse>>& stream) {
  auto changed = std::make_shared<Changed>();
  const int64_t subscription = fleet.Subscribe([changed, stream](const fleet::HostStatus& host) {
    {
      const std::lock_guard lock(changed->mutex);
      changed->hosts[host.view.id] = host;
    }
    stream->Poke();
  });
  // Subscribed first, so that no change falls between; what came meanwhile is newer and stays.
  for (auto& host : fleet.ListHosts()) {
    const std::lock_guard lock(changed->mutex);
    const HostId id = host.view.id;
    changed->hosts.emplace(id, std::move(host));
  }
  return std::make_unique<HostWatch>(fleet, changed, subscription);
}

}  // namespace drover::api
