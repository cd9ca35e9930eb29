#include "controller/driver/rollout_driver.h"

#include <utility>

namespace drover::driver {
namespace {

// Progress changes what is shown, and nothing that must survive: it is not worth a commit.
bool IsPassing(const rollout::Event& event, const rollout::Transition& transition) {
  if (!transition.records.empty() || !transition.actions.empty()) return false;
  if (std::holds_alternative<rollout::OperationProgressed>(event.body)) return true;
  const auto* snapshot = std::get_if<rollout::SnapshotSeen>(&event.body);
  return snapshot != nullptr && snapshot->snapshot.state == "IN_PROGRESS";
}

}  // namespace

RolloutDriver::RolloutDriver(store::RolloutStore& store, Effects& effects, Observer observer)
    : store_(store), effects_(effects), observer_(std::move(observer)) {}

Status RolloutDriver::Recover(Time now) {
  DROVER_ASSIGN_OR_RETURN(std::vector<rollout::Rollout> unfinished, store_.LoadUnfinished());
  for (rollout::Rollout& rollout : unfinished) {
    const RolloutId id = rollout.id;
    active_[id] = std::move(rollout);
    DROVER_RETURN_IF_ERROR(Handle(id, {now, rollout::Recovered{}}));
  }
  return OkStatus();
}

StatusOr<rollout::Rollout> RolloutDriver::Begin(std::shared_ptr<const rollout::Plan> plan,
                                                Time now) {
  for (const auto& [id, rollout] : active_) {
    if (rollout.plan->request.cluster != plan->request.cluster) continue;
    return FailedPrecondition("rollout " + id.str() + " of cluster " + plan->request.cluster +
                              " has not ended (" + rollout::Name(rollout.phase) +
                              "); watch it with drover rollout watch " + id.str());
  }
  rollout::Rollout rollout = rollout::NewRollout(std::move(plan), now);
  const rollout::Record record{"rollout.created", "", "", "rollout " + rollout.id.str(), {}};
  std::vector<store::StoredRecord> stored;
  DROVER_RETURN_IF_ERROR(store_.Commit(&rollout, now, {record}, &stored));
  active_[rollout.id] = rollout;
  observer_(rollout, stored);
  return rollout;
}

Status RolloutDriver::Handle(const RolloutId& id, const rollout::Event& event) {
  const auto it = active_.find(id);
  if (it == active_.end()) return NotFound("no active rollout " + id.str());
  rollout::Transition transition = rollout::Step(it->second, event);
  std::vector<store::StoredRecord> stored;
  if (!IsPassing(event, transition)) {
    DROVER_RETURN_IF_ERROR(store_.Commit(&transition.next, event.at, transition.records, &stored));
  }
  it->second = std::move(transition.next);
  const rollout::Rollout& now = it->second;
  for (const rollout::Outstanding& action : transition.actions) effects_.Perform(now, action);
  observer_(now, stored);
  if (rollout::HasEnded(now.phase)) active_.erase(it);
  return OkStatus();
}

std::vector<RolloutId> RolloutDriver::Active() const {
  std::vector<RolloutId> ids;
  for (const auto& [id, rollout] : active_) ids.push_back(id);
  return ids;
}

const rollout::Rollout* RolloutDriver::Find(const RolloutId& id) const {
  const auto it = active_.find(id);
  return it == active_.end() ? nullptr : &it->second;
}

}  // namespace drover::driver
