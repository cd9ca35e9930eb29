// Every member down at the same time (opensearch.md M3): for clusters of one or two cluster
// managers, for whoever wants all or nothing, and for the ways back that change volumes everywhere.
// All members are one batch. Data nodes stop before cluster managers; when every member is down its
// volume is copied or changed; when that is done everywhere the images are set; then the cluster
// managers start and, once they have found each other, the others.
#include <algorithm>

#include "controller/rollout/engine.h"
#include "controller/rollout/gates.h"

namespace drover::rollout {
namespace {

bool AllPast(const Engine& e, const std::vector<int>& members, MemberStep step) {
  return std::all_of(members.begin(), members.end(),
                     [&](int i) { return e.member(i).step > step; });
}

std::vector<int> Managers(const Engine& e, bool wanted) {
  std::vector<int> members;
  for (int i : e.Batch()) {
    if (IsManager(e.planned(i)) == wanted) members.push_back(i);
  }
  return members;
}

bool MayStart(const Engine& e, int i) {
  if (!AllPast(e, e.Batch(), MemberStep::kSetImage)) return false;
  if (IsManager(e.planned(i))) return true;
  const MemberStep enough = e.plan().managers_answer ? MemberStep::kJoined : MemberStep::kUp;
  return AllPast(e, Managers(e, true), enough);
}

// The rollout has begun to take the cluster down, or is there to undo what took it down: whatever
// is seen of it is no reason to wait.
bool GoesOnRegardless(const Engine& e) {
  if (e.plan().undo) return true;
  return std::any_of(e.r().members.begin(), e.r().members.end(), [](const MemberState& m) {
    return m.stopped || m.new_image_ran || !m.cold_copy.empty();
  });
}

// What runs as it is to be stays; everything else goes the whole way, of which each part that was
// done stays done.
void GoOn(Engine& e, const std::vector<int>& batch, const World& world) {
  e.r().progress_at.reset();
  for (int i : batch) {
    const NodeView* node = world.cluster.NodeNamed(e.planned(i).name);
    if (node != nullptr && IsDone(e, i, *node)) {
      PassUpgraded(e, {i});
    } else {
      e.EnterStep(i, MemberStep::kStop);
    }
  }
}

}  // namespace

bool MayBegin(const Engine& e, int i) {
  if (!e.plan().StopsAll()) return true;
  switch (e.member(i).step) {
    case MemberStep::kStop:
      return !IsManager(e.planned(i)) || AllPast(e, Managers(e, false), MemberStep::kStop);
    case MemberStep::kCopy:
      return AllPast(e, e.Batch(), MemberStep::kStop);
    case MemberStep::kSetImage:
      return AllPast(e, e.Batch(), MemberStep::kCopy);
    case MemberStep::kUp:
      return MayStart(e, i);
    default:
      return true;
  }
}

void OnFullStopGate(Engine& e, const std::vector<int>& batch, const World& world, MemberStep next) {
  if (const GateVerdict agents = AgentsAreThere(e); !agents.holds) {
    return OnGateClosed(e, batch, agents, world.cluster.recovery, next);
  }
  if (GoesOnRegardless(e)) return GoOn(e, batch, world);
  if (!world.cluster_error.empty()) return OnNoAnswer(e, batch, world.cluster_error);
  GateVerdict verdict = HasRecovered(world.cluster, e.plan().homeless);
  for (int i : batch) {
    if (world.cluster.NodeNamed(e.planned(i).name) != nullptr) continue;
    verdict.holds = false;
    verdict.reasons.insert(verdict.reasons.begin(), e.planned(i).name + " is not in the cluster");
  }
  if (!verdict.holds) return OnGateClosed(e, batch, verdict, world.cluster.recovery, next);
  e.r().progress_at.reset();
  for (int i : batch) e.EnterStep(i, next);
}

bool MixesVersions(const Engine& e) {
  if (!e.plan().StopsAll()) return false;
  return std::any_of(e.r().members.begin(), e.r().members.end(),
                     [](const MemberState& m) { return m.new_image_ran; });
}

std::string StandsBetween(const Rollout& rollout) {
  if (!rollout.plan->StopsAll()) return "";
  bool changed = false, down = false;
  for (const MemberState& m : rollout.members) {
    changed = changed || m.new_image_ran;
    down = down || m.stopped;
  }
  if (!down || (!changed && !rollout.plan->undo)) return "";
  const std::string id = rollout.id.str();
  std::string text =
      "the cluster is down between two versions, and members of both would not make one cluster. "
      "Go on: drover rollout resume " +
      id;
  if (rollout.plan->undo) {
    return text + "; or another way back: drover rollout rollback " + rollout.plan->undo->rollout +
           " --tier 3";
  }
  return text + "; or go back: drover rollout rollback " + id;
}

// What the primaries had at the stop: what they have now, without what clients wrote since they
// came up again. The counters of a node begin anew with it, the numbers of operations do not.
void NoteOperations(Engine& e, const ClusterObservation& cluster) {
  if (!e.plan().StopsAll() || e.plan().undo || e.r().operations) return;
  std::map<std::string, uint64_t> at_stop;
  for (const IndexView& index : cluster.indices) {
    if (!CountsAsWritten(index)) continue;
    at_stop[index.name] = *index.operations - std::min(*index.operations, index.new_operations);
  }
  e.r().operations = std::move(at_stop);
}

}  // namespace drover::rollout
