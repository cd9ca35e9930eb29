// A rehearsal of an upgrade: a part of a snapshot restored into a throw-away node of the target
// version, on a host that holds a member (docs/operations.md, "Rehearsal"). Decided from what was
// seen, before anything starts.
#ifndef DROVER_CONTROLLER_ROLLOUT_REHEARSAL_H_
#define DROVER_CONTROLLER_ROLLOUT_REHEARSAL_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "controller/rollout/plan.h"
#include "controller/rollout/restore.h"

namespace drover::rollout {

struct RehearsalRequest {
  std::string to_version;
  std::string image = {};                 // empty: the member's with another tag
  std::string host = {};                  // empty: the one with the most room
  std::vector<std::string> indices = {};  // empty: a sample, or all
  size_t sample = 2;                      // of each kind
  bool all_indices = false;
};

// An index that is to come up.
struct RehearsedIndex {
  std::string name;
  std::string created_version;  // empty where the cluster does not have it any more
  std::optional<uint64_t> documents;
  uint64_t bytes = 0;  // of its primaries, about
  bool operator==(const RehearsedIndex&) const = default;
};

struct RehearsalPlan {
  std::string cluster;
  std::string host, project, service;
  std::string image, version;
  SnapshotView snapshot;
  RepositoryView repository;
  std::vector<RehearsedIndex> indices;
  std::vector<LeftIndex> left_alone;
  std::map<std::string, std::string> environment;
  // As in fleet::RehearsalOrder.
  std::vector<std::string> inherited_environment, left_out_mounts;
  uint64_t memory_bytes = 0;
};

// `id` names the node. `snapshot` and `repository` are the cluster's own. INVALID_ARGUMENT for what
// was asked wrongly; UNAVAILABLE where no host that would do is connected; FAILED_PRECONDITION
// where the snapshot is no backup or not for that version, where no host has the room, or the
// repository is not on the host.
StatusOr<RehearsalPlan> PlanRehearsal(const std::string& id, const RehearsalRequest& request,
                                      const ClusterSpec& spec, const SnapshotView& snapshot,
                                      const RepositoryView& repository, const World& world);

// Whether the chosen host allows it, by what its agent says of the image and the verb "Rehearse":
// PERMISSION_DENIED with its sentences.
Status CheckHost(const RehearsalPlan& plan, const ProjectView& project);

// Under which name an index is restored into the node. Those whose names begin with a dot are
// plugins' own: under their names the node's plugins would act on what is in them (send alerts,
// delete old indexes).
std::string RehearsedName(const std::string& index);

// What to do about an index that did not come up.
std::string RehearsalRemedy(const RehearsalPlan& plan, const RehearsedIndex& index);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_REHEARSAL_H_
