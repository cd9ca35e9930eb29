#include "controller/rollout/restore.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "controller/rollout/checks/checks.h"
#include "controller/rollout/version.h"

namespace drover::rollout {
namespace {

// Of OpenSearch, in bytes.
constexpr size_t kLongestName = 255;

bool IsWhole(const SnapshotView& snapshot) {
  return snapshot.state == "SUCCESS" && snapshot.shards_failed == 0;
}

// RestoreService.validateSnapshotRestorable: even a patch above the node's is refused.
Status CheckVersions(const SnapshotView& snapshot, const ClusterObservation& cluster) {
  const std::optional<Version> taken = ParseVersion(snapshot.version);
  const std::optional<Version> runs = LowestVersion(cluster);
  if (!taken || !runs) {
    return FailedPrecondition("the version of snapshot " + snapshot.name +
                              " or of the nodes cannot be read");
  }
  if (*taken > *runs) {
    return FailedPrecondition("snapshot " + snapshot.name + " was taken by " + taken->ToString() +
                              ", and the cluster runs " + runs->ToString() +
                              ": OpenSearch restores no snapshot of a newer version. Restore it "
                              "into a cluster of " +
                              taken->ToString() + " or newer");
  }
  if (taken->major + 1 < runs->major) {
    return FailedPrecondition("snapshot " + snapshot.name + " was taken by " + taken->ToString() +
                              ", and the cluster runs " + runs->ToString() +
                              ", which reads indexes of the major version before its own at most. "
                              "Restore it into a cluster of " +
                              std::to_string(taken->major + 1) +
                              ".x and make its indexes anew there");
  }
  return OkStatus();
}

Status CheckPrefix(const std::string& prefix) {
  for (const char c : prefix) {
    const bool good =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!good) {
      return InvalidArgument("--prefix '" + prefix +
                             "': expected lower case letters, digits, '-', '_' and '.'");
    }
  }
  if (!prefix.empty() && (prefix[0] == '-' || prefix[0] == '_' || prefix[0] == '.')) {
    return InvalidArgument("--prefix '" + prefix + "': expected a letter or a digit at first");
  }
  return OkStatus();
}

std::string Names(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < 10; ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > 10 ? text + ", …" : text;
}

// Why an index cannot be restored under `target`; empty where it can.
std::string Obstacle(const RestoreRequest& request, const std::string& name,
                     const std::string& target, const std::set<std::string>& present) {
  if (NeedsAdmin(name) && !request.is_admin) {
    return "the security plugin's own index: only an admin certificate may write it (tls in the "
           "cluster file)";
  }
  if (target.size() > kLongestName) return "its name would be longer than 255 bytes";
  if (present.count(target) > 0) {
    return request.prefix.empty()
               ? "it is there already: delete it first, or restore it beside with --prefix"
               : target + " is there already: delete it first, or choose another --prefix";
  }
  return "";
}

}  // namespace

bool NeedsAdmin(const std::string& index) {
  return index == ".opendistro_security" || index.starts_with(".plugins-security");
}

StatusOr<RestorePlan> PlanRestore(const RestoreRequest& request, const SnapshotView& snapshot,
                                  const ClusterObservation& cluster) {
  DROVER_RETURN_IF_ERROR(CheckPrefix(request.prefix));
  if (!IsWhole(snapshot)) {
    return FailedPrecondition("snapshot " + snapshot.name + " is " + snapshot.state + " with " +
                              std::to_string(snapshot.shards_failed) +
                              " failed shards: that is no backup. Take one that is SUCCESS");
  }
  DROVER_RETURN_IF_ERROR(CheckVersions(snapshot, cluster));
  std::set<std::string> present;
  for (const IndexView& index : cluster.indices) present.insert(index.name);
  RestorePlan plan{
      snapshot.name,       snapshot.repository, snapshot.version, request.prefix, {}, {},
      request.global_state};
  const bool named = !request.indices.empty();
  for (const std::string& name : named ? request.indices : snapshot.indices) {
    if (std::find(snapshot.indices.begin(), snapshot.indices.end(), name) ==
        snapshot.indices.end()) {
      return NotFound("snapshot " + snapshot.name + " has no index '" + name +
                      "'; it has: " + Names(snapshot.indices));
    }
    const std::string target = request.prefix + name;
    const std::string obstacle = Obstacle(request, name, target, present);
    if (obstacle.empty()) {
      plan.indices.push_back({name, target});
    } else if (named) {
      return FailedPrecondition("index " + name + " cannot be restored: " + obstacle);
    } else {
      plan.left_alone.push_back({name, obstacle});
    }
  }
  if (plan.indices.empty() && !plan.global_state) {
    return FailedPrecondition("nothing of snapshot " + snapshot.name +
                              " would be restored: each of its " +
                              std::to_string(snapshot.indices.size()) +
                              " indexes is there already; delete those that are to come back, or "
                              "restore them beside with --prefix");
  }
  return plan;
}

const std::string& ProofPrefix() {
  static const std::string prefix = "drover-proof-";
  return prefix;
}

std::vector<std::string> ChooseSample(const SnapshotView& snapshot,
                                      const ClusterObservation& cluster, size_t count) {
  // Whether it is gone, whether it is empty, its size, its name.
  std::vector<std::tuple<bool, bool, uint64_t, std::string>> order;
  for (const std::string& name : snapshot.indices) {
    if (NeedsAdmin(name) || name.starts_with(ProofPrefix())) continue;
    const auto found = std::find_if(cluster.indices.begin(), cluster.indices.end(),
                                    [&](const IndexView& index) { return index.name == name; });
    if (found == cluster.indices.end()) {
      order.emplace_back(true, false, 0, name);
    } else {
      order.emplace_back(false, found->docs.value_or(0) == 0, found->store_bytes, name);
    }
  }
  std::sort(order.begin(), order.end());
  std::vector<std::string> names;
  for (const auto& entry : order) {
    if (names.size() == count) break;
    names.push_back(std::get<3>(entry));
  }
  return names;
}

std::vector<SnapshotView> FindExpired(const std::vector<SnapshotView>& snapshots,
                                      const Retention& retention, Time now) {
  std::vector<SnapshotView> ours;
  for (const SnapshotView& snapshot : snapshots) {
    const bool taken_here = snapshot.origin || snapshot.name.starts_with("drover-");
    if (taken_here && snapshot.state != "IN_PROGRESS") ours.push_back(snapshot);
  }
  std::sort(ours.begin(), ours.end(), [](const SnapshotView& a, const SnapshotView& b) {
    return std::tie(a.ended_at, a.name) > std::tie(b.ended_at, b.name);
  });
  const size_t keep = std::max<size_t>(1, retention.keep);
  std::vector<SnapshotView> expired;
  size_t whole = 0;
  for (const SnapshotView& snapshot : ours) {
    const bool kept = IsWhole(snapshot) && ++whole <= keep;
    const bool young = retention.age && now - snapshot.ended_at < *retention.age;
    if (!kept && !young) expired.push_back(snapshot);
  }
  return expired;
}

}  // namespace drover::rollout
