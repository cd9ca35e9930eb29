// What a restore of a snapshot would do, and which snapshots are old enough to go (opensearch.md
// section 2). Decided from what was seen, so that an operator reads it before anything is done.
#ifndef DROVER_CONTROLLER_ROLLOUT_RESTORE_H_
#define DROVER_CONTROLLER_ROLLOUT_RESTORE_H_

#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "controller/rollout/observation.h"

namespace drover::rollout {

// Whether the security plugin keeps its configuration in the index: only the admin certificate may
// read or write it (opensearch.md 1.3, M2 b).
bool NeedsAdmin(const std::string& index);

struct RestoreRequest {
  std::vector<std::string> indices =
      {};  // empty: every index of the snapshot that the cluster lacks
  // Put before each name, so that an index comes beside the one it was taken of. Empty: none.
  std::string prefix = {};
  // Settings, templates and what else is of the cluster as a whole; replaces what is there.
  bool global_state = false;
  // The caller shows an admin certificate, which the security plugin's own index needs.
  bool is_admin = false;
};

struct RestoredIndex {
  std::string name, target;
  bool operator==(const RestoredIndex&) const = default;
};

// An index of the snapshot that is not restored, and why.
struct LeftIndex {
  std::string name, reason;
  bool operator==(const LeftIndex&) const = default;
};

struct RestorePlan {
  std::string snapshot, repository, version;  // of the snapshot
  std::string prefix;                         // of every target
  std::vector<RestoredIndex> indices;
  std::vector<LeftIndex> left_alone;
  bool global_state = false;
};

// FAILED_PRECONDITION where the snapshot is no backup (partial, failed, running), was taken by a
// version above that of a node or two major versions below it, or where an index that was asked for
// by name is there already; NOT_FOUND where the snapshot lacks it; INVALID_ARGUMENT for a prefix
// that no index name may begin with. Each says what to do.
StatusOr<RestorePlan> PlanRestore(const RestoreRequest& request, const SnapshotView& snapshot,
                                  const ClusterObservation& cluster);

// Of a test-restore: "drover-proof-".
const std::string& ProofPrefix();

// At most `count` indexes of the snapshot to restore as a sample: those with documents before empty
// ones, the smallest first; indexes that the cluster does not have any more come last.
std::vector<std::string> ChooseSample(const SnapshotView& snapshot,
                                      const ClusterObservation& cluster, size_t count);

struct Retention {
  size_t keep = 1;                           // whole ones that stay, the newest; at least one
  std::optional<Millis> age = std::nullopt;  // younger ones stay too
};

// The snapshots that may go: only those that Drover took, never one that runs, never the newest
// whole one. What is not whole is no backup: it goes by its age alone and counts for nothing.
std::vector<SnapshotView> FindExpired(const std::vector<SnapshotView>& snapshots,
                                      const Retention& retention, Time now);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_RESTORE_H_
