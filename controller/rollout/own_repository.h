// The repository that one upgrade's snapshot has for itself: the cluster's own one once more, a
// folder deeper. What an upgraded cluster writes into a repository later may cost an older cluster
// its access (opensearch.md section 2); into this one nothing else is ever written.
#ifndef DROVER_CONTROLLER_ROLLOUT_OWN_REPOSITORY_H_
#define DROVER_CONTROLLER_ROLLOUT_OWN_REPOSITORY_H_

#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/cluster_spec.h"
#include "controller/rollout/observation.h"

namespace drover::rollout {

// The setting that names the folder in a repository of this type; empty where Drover knows none,
// and then no repository can be made below it.
std::string FolderSetting(const std::string& type);

// "backups" and "drover-7f3c" → "backups-drover-7f3c".
std::string OwnRepositoryName(const std::string& parent, const std::string& snapshot);

// The parent as the cluster has it, with the snapshot's name as one more folder. Nothing where its
// type has no folder.
std::optional<RepositorySpec> OwnRepository(const RepositoryView& parent,
                                            const std::string& snapshot);

// Whether the repository was made so below the one named `parent`: by its name and its folder, as
// the parent's own settings may have changed since.
bool IsOwnRepository(const RepositoryView& repository, const std::string& parent);

// Names of nodes that hold data or may be elected and did not verify the repository, sorted.
std::vector<std::string> NotVerifiedBy(const std::vector<NodeView>& nodes,
                                       const RepositoryView& repository);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_OWN_REPOSITORY_H_
