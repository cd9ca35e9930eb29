// Snapshots wherever they are: in the cluster's repository, and in those that were made below it
// for single upgrades (controller/rollout/own_repository.h).
#ifndef DROVER_CONTROLLER_OPENSEARCH_UPGRADE_SNAPSHOTS_H_
#define DROVER_CONTROLLER_OPENSEARCH_UPGRADE_SNAPSHOTS_H_

#include <string>
#include <vector>

#include "controller/opensearch/cluster_api.h"
#include "controller/rollout/action.h"

namespace drover::opensearch {

// Makes the repository that the snapshot is to have for itself and has every data and
// cluster-manager node verify it; what is there from an earlier try is used. Nothing to do where
// the order names no parent. FAILED_PRECONDITION says which node cannot use it and where it is; it
// may be registered then, and RemoveSnapshot takes it away.
Status PrepareRepository(ClusterApi& api, const rollout::TakeSnapshot& order);

// Deletes the snapshot, and where the order says so its repository's registration, also where the
// snapshot itself cannot be deleted any more: what stays in its folder is then said in `left`.
// Nothing there is no error.
Status RemoveSnapshot(ClusterApi& api, const rollout::DeleteSnapshot& order,
                      std::vector<std::string>* left);

struct AllSnapshots {
  std::vector<rollout::SnapshotView> snapshots;  // those of `parent` first
  std::vector<std::string> unreadable;           // repositories of single upgrades, a sentence each
};
StatusOr<AllSnapshots> ListAllSnapshots(ClusterApi& api, const std::string& parent);

// The snapshot of that name, in whichever of them; an empty state where there is none in those that
// can be read. An error where none has it and one of them cannot be read.
StatusOr<rollout::SnapshotView> FindAnySnapshot(ClusterApi& api, const std::string& parent,
                                                const std::string& name);

// Unregisters `repository` where it was made for a single upgrade and no snapshot is left in it;
// true where it did.
StatusOr<bool> DropIfEmpty(ClusterApi& api, const std::string& parent,
                           const std::string& repository);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_UPGRADE_SNAPSHOTS_H_
