// What only checks ask of a cluster: certificates of the nodes, the engines of k-NN fields, how
// much each node stores.
#ifndef DROVER_CONTROLLER_OPENSEARCH_INSPECT_H_
#define DROVER_CONTROLLER_OPENSEARCH_INSPECT_H_

#include <optional>

#include "controller/opensearch/rest_client.h"
#include "controller/rollout/observation.h"

namespace drover::opensearch {

// Whether the security plugin takes the client certificate for the admin's; nothing without either.
std::optional<bool> IsAdmin(RestClient& client);

// Never fails: what the cluster did not answer stays nothing in the result.
rollout::Inspection InspectCluster(RestClient& client, const rollout::ClusterObservation& seen);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_INSPECT_H_
