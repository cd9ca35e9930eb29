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

// R1 and R2 of one shard; empty where both hold.
std::string ShardReason(const ClusterObservation& cluster, const ShardKey& key,
                        const ShardGroup& group, const std::set<std::string>& stopping) {
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
  if (outside == 0) return NameOf(key) + " has no started copy elsewhere";
  const bool unassigned_only = std::all_of(group.begin(), group.end(), [](const ShardView* copy) {
    return copy->state == ShardState::kStarted || copy->state == ShardState::kUnassigned;
  });
  if (debt && !(unassigned_only && ExplainedByVersion(cluster, group))) {
    return NameOf(key) + " has a copy that is not recovered yet";
  }
  return "";
}

void CheckQuorum(const ClusterObservation& cluster, const std::set<std::string>& stopping,
                 GateVerdict* verdict) {
  const std::vector<std::string>& voters = cluster.last_committed_config;
  size_t left = 0;
  for (const std::string& id : voters) {
    if (cluster.NodeWithId(id) != nullptr && !stopping.contains(id)) ++left;
  }
  if (left < voters.size() / 2 + 1) {
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

GateVerdict MayStop(const ClusterObservation& cluster, const std::set<std::string>& node_ids,
                    const std::vector<NodeView>& missing) {
  GateVerdict verdict;
  for (const auto& [key, group] : GroupShards(cluster)) {
    if (std::string reason = ShardReason(cluster, key, group, node_ids); !reason.empty()) {
      verdict.reasons.push_back(std::move(reason));
    }
  }
  CheckQuorum(cluster, node_ids, &verdict);
  CheckRoles(cluster, node_ids, missing, &verdict);
  verdict.holds = verdict.reasons.empty();
  return verdict;
}

GateVerdict HasRecovered(const ClusterObservation& cluster) {
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
    if (open && !ExplainedByVersion(cluster, group)) {
      verdict.reasons.push_back(NameOf(key) + " has an unassigned copy");
    }
  }
  verdict.holds = verdict.reasons.empty();
  return verdict;
}

}  // namespace drover::rollout
