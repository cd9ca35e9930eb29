// Which way back there is now (opensearch.md M4). Only what was seen counts: a tier that is offered
// and does not hold would cost data.
#include <set>

#include "controller/rollout/engine.h"
#include "controller/rollout/version.h"

namespace drover::rollout {
namespace {

struct Copies {
  bool on_upgraded = false, old_started = false, old_primary = false;
};

std::string Snapshot(const Rollout& rollout) {
  return rollout.snapshot_done ? "the snapshot " + rollout.plan->snapshot : "a snapshot";
}

// An index with a shard that could not be rebuilt from the old nodes alone; empty where none.
std::string Stranded(const ClusterObservation& cluster, const std::set<std::string>& upgraded) {
  std::map<std::pair<std::string, int>, Copies> shards;
  for (const ShardView& shard : cluster.shards) {
    Copies& copies = shards[{shard.index, shard.shard}];
    const bool started =
        shard.state == ShardState::kStarted || shard.state == ShardState::kRelocating;
    const bool on_upgraded = upgraded.contains(shard.node_id);
    copies.on_upgraded = copies.on_upgraded || on_upgraded;
    copies.old_started = copies.old_started || (started && !on_upgraded);
    copies.old_primary = copies.old_primary || (started && !on_upgraded && shard.primary);
  }
  for (const auto& [key, copies] : shards) {
    if (!copies.old_started || !copies.old_primary) return key.first;
  }
  return "";
}

std::string NewerIndex(const ClusterObservation& cluster, const std::string& from) {
  const auto old = ParseVersion(from);
  for (const IndexView& index : cluster.indices) {
    const auto created = ParseVersion(index.created_version);
    if (old && created && *created > *old) return index.name;
  }
  return "";
}

bool OldQuorum(const ClusterObservation& cluster, const std::set<std::string>& upgraded) {
  const std::vector<std::string>& voters = cluster.last_committed_config;
  size_t old_voters = 0;
  for (const std::string& id : voters) {
    if (!upgraded.contains(id) && cluster.NodeWithId(id) != nullptr) ++old_voters;
  }
  return old_voters >= voters.size() / 2 + 1;
}

}  // namespace

std::string WayBack(const Rollout& rollout, const ClusterObservation& cluster) {
  if (!rollout.plan->ChangesImages()) return "";  // there is nothing to go back to
  std::set<std::string> ids;
  std::string names;
  for (size_t i = 0; i < rollout.members.size(); ++i) {
    if (!rollout.members[i].new_image_ran) continue;
    ids.insert(rollout.plan->members[i].node_id);
    names += (names.empty() ? "" : ", ") + rollout.plan->members[i].name;
  }
  if (ids.empty()) return "tier 0, the old image starts again, no loss";
  const std::string else_way = "none without loss: finish forward, or restore " +
                               Snapshot(rollout) + " into a new cluster of the old version";
  if (ids.size() == rollout.members.size()) {
    return else_way + " (every member has run the new image)";
  }
  if (const std::string index = Stranded(cluster, ids); !index.empty()) {
    return else_way + " (index " + index + " has its primary, or its only copy, on a new node)";
  }
  if (const std::string index = NewerIndex(cluster, rollout.plan->from_version); !index.empty()) {
    return else_way + " (index " + index + " was created by the new version)";
  }
  if (!OldQuorum(cluster, ids)) return else_way + " (the old voters alone have no quorum)";
  return "tier 1, rebuild " + names + " from the copies on old nodes, one at a time, no loss";
}

}  // namespace drover::rollout
