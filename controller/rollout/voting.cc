// Clusters of two cluster-manager nodes (opensearch.md 1.2 and section 5, R3): one of them holds
// the only vote. It is moved to the other one before the holder stops, and may move back
// afterwards. An exclusion is a change like a setting: durable before the call, taken back in every
// ending.
#include <algorithm>

#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

bool Contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool HasRole(const PlannedMember& member, const char* role) { return Contains(member.roles, role); }

// Of a cluster with more managers no vote has to be moved. An adopted member that is down has no
// roles that are known.
bool HasMoreManagers(const Plan& plan) {
  return std::count_if(plan.members.begin(), plan.members.end(), IsManager) +
             std::count_if(plan.others.begin(), plan.others.end(), IsManager) >
         2;
}

VotingExclusion* FindExclusion(Engine& e, const std::string& node) {
  for (VotingExclusion& exclusion : e.r().exclusions) {
    if (exclusion.node == node) return &exclusion;
  }
  return nullptr;
}

}  // namespace

bool IsManager(const PlannedMember& member) {
  return HasRole(member, "cluster_manager") || HasRole(member, "master");
}

std::string VoteToMove(const Engine& e, const ClusterObservation& cluster,
                       const std::set<std::string>& stopping) {
  if (HasMoreManagers(e.plan())) return "";
  std::string from;
  int to = 0;
  for (const NodeView& node : cluster.nodes) {
    if (!node.ManagerEligible()) continue;
    if (stopping.contains(node.id)) from = node.name;
    if (!stopping.contains(node.id)) ++to;
  }
  // Asked for already: the cluster is at it.
  if (to != 1 || Contains(cluster.voting_exclusions, from)) return "";
  return from;
}

void RecordExclusion(Engine& e, const std::string& node) {
  if (VotingExclusion* known = FindExclusion(e, node)) {
    known->set = true;
  } else {
    e.r().exclusions.push_back({node, true});
  }
}

void MoveVote(Engine& e, const std::string& node) {
  RecordExclusion(e, node);
  e.Say("voting.moves", "the vote moves away from " + node + " before it stops", kOwnSlot,
        {{"node", node}});
  e.WaitFor(kOwnSlot, "the vote to move away from " + node, std::nullopt,
            "the committed voting configuration is without it");
  e.Do(kOwnSlot, "exclude", AddVotingExclusion{{node}});
}

bool OweExclusions(const Rollout& rollout) {
  return std::any_of(rollout.exclusions.begin(), rollout.exclusions.end(),
                     [](const VotingExclusion& exclusion) { return exclusion.set; });
}

bool OweExclusionsOfOthers(const Engine& e, const std::vector<int>& batch) {
  return std::any_of(e.r().exclusions.begin(), e.r().exclusions.end(),
                     [&](const VotingExclusion& exclusion) {
                       return exclusion.set && std::none_of(batch.begin(), batch.end(), [&](int i) {
                                return e.planned(i).name == exclusion.node;
                              });
                     });
}

void ClearExclusions(Engine& e) {
  e.WaitFor(kOwnSlot, "the voting exclusions to be taken back", std::nullopt,
            "the cluster has taken them back");
  e.Do(kOwnSlot, "clear-exclusions", ClearVotingExclusions{});
}

void MarkExclusionsCleared(Engine& e) {
  for (VotingExclusion& exclusion : e.r().exclusions) exclusion.set = false;
}

bool MarkLateExclusions(Engine& e, const ClusterObservation& cluster) {
  if (HasMoreManagers(e.plan()) || e.r().attempts >= kMaxAttempts) return false;
  bool late = false;
  // None was there before (P5).
  for (const PlannedMember& member : e.plan().members) {
    if (!Contains(cluster.voting_exclusions, member.name)) continue;
    RecordExclusion(e, member.name);
    late = true;
    e.Say("voting.late", member.name +
                             " is excluded from voting although that was taken back: an earlier "
                             "call took effect late; it is taken back again");
  }
  if (late) ++e.r().attempts;
  return late;
}

}  // namespace drover::rollout
