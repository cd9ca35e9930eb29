// The gate of a batch: who may stop now, who is down already and only has to come up, who has come
// up meanwhile (opensearch.md M1 step 6, section 5).
#include <algorithm>

#include "controller/rollout/engine.h"
#include "controller/rollout/gates.h"

namespace drover::rollout {
namespace {

constexpr Millis kGateRetry{1'000};

struct Groups {
  std::vector<int> upgraded, down, up;
};

Groups GroupBy(const Engine& e, const std::vector<int>& batch, const ClusterObservation& cluster) {
  Groups groups;
  for (int i : batch) {
    const NodeView* node = cluster.NodeNamed(e.planned(i).name);
    if (node == nullptr) {
      groups.down.push_back(i);
    } else if (IsDone(e, i, *node)) {
      groups.upgraded.push_back(i);
    } else {
      groups.up.push_back(i);
    }
  }
  return groups;
}

// Only `group` is worked on now; the others of the batch come after it.
void Hold(Engine& e, const std::vector<int>& batch, const std::vector<int>& group) {
  for (int i : batch) {
    e.member(i).held = std::find(group.begin(), group.end(), i) == group.end();
  }
}

// Members that belong to the cluster and are not in it: they count as down.
std::vector<NodeView> Missing(const Engine& e, const ClusterObservation& cluster) {
  std::vector<NodeView> missing;
  for (const auto* members : {&e.plan().members, &e.plan().others}) {
    for (const PlannedMember& member : *members) {
      if (cluster.NodeNamed(member.name) != nullptr) continue;
      NodeView node;
      node.id = member.node_id;
      node.name = member.name;
      node.roles = member.roles;
      missing.push_back(std::move(node));
    }
  }
  return missing;
}

Allowances AllowancesFor(const Engine& e, const std::vector<int>& stopping) {
  Allowances allowed;
  allowed.homeless = e.plan().homeless;
  allowed.downtime = std::any_of(stopping.begin(), stopping.end(),
                                 [&](int i) { return TakesClusterDown(e.plan(), i); });
  return allowed;
}

// Nothing is lost by bringing up what is down. Where it was not this rollout that stopped it, what
// is left of its container is stopped first.
void PassDown(Engine& e, const std::vector<int>& group) {
  for (int i : group) {
    const bool ours = e.member(i).stopped;
    e.Say("member.down", e.planned(i).name + " is down already; it goes up", i);
    e.EnterStep(i, ours ? StepAfterStop(e, i) : MemberStep::kStop);
  }
}

}  // namespace

// By what the cluster shows, not by memory. A node with the right version and another node id is
// none of ours: it goes the whole way, unless its volume was to start empty. Whether a container
// was made again is not to be seen in the cluster: of a restart and a rollback it is remembered.
bool IsDone(const Engine& e, int i, const NodeView& node) {
  const bool shows = e.plan().ChangesImages() && !e.plan().undo;
  if (!shows && !e.r().members[static_cast<size_t>(i)].renewed) return false;
  if (node.version != e.plan().Target()) return false;
  const bool begins_anew = e.planned(i).volume == VolumeChange::kSetAside;
  return (node.id == e.planned(i).node_id) != begins_anew;
}

void PassUpgraded(Engine& e, const std::vector<int>& group) {
  for (int i : group) {
    MarkUpgraded(e, i);
    e.Say("member.upgraded",
          e.planned(i).name + (e.plan().ChangesImages() ? " runs the new version already"
                                                        : " was restarted already"),
          i);
    e.EnterStep(i, MemberStep::kThaw);
  }
}

// Nothing is frozen or stopped while the agent of any member is away. Its host could not be helped,
// and it may obey another controller now: an agent is connected to one, so of two controllers that
// run the same rollout at most one passes a gate.
GateVerdict AgentsAreThere(const Engine& e) {
  GateVerdict verdict;
  for (int i = 0; i < e.members(); ++i) {
    const bool skipped = e.r().members[static_cast<size_t>(i)].skipped;
    if (skipped || !e.Lost(e.planned(i).host)) continue;
    verdict.reasons.push_back("the agent of " + e.planned(i).host + " is not connected");
  }
  verdict.holds = verdict.reasons.empty();
  return verdict;
}

void OnGateClosed(Engine& e, const std::vector<int>& batch, const GateVerdict& verdict,
                  const RecoveryView& recovery, MemberStep next) {
  const std::string why = NamesOf(e, batch) + " may not stop yet: " + verdict.reasons.front();
  const std::string mark =
      why + std::to_string(verdict.reasons.size()) + "/" + std::to_string(recovery.bytes_done) +
      "/" + std::to_string(recovery.files_done) + "/" + std::to_string(recovery.translog_done);
  if (e.Stalled(mark, e.rules().recover_stall)) {
    return BeginRestore(e, Phase::kPaused,
                        why + "; nothing changed for " + FormatDuration(e.rules().recover_stall));
  }
  // In the frozen window only primaries are allocated: a copy that is missing can only come back
  // after a thaw (an index created in between has one copy, ECK#5040).
  if (next == MemberStep::kStop) {
    for (int i : batch) e.EnterStep(i, MemberStep::kPending);
  }
  e.WaitFor(kOwnSlot, "the gate: " + why, *e.r().progress_at + e.rules().recover_stall,
            "the gate holds");
  e.RetryLater(kOwnSlot, kGateRetry);
}

void OnNoAnswer(Engine& e, const std::vector<int>& batch, const std::string& error) {
  if (PausesOfSilence(e, error)) return;
  LookAtSoleManager(e, batch);
  e.WaitFor(kOwnSlot, "the cluster: " + error, *e.r().progress_at + e.rules().recover_stall,
            "the cluster answers");
  e.RetryLater(kOwnSlot, kGateRetry);
}

bool PausesOfSilence(Engine& e, const std::string& error) {
  if (!e.Stalled(e.rules().recover_stall)) return false;
  e.r().resume_phase = Phase::kRolling;
  BeginRestore(e, Phase::kPaused,
               "the cluster gave no answer, or refused, for " +
                   FormatDuration(e.rules().recover_stall) + ": " + error);
  return true;
}

void LookAtSoleManager(Engine& e, const std::vector<int>& batch) {
  for (int i : batch) {
    if (!TakesClusterDown(e.plan(), i) || e.Busy(i)) continue;
    const PlannedMember& planned = e.planned(i);
    e.Do(i, "look", ReadContainer{planned.host, planned.project, planned.service, true});
  }
}

void OnGateContainer(Engine& e, int i, const ContainerSeen& seen) {
  if (!seen.connected || !AgentsAreThere(e).holds) return;
  const bool down =
      !seen.container || seen.container->state == "exited" || seen.container->state == "dead";
  if (!down) return;
  e.Drop(kOwnSlot);
  Hold(e, e.Batch(), {i});
  e.r().progress_at.reset();
  PassDown(e, {i});
}

std::string NamesOf(const Engine& e, const std::vector<int>& members) {
  std::string names;
  for (int i : members) names += (names.empty() ? "" : ", ") + e.planned(i).name;
  return names;
}

bool EnsureGroup(Engine& e) {
  while (e.r().batch < e.plan().batches) {
    if (!e.Batch().empty()) return true;
    bool held = false;
    for (int i = 0; i < e.members(); ++i) {
      if (e.planned(i).batch != e.r().batch) continue;
      held = held || (e.member(i).held && !e.member(i).skipped);
      e.member(i).held = false;
    }
    if (held) continue;
    ++e.r().batch;
    e.r().rerouted = false;
  }
  if (OweCompanions(e)) return false;
  e.r().resume_phase = Phase::kFinishing;
  e.Enter(Phase::kFinishing);
  return false;
}

void OnGate(Engine& e, const std::vector<int>& batch, const World& world, MemberStep next) {
  if (e.plan().StopsAll()) return OnFullStopGate(e, batch, world, next);
  if (!world.cluster_error.empty()) return OnNoAnswer(e, batch, world.cluster_error);
  if (const GateVerdict agents = AgentsAreThere(e); !agents.holds) {
    return OnGateClosed(e, batch, agents, world.cluster.recovery, next);
  }
  std::vector<int> stopping = batch;
  if (next == MemberStep::kFreeze) {
    const Groups groups = GroupBy(e, batch, world.cluster);
    if (!groups.upgraded.empty()) {
      Hold(e, batch, groups.upgraded);
      e.r().progress_at.reset();
      return PassUpgraded(e, groups.upgraded);
    }
    if (!groups.down.empty()) {
      Hold(e, batch, groups.down);
      e.r().progress_at.reset();
      return PassDown(e, groups.down);
    }
    stopping = groups.up;
  }
  std::set<std::string> ids;
  for (int i : stopping) {
    if (const NodeView* node = world.cluster.NodeNamed(e.planned(i).name)) ids.insert(node->id);
  }
  const GateVerdict verdict =
      MayStop(world.cluster, ids, Missing(e, world.cluster), AllowancesFor(e, stopping));
  if (next == MemberStep::kFreeze && verdict.loses_quorum && verdict.reasons.size() == 1) {
    const std::string node = VoteToMove(e, world.cluster, ids);
    if (!node.empty()) return MoveVote(e, node);
  }
  if (!verdict.holds) return OnGateClosed(e, stopping, verdict, world.cluster.recovery, next);
  if (next == MemberStep::kFreeze && PausesBeforeNoReturn(e, stopping, world.cluster)) return;
  e.r().progress_at.reset();
  for (int i : stopping) e.EnterStep(i, next);
}

}  // namespace drover::rollout
