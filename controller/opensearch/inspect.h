// What only checks ask of a cluster: certificates of the nodes, the engines of k-NN fields, how
// much each node stores.
#ifndef DROVER_CONTROLLER_OPENSEARCH_INSPECT_H_
#define DROVER_CONTROLLER_OPENSEARCH_INSPECT_H_

#include "controller/opensearch/rest_client.h"
#include "controller/rollout/observation.h"

namespace drover::opensearch {

// Never fails: what the cluster did not answer stays nothing in the result.
rollout::Inspection InspectCluster(RestClient& client, const rollout::ClusterObservation& seen);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_INSPECT_H_
