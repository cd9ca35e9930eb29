// The plan of a rollback: what undoes a rollout, by the tier that is open (opensearch.md M4).
#ifndef DROVER_CONTROLLER_ROLLOUT_UNDO_PLAN_H_
#define DROVER_CONTROLLER_ROLLOUT_UNDO_PLAN_H_

#include <vector>

#include "common/base/status.h"
#include "controller/rollout/plan.h"
#include "controller/rollout/rollback.h"

namespace drover::rollout {

// The request that undoes `undone`: its tier and strategy by what is seen of the cluster. `tier` is
// the one that the operator asks for; 0: the best. FAILED_PRECONDITION where the rollout changed
// nothing, runs, or where that tier is not open; says what can be done.
StatusOr<PlanRequest> UndoRequest(const Rollout& undone, int tier, const World& world);

// `request` comes from UndoRequest and `world` was seen with it, hosts included.
// FAILED_PRECONDITION where something of the undone rollout is not known that the way back needs.
StatusOr<Plan> MakeUndoPlan(const PlanId& id, const PlanRequest& request, const Rollout& undone,
                            const ClusterSpec& spec, const World& world, const History& history);

// How World::cold_copies names the copy of a member.
std::string CopyName(const PlannedMember& member, const std::string& copy);

// checks/undo_checks.cc: B1 to B5, in place of the checks of an upgrade: a cluster that is down or
// broken is no reason not to go back.
std::vector<CheckResult> RunUndoChecks(const Plan& plan, const World& world);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_UNDO_PLAN_H_
