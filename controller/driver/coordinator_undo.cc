// Rollbacks: what undoes which rollout, and how one takes over from the other.
#include "controller/driver/live_coordinator.h"
#include "controller/driver/new_id.h"
#include "controller/rollout/control.h"
#include "controller/rollout/undo_plan.h"

namespace drover::driver {
namespace {

constexpr size_t kNewestOfCluster = 20;

}  // namespace

// An older rollout than the last one that changed images is not undone: what followed rests on it.
Status LiveCoordinator::CheckNewest(const rollout::Rollout& undone) {
  const std::string id = undone.id.str();
  DROVER_ASSIGN_OR_RETURN(const std::vector<rollout::Rollout> newest,
                          store_.ListRollouts(undone.plan->spec.name, kNewestOfCluster));
  for (const rollout::Rollout& rollout : newest) {
    if (rollout.id == undone.id) return OkStatus();
    const bool of_it = rollout.plan->undo && rollout.plan->undo->rollout == id;
    if (of_it && rollout.phase == rollout::Phase::kRolledBack) {
      return FailedPrecondition("rollout " + id + " was undone already, by rollback " +
                                rollout.id.str());
    }
    if (of_it || !rollout.plan->ChangesImages()) continue;
    for (const rollout::MemberState& member : rollout.members) {
      if (!member.new_image_ran) continue;
      return FailedPrecondition(
          "rollout " + rollout.id.str() + " came after " + id +
          " and changed images: undo that one first: drover rollout rollback " + rollout.id.str());
    }
  }
  return OkStatus();
}

StatusOr<std::shared_ptr<const rollout::Plan>> LiveCoordinator::PlanUndo(
    const std::string& rollout_id, int tier, const std::string& by) {
  DROVER_ASSIGN_OR_RETURN(const rollout::Rollout undone, Get(rollout_id));
  DROVER_RETURN_IF_ERROR(CheckNewest(undone));
  const std::string& cluster = undone.plan->spec.name;
  DROVER_ASSIGN_OR_RETURN(const rollout::ClusterSpec spec, find_spec_(cluster));
  const rollout::World seen =
      observer_.Observe(spec, {.hosts = false, .repository = false, .operations = true});
  DROVER_ASSIGN_OR_RETURN(const rollout::PlanRequest request,
                          rollout::UndoRequest(undone, tier, seen));
  rollout::World world =
      observer_.Observe(spec, {.repository = false, .operations = true, .request = request});
  DROVER_ASSIGN_OR_RETURN(const std::vector<rollout::Rollout> newest,
                          store_.ListRollouts(cluster, kNewestOfCluster));
  for (const rollout::Rollout& rollout : newest) {
    // The undone one and a rollback of it hand over.
    if (rollout::HasEnded(rollout.phase)) continue;
    if (rollout::CanAsk(rollout, rollout::Request::kHandOver).ok()) continue;
    world.other_rollout = rollout.id.str();
  }
  DROVER_ASSIGN_OR_RETURN(const rollout::History history, store_.TimingsOf(cluster));
  DROVER_ASSIGN_OR_RETURN(rollout::Plan plan, rollout::MakeUndoPlan(PlanId(NewId()), request,
                                                                    undone, spec, world, history));
  plan.created_by = by;
  DROVER_RETURN_IF_ERROR(store_.SavePlan(plan));
  return std::make_shared<const rollout::Plan>(std::move(plan));
}

// A rollback first ends what it undoes: what that still owes is in the plan.
Status LiveCoordinator::BeginOnLoop(const std::shared_ptr<const rollout::Plan>& plan,
                                    const std::string& by) {
  if (fenced_) return FailedPrecondition("another controller commands; this one acts no more");
  if (plan->undo) {
    for (const RolloutId& id : driver_->Active()) {
      const rollout::Rollout* rollout = driver_->Find(id);
      const std::string& undone = plan->undo->rollout;
      const bool of_it =
          id.str() == undone || (rollout->plan->undo && rollout->plan->undo->rollout == undone);
      if (!of_it) continue;
      DROVER_RETURN_IF_ERROR(rollout::CanAsk(*rollout, rollout::Request::kHandOver));
      DROVER_RETURN_IF_ERROR(
          Handle(id, rollout::Asked{rollout::Request::kHandOver, by,
                                    "rolled back by rollout " + plan->id.str()}));
    }
  }
  DROVER_RETURN_IF_ERROR(driver_->Begin(plan, clock_.Now()).status());
  return Handle(RolloutId(plan->id.str()), rollout::Asked{rollout::Request::kStart, by, ""});
}

}  // namespace drover::driver
