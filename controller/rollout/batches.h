// The order of the members and who may be down together.
#ifndef DROVER_CONTROLLER_ROLLOUT_BATCHES_H_
#define DROVER_CONTROLLER_ROLLOUT_BATCHES_H_

#include <vector>

#include "controller/rollout/plan.h"

namespace drover::rollout {

// Sorts `members` into the documented order (opensearch.md 1.1 step 4: data nodes, then the others,
// then cluster-manager nodes, the elected one last of all) and numbers their batches: at most
// `max_unavailable` together, as far as gates.h allows in `cluster`. Returns the number of batches.
int AssignBatches(const ClusterObservation& cluster, int max_unavailable,
                  std::vector<PlannedMember>* members);

// The same for a plan that adopts: members that are not in the cluster (no node id) come back first
// and together, as they are down already and nothing can recover without them; then those that run
// `done_version`, which have nothing to stop; then the others as above. Returns the number of
// batches.
int AssignAdoptedBatches(const ClusterObservation& cluster, int max_unavailable,
                         const std::string& done_version, std::vector<PlannedMember>* members);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_BATCHES_H_
