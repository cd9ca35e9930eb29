#include "controller/rollout/batches.h"

#include <algorithm>
#include <iterator>
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

int AssignAdoptedBatches(const ClusterObservation& cluster, int max_unavailable,
                         const std::string& done_version, std::vector<PlannedMember>* members) {
  std::vector<PlannedMember> away, done, rest;
  for (PlannedMember& member : *members) {
    const NodeView* node = cluster.NodeWithId(member.node_id);
    auto& group = node == nullptr ? away : node->version == done_version ? done : rest;
    group.push_back(std::move(member));
  }
  AssignBatches(cluster, max_unavailable, &rest);
  int first = 0;
  for (PlannedMember& member : away) {
    member.batch = first;
    member.note = "not in the cluster: comes back first";
  }
  first += away.empty() ? 0 : 1;
  for (PlannedMember& member : done) {
    member.batch = first++;
    member.note = "runs " + done_version + " already";
  }
  int last = first - 1;
  for (PlannedMember& member : rest) {
    member.batch += first;
    last = std::max(last, member.batch);
  }
  members->clear();
  for (auto* group : {&away, &done, &rest}) {
    std::move(group->begin(), group->end(), std::back_inserter(*members));
  }
  return last + 1;
}

}  // namespace drover::rollout
