#include "controller/api/rollout_watch.h"

#include <mutex>
#include <utility>

namespace drover::api {
namespace {

constexpr size_t kEventsPerMessage = 200;

// What the driver's thread leaves for the reader: only the newest state.
struct Newest {
  std::mutex mutex;
  rollout::Rollout rollout;
  bool fresh = false;
};

class RolloutWatch final : public Source<pb::WatchRolloutResponse> {
 public:
  RolloutWatch(const Parts& parts, RolloutId id, uint64_t since, std::shared_ptr<Newest> newest,
               driver::SubscriptionId subscription)
      : parts_(parts),
        id_(std::move(id)),
        cursor_(since),
        newest_(std::move(newest)),
        subscription_(subscription) {}

  Found Find(pb::WatchRolloutResponse* message) override {
    bool fresh = false;
    {
      const std::lock_guard lock(newest_->mutex);
      std::swap(fresh, newest_->fresh);
      if (fresh) state_ = newest_->rollout;
    }
    const auto records = parts_.rollouts->ListRecords(id_, cursor_, kEventsPerMessage);
    if (!records.ok()) return Found::End(rpc::ToGrpc(records.status()));
    if (!fresh && records->empty()) {
      const bool over = HasEnded(state_.phase) && cursor_ >= state_.sequence;
      return over ? Found::End(grpc::Status::OK) : Found::Nothing();
    }
    ToProto(state_, parts_.clock->Now(), message->mutable_rollout());
    for (const auto& record : *records) ToProto(record, message->add_events());
    if (!records->empty()) cursor_ = records->back().sequence;
    return Found::Message();
  }

  void Close() override { parts_.coordinator->Unsubscribe(subscription_); }

 private:
  const Parts& parts_;
  const RolloutId id_;
  uint64_t cursor_;
  rollout::Rollout state_;
  const std::shared_ptr<Newest> newest_;
  const driver::SubscriptionId subscription_;
};

}  // namespace

StatusOr<std::unique_ptr<Source<pb::WatchRolloutResponse>>> MakeRolloutWatch(
    const Parts& parts, const std::string& id, uint64_t since,
    const std::shared_ptr<Stream<pb::WatchRolloutResponse>>& stream) {
  DROVER_ASSIGN_OR_RETURN(const rollout::Rollout found, parts.coordinator->Get(id));
  auto newest = std::make_shared<Newest>();
  newest->rollout = found;
  newest->fresh = true;
  auto subscription = parts.coordinator->Subscribe(
      found.id.str(),
      [newest, stream](const rollout::Rollout& rollout, const std::vector<store::StoredRecord>&) {
        {
          const std::lock_guard lock(newest->mutex);
          newest->rollout = rollout;
          newest->fresh = true;
        }
        stream->Poke();
      });
  if (!subscription.ok()) return subscription.status();
  return std::make_unique<RolloutWatch>(parts, found.id, since, newest, *subscription);
}

}  // namespace drover::api
