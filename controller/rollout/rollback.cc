#include "controller/rollout/rollback.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "controller/rollout/engine.h"
#include "controller/rollout/version.h"

namespace drover::rollout {
namespace {

struct Copies {
  bool old_started = false, old_primary = false;
};

// An index with a shard that could not be rebuilt from the old nodes alone; empty where none.
std::string Stranded(const ClusterObservation& cluster, const std::set<std::string>& upgraded) {
  std::map<std::pair<std::string, int>, Copies> shards;
  for (const ShardView& shard : cluster.shards) {
    Copies& copies = shards[{shard.index, shard.shard}];
    const bool started =
        shard.state == ShardState::kStarted || shard.state == ShardState::kRelocating;
    const bool on_old = started && !upgraded.contains(shard.node_id);
    copies.old_started = copies.old_started || on_old;
    copies.old_primary = copies.old_primary || (on_old && shard.primary);
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
  const auto old_voters = std::count_if(voters.begin(), voters.end(), [&](const std::string& id) {
    return !upgraded.contains(id) && cluster.NodeWithId(id) != nullptr;
  });
  return static_cast<size_t>(old_voters) >= voters.size() / 2 + 1;
}

std::string Names(const Plan& plan, const std::vector<size_t>& members) {
  std::string names;
  for (const size_t i : members) names += (names.empty() ? "" : ", ") + plan.members[i].name;
  return names;
}

std::string Stopped(const Rollout& rollout) {
  std::optional<Time> last;
  for (const MemberState& m : rollout.members) {
    const auto& at = m.cells[static_cast<size_t>(Cell::kStop)].ended_at;
    if (at && (!last || *at > *last)) last = at;
  }
  return last ? "the stop at " + FormatTime(*last) : std::string("the stop");
}

WayBack Rebuild(const Rollout& rollout, const ClusterObservation* cluster) {
  WayBack way;
  const std::vector<size_t> upgraded = UpgradedMembers(rollout, cluster);
  if (rollout.plan->StopsAll()) {
    way.because = "every member was stopped at once";
  } else if (upgraded.size() == rollout.members.size()) {
    way.because = "every member has run the new image";
  } else if (cluster == nullptr) {
    way.because = "the cluster does not answer";
  } else {
    std::set<std::string> ids;
    for (const size_t i : upgraded) ids.insert(rollout.plan->members[i].node_id);
    way.because = RebuildObstacle(*cluster, ids, rollout.plan->from_version);
  }
  if (!way.because.empty()) return way;
  way.tier = 1;
  way.does =
      "rebuild " + Names(*rollout.plan, upgraded) + " from the copies on old nodes, one at a time";
  way.loss = "no loss";
  return way;
}

void CountLoss(const Rollout& rollout, const ClusterObservation* cluster, WayBack* way) {
  const bool never_served = std::all_of(rollout.members.begin(), rollout.members.end(),
                                        [](const MemberState& m) { return m.version.empty(); });
  std::optional<uint64_t> written;
  if (never_served) written = 0;
  if (cluster != nullptr && !never_served) {
    const std::map<std::string, uint64_t> none;
    if (rollout.operations) written = WrittenSince(*rollout.operations, *cluster);
  }
  way->lossy = written != uint64_t{0};
  if (!written) {
    way->loss = "no loss while no client has written since " + Stopped(rollout);
  } else if (*written == 0) {
    way->loss = "no loss: no client has written since " + Stopped(rollout);
  } else {
    way->loss = "loses " + std::to_string(*written) +
                (*written == 1 ? " operation that a client has" : " operations that clients have") +
                " made since " + Stopped(rollout);
  }
}

WayBack FromCopies(const Rollout& rollout, const ClusterObservation* cluster) {
  WayBack way;
  if (!rollout.plan->StopsAll()) {
    way.because = "cold copies of every member exist only after a full stop";
    return way;
  }
  for (size_t i = 0; i < rollout.members.size(); ++i) {
    if (!rollout.members[i].cold_copy.empty()) continue;
    way.because = "there is no cold copy of " + rollout.plan->members[i].name;
    return way;
  }
  way.tier = 2;
  way.does = "put the cold copy of every member back";
  CountLoss(rollout, cluster, &way);
  return way;
}

WayBack Fresh(const Rollout& rollout) {
  WayBack way;
  if (!rollout.snapshot_done) {
    way.because = "there is no finished snapshot";
    return way;
  }
  way.tier = 3;
  way.does = "a fresh cluster of " + rollout.plan->from_version +
             " on empty volumes, filled from " + rollout.plan->snapshot;
  way.lossy = true;
  way.loss = "loses what was written since " + (rollout.snapshot.started_at
                                                    ? FormatTime(*rollout.snapshot.started_at)
                                                    : std::string("the snapshot"));
  return way;
}

WayBack OfTier(const Rollout& rollout, const ClusterObservation* cluster, int tier) {
  if (tier == 1) return Rebuild(rollout, cluster);
  if (tier == 2) return FromCopies(rollout, cluster);
  if (tier == 3) return Fresh(rollout);
  WayBack none;
  none.because = "there are tiers 0 to 3";
  return none;
}

}  // namespace

std::string WayBack::ToString() const {
  if (tier == kNoTier) return "none: finish forward (" + because + ")";
  return "tier " + std::to_string(tier) + ", " + does + ", " + loss +
         (because.empty() ? "" : " (" + because + ")");
}

std::string RebuildObstacle(const ClusterObservation& cluster,
                            const std::set<std::string>& upgraded, const std::string& old_version) {
  if (const std::string index = Stranded(cluster, upgraded); !index.empty()) {
    return "index " + index + " has its primary, or its only copy, on a new node";
  }
  if (const std::string index = NewerIndex(cluster, old_version); !index.empty()) {
    return "index " + index + " was created by the new version";
  }
  if (!OldQuorum(cluster, upgraded)) return "the old voters alone have no quorum";
  return "";
}

std::vector<size_t> UpgradedMembers(const Rollout& rollout, const ClusterObservation* cluster) {
  std::vector<size_t> upgraded;
  for (size_t i = 0; i < rollout.members.size(); ++i) {
    if (!rollout.members[i].new_image_ran) continue;
    const NodeView* node =
        cluster == nullptr ? nullptr : cluster->NodeNamed(rollout.plan->members[i].name);
    if (node != nullptr && node->version == rollout.plan->from_version) continue;
    upgraded.push_back(i);
  }
  return upgraded;
}

bool CountsAsWritten(const IndexView& index) {
  return index.operations && !index.name.starts_with(".") &&
         !index.name.starts_with("security-auditlog-") && !index.name.starts_with("top_queries-");
}

std::optional<uint64_t> WrittenSince(const std::map<std::string, uint64_t>& at_stop,
                                     const ClusterObservation& cluster) {
  uint64_t written = 0;
  size_t known = 0;
  bool asked = cluster.indices.empty();
  for (const IndexView& index : cluster.indices) {
    asked = asked || index.operations.has_value();
    if (!CountsAsWritten(index)) continue;
    const auto before = at_stop.find(index.name);
    if (before == at_stop.end()) {
      written += std::max<uint64_t>(1, *index.operations);
    } else {
      ++known;
      if (*index.operations != before->second) {
        written +=
            std::max<uint64_t>(1, *index.operations - std::min(*index.operations, before->second));
      }
    }
  }
  if (!asked) return std::nullopt;
  return written + (at_stop.size() - known);
}

WayBack FindWayBack(const Rollout& rollout, const ClusterObservation* cluster, int tier) {
  if (tier > 0) return OfTier(rollout, cluster, tier);
  WayBack way;
  if (UpgradedMembers(rollout, cluster).empty()) {
    way.tier = 0;
    way.does = "the old image starts again";
    way.loss = "no loss";
    return way;
  }
  std::string because;
  const bool full = rollout.plan->StopsAll();
  for (const int next : full ? std::vector<int>{2, 3} : std::vector<int>{1, 3}) {
    way = OfTier(rollout, cluster, next);
    if (way.tier != kNoTier) break;
    if (because.empty()) because = way.because;
  }
  if (way.tier != kNoTier || because.empty()) way.because = because;
  return way;
}

std::vector<std::string> WaysBackAhead(const Plan& plan) {
  if (!plan.ChangesImages() || plan.undo) return {};
  const std::string& old = plan.from_version;
  std::vector<std::string> ways;
  // One that goes on with another's upgrade finds members that have left the old version.
  if (!plan.adopted) {
    ways.push_back("until a member starts " + plan.Target() + ": abort, no loss (tier 0)");
  }
  if (plan.StopsAll()) {
    ways.emplace_back(
        "from then on: the cold copies of all members, no loss until a client writes (tier 2)");
  } else if (plan.members.size() + plan.others.size() > 1) {
    ways.push_back("while most cluster managers and a copy of every shard are on " + old +
                   ", and no index is newer: the upgraded members are rebuilt from the others, no "
                   "loss (tier 1)");
  }
  if (!plan.snapshot.empty()) {
    ways.push_back("at any time: a fresh cluster of " + old +
                   " from the snapshot, loses what was written since (tier 3)");
  }
  return ways;
}

void NoteWayBack(Engine& e, const World& world) {
  if (!e.plan().ChangesImages() || e.plan().undo) return;  // there is nothing to go back to
  if (!world.cluster_error.empty()) return;
  e.r().rollback = FindWayBack(e.r(), &world.cluster).ToString();
}

}  // namespace drover::rollout
