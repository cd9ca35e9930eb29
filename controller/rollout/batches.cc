#include "controller/rollout/batches.h"

#include <algorithm>
#include <set>

#include "controller/rollout/gates.h"

namespace drover::rollout {
namespace {

bool HasRole(const PlannedMember& member, const std::string& role) {
  return std::find(member.roles.begin(), member.roles.end(), role) != member.roles.end();
}

// 0 data without a vote, 1 neither, 2 with a vote, 3 the elected cluster manager.
int Rank(const PlannedMember& member) {
  if (member.elected_manager) return 3;
  if (HasRole(member, "cluster_manager") || HasRole(member, "master")) return 2;
  return HasRole(member, "data") ? 0 : 1;
}

}  // namespace

int AssignBatches(const ClusterObservation& cluster, int max_unavailable,
                  std::vector<PlannedMember>* members) {
  std::stable_sort(
      members->begin(), members->end(),
      [](const PlannedMember& a, const PlannedMember& b) { return Rank(a) < Rank(b); });
  int batch = 0, rank = -1;
  std::set<std::string> together;
  for (PlannedMember& member : *members) {
    std::set<std::string> candidate = together;
    candidate.insert(member.node_id);
    const bool fits = !together.empty() && Rank(member) == rank &&
                      candidate.size() <= static_cast<size_t>(max_unavailable) &&
                      MayStop(cluster, candidate).holds;
    if (!fits && !together.empty()) {
      ++batch;
      candidate = {member.node_id};
    }
    together = candidate;
    rank = Rank(member);
    member.batch = batch;
    if (member.elected_manager) member.note = "the elected cluster manager is last";
  }
  return members->empty() ? 0 : batch + 1;
}

}  // namespace drover::rollout
