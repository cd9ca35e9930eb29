// What agents keep for rollouts: lists it, removes it.
#include <utility>

#include "controller/fleet/convert.h"
#include "controller/fleet/gateway.h"

namespace drover::fleet {
namespace {

namespace pb = agent::v1;

Leftover ToLeftover(const pb::Leftover& message, Millis clock_offset) {
  Leftover leftover;
  leftover.kind = message.kind() == pb::LEFTOVER_KIND_KEPT_VOLUME ? LeftoverKind::kKeptVolume
                                                                  : LeftoverKind::kColdCopy;
  leftover.project = message.project();
  leftover.service = message.service();
  leftover.name = message.name();
  leftover.path = message.path();
  leftover.restored = message.restored();
  leftover.bytes = message.bytes();
  leftover.created_at = FromProto(message.created_at()) - clock_offset;
  return leftover;
}

}  // namespace

void Gateway::ListLeftovers(const std::string& host, Millis timeout,
                            std::function<void(StatusOr<std::vector<Leftover>>)> done) {
  pb::Query query;
  query.mutable_list_leftovers();
  const auto status = hosts_.Get(host);
  const Millis clock_offset = status.ok() ? status->view.clock_offset : Millis(0);
  Ask(host, std::move(query), timeout,
      [host, clock_offset, done = std::move(done)](StatusOr<pb::QueryResult> result) {
        if (!result.ok()) return done(result.status());
        if (!result->has_leftovers()) {
          return done(Internal("host " + host + ": its agent answered without leftovers"));
        }
        std::vector<Leftover> leftovers;
        for (const pb::Leftover& leftover : result->leftovers().leftovers()) {
          leftovers.push_back(ToLeftover(leftover, clock_offset));
        }
        done(std::move(leftovers));
      });
}

void Gateway::RemoveLeftover(const std::string& host, const Leftover& which, Millis timeout,
                             std::function<void(StatusOr<Leftover>)> done) {
  pb::Query query;
  pb::RemoveLeftover* removal = query.mutable_remove_leftover();
  removal->set_kind(which.kind == LeftoverKind::kKeptVolume ? pb::LEFTOVER_KIND_KEPT_VOLUME
                                                            : pb::LEFTOVER_KIND_COLD_COPY);
  removal->set_project(which.project);
  removal->set_service(which.service);
  removal->set_name(which.name);
  const auto status = hosts_.Get(host);
  const Millis clock_offset = status.ok() ? status->view.clock_offset : Millis(0);
  Ask(host, std::move(query), timeout,
      [host, clock_offset, done = std::move(done)](StatusOr<pb::QueryResult> result) {
        if (!result.ok()) return done(result.status());
        if (!result->has_removed_leftover()) {
          return done(Internal("host " + host + ": its agent answered without what it removed"));
        }
        done(ToLeftover(result->removed_leftover().leftover(), clock_offset));
      });
}

}  // namespace drover::fleet
