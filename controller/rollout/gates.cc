#include "controller/rollout/gates.h"

#include <algorithm>
#include <map>
#include <utility>

#include "controller/rollout/version.h"

namespace drover::rollout {
namespace {

using ShardKey = std::pair<std::string, int>;
using ShardGroup = std::vector<const ShardView*>;

std::map<ShardKey, ShardGroup> GroupShards(const ClusterObservation& cluster) {
  std::map<ShardKey, ShardGroup> groups;
  for (const ShardView& shard : cluster.shards) {
    groups[{shard.index, shard.shard}].push_back(&shard);
  }
  return groups;
}

bool IsActive(const ShardView& shard) {
  return shard.state == ShardState::kStarted || shard.state == ShardState::kRelocating;
}

std::string NameOf(const ShardKey& key) {
  return "shard " + std::to_string(key.second) + " of " + key.first;
}

// The primary's node runs a newer version than every data node without a copy: there is no home for
// the replica yet (OpenSearch NodeVersionAllocationDecider).
bool ExplainedByVersion(const ClusterObservation& cluster, const ShardGroup& group) {
  std::set<std::string> holders;
  const NodeView* primary_node = nullptr;
  for (const ShardView* copy : group) {
    if (!copy->node_id.empty()) holders.insert(copy->node_id);
    if (copy->primary && IsActive(*copy)) primary_node = cluster.NodeWithId(copy->node_id);
  }
  if (primary_node == nullptr) return false;
  const auto newest = ParseVersion(primary_node->version);
  if (!newest) return false;
  bool any_older = false;
  for (const NodeView& node : cluster.nodes) {
    if (!node.HoldsData() || holders.contains(node.id)) continue;
    const auto version = ParseVersion(node.version);
    if (!version || *version >= *newest) return false;
    any_older = true;
  }
  return any_older;
}

bool HasReplicas(const ClusterObservation& cluster, const std::string& index) {
  for (const IndexView& view : cluster.indices) {
    if (view.name == index) return view.replicas > 0;
  }
  return true;
}

// Not more copies are missing than had no home before.
bool ExplainedByPlan(const ShardKey& key, const ShardGroup& group,
                     const std::vector<HomelessReplicas>& homeless) {
  const auto missing = std::count_if(group.begin(), group.end(), [](const ShardView* copy) {
    return copy->state == ShardState::kUnassigned && !copy->primary;
  });
  const bool primary = std::any_of(group.begin(), group.end(), [](const ShardView* copy) {
    return copy->primary && IsActive(*copy);
  });
  return primary && std::any_of(homeless.begin(), homeless.end(), [&](const HomelessReplicas& h) {
           return ShardKey(h.index, h.shard) == key && missing <= h.replicas;
         });
}

// There is no other node that holds data.
bool IsSoleDataNode(const ClusterObservation& cluster, const std::vector<NodeView>& missing) {
  const auto holds = [](const NodeView& node) { return node.HoldsData(); };
  return std::count_if(cluster.nodes.begin(), cluster.nodes.end(), holds) == 1 &&
         std::none_of(missing.begin(), missing.end(), holds);
}

// R1 and R2 of one shard; empty where both hold.
std::string ShardReason(const ClusterObservation& cluster, const ShardKey& key,
                        const ShardGroup& group, const std::set<std::string>& stopping, bool may_go,
                        const std::vector<HomelessReplicas>& homeless) {
  int outside = 0;
  bool inside = false, debt = false, red = true;
  for (const ShardView* copy : group) {
    const bool stops = stopping.contains(copy->node_id);
    if (stops) inside = true;
    if (IsActive(*copy)) red = false;
    if (IsActive(*copy) && !stops) ++outside;
    if (copy->state != ShardState::kStarted) debt = true;
  }
  // Its data may be on any node, also on one that is about to stop.
  if (red) return NameOf(key) + " has no started copy at all: the cluster is red";
  if (!inside || !HasReplicas(cluster, key.first)) return "";
  if (outside == 0 && !may_go) return NameOf(key) + " has no started copy elsewhere";
  const bool unassigned_only = std::all_of(group.begin(), group.end(), [](const ShardView* copy) {
    return copy->state == ShardState::kStarted || copy->state == ShardState::kUnassigned;
  });
  const bool explained =
      ExplainedByVersion(cluster, group) || ExplainedByPlan(key, group, homeless);
  if (debt && !(unassigned_only && explained)) {
    return NameOf(key) + " has a copy that is not recovered yet";
  }
  return "";
}

void CheckQuorum(const ClusterObservation& cluster, const std::set<std::string>& stopping,
                 const std::vector<NodeView>& missing, bool downtime, GateVerdict* verdict) {
  const bool others = std::any_of(missing.begin(), missing.end(),
                                  [](const NodeView& node) { return node.ManagerEligible(); });
  const NodeView* sole = others ? nullptr : cluster.SoleManager();
  if (downtime && sole != nullptr && stopping.contains(sole->id)) return;
  const std::vector<std::string>& voters = cluster.last_committed_config;
  size_t left = 0;
  for (const std::string& id : voters) {
    if (cluster.NodeWithId(id) != nullptr && !stopping.contains(id)) ++left;
  }
  if (left < voters.size() / 2 + 1) {
    verdict->loses_quorum = true;
    verdict->reasons.push_back("only " + std::to_string(left) + " of " +
                               std::to_string(voters.size()) + " voters would be left: no quorum");
  }
  int eligible = 0;
  for (const std::string& id : stopping) {
    const NodeView* node = cluster.NodeWithId(id);
    if (node != nullptr && node->ManagerEligible()) ++eligible;
  }
  if (eligible > 1) {
    verdict->reasons.push_back(std::to_string(eligible) +
                               " cluster-manager nodes would be down at once");
  }
}

void CheckRoles(const ClusterObservation& cluster, const std::set<std::string>& stopping,
                const std::vector<NodeView>& missing, GateVerdict* verdict) {
  std::map<std::string, std::pair<int, int>> of_role;  // all, left
  for (const NodeView& node : missing) {
    for (const std::string& role : node.roles) ++of_role[role].first;
  }
  for (const NodeView& node : cluster.nodes) {
    for (const std::string& role : node.roles) {
      ++of_role[role].first;
      if (!stopping.contains(node.id)) ++of_role[role].second;
    }
  }
  for (const auto& [role, count] : of_role) {
    if (count.first >= 2 && count.second == 0) {
      verdict->reasons.push_back("no node with the role " + role + " would be left");
    }
  }
}

}  // namespace

std::vector<HomelessReplicas> FindHomeless(const ClusterObservation& cluster) {
  std::vector<HomelessReplicas> found;
  for (const auto& [key, group] : GroupShards(cluster)) {
    std::set<std::string> holders;
    int unassigned = 0;
    for (const ShardView* copy : group) {
      if (copy->state == ShardState::kStarted) holders.insert(copy->node_id);
      if (copy->state == ShardState::kUnassigned && !copy->primary) ++unassigned;
    }
    const bool everywhere = std::all_of(
        cluster.nodes.begin(), cluster.nodes.end(),
        [&](const NodeView& node) { return !node.HoldsData() || holders.contains(node.id); });
    if (unassigned > 0 && everywhere && !holders.empty()) {
      found.push_back({key.first, key.second, unassigned});
    }
  }
  return found;
}

GateVerdict MayStop(const ClusterObservation& cluster, const std::set<std::string>& node_ids,
                    const std::vector<NodeView>& missing, const Allowances& allowed) {
  GateVerdict verdict;
  const bool may_go = allowed.downtime && IsSoleDataNode(cluster, missing);
  for (const auto& [key, group] : GroupShards(cluster)) {
    std::string reason = ShardReason(cluster, key, group, node_ids, may_go, allowed.homeless);
    if (!reason.empty()) verdict.reasons.push_back(std::move(reason));
  }
  CheckQuorum(cluster, node_ids, missing, allowed.downtime, &verdict);
  CheckRoles(cluster, node_ids, missing, &verdict);
  verdict.holds = verdict.reasons.empty();
  return verdict;
}

GateVerdict HasRecovered(const ClusterObservation& cluster,
                         const std::vector<HomelessReplicas>& homeless) {
  GateVerdict verdict;
  const HealthView& h = cluster.health;
  if (h.status == "green") return verdict;
  if (h.status == "red") verdict.reasons.push_back("the cluster is red");
  if (h.initializing + h.relocating + h.in_flight_fetch > 0) {
    verdict.reasons.push_back(std::to_string(h.initializing) + " shards initializing, " +
                              std::to_string(h.relocating) + " relocating");
  }
  for (const auto& [key, group] : GroupShards(cluster)) {
    const bool open = std::any_of(group.begin(), group.end(), [](const ShardView* copy) {
      return copy->state == ShardState::kUnassigned;
    });
    if (!open) continue;
    if (ExplainedByVersion(cluster, group)) {
      verdict.explained.push_back(NameOf(key) +
                                  " has an unassigned copy: no node of its version could take it");
    } else if (ExplainedByPlan(key, group, homeless)) {
      verdict.explained.push_back(NameOf(key) +
                                  " has an unassigned copy that had no home before either");
    } else {
      verdict.reasons.push_back(NameOf(key) + " has an unassigned copy");
    }
  }
  verdict.holds = verdict.reasons.empty();
  return verdict;
}

}  // namespace drover::rollout
