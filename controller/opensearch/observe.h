// One look at a cluster: what is asked, and the whole observation made of the answers.
#ifndef DROVER_CONTROLLER_OPENSEARCH_OBSERVE_H_
#define DROVER_CONTROLLER_OPENSEARCH_OBSERVE_H_

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "common/base/status.h"
#include "controller/opensearch/rest_client.h"
#include "controller/rollout/observation.h"

namespace drover::opensearch {

// One round trip: every question at once over connections that stay open.
StatusOr<rollout::ClusterObservation> ObserveCluster(RestClient& client);

// GET / of every endpoint, and the node's name for each remembered by the client.
StatusOr<std::vector<rollout::EndpointView>> IdentifyEndpoints(RestClient& client);

// GET /_nodes, without disk and heap.
StatusOr<std::vector<rollout::NodeView>> ObserveNodes(RestClient& client);

// The JSON of an answer that is a success (below 400, or `also`); FailureStatus for others, and
// FAILED_PRECONDITION with the beginning of what came where it is not JSON.
StatusOr<nlohmann::json> SuccessJson(const RestRequest& request, const RestAnswer& answer,
                                     long also = 200);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_OBSERVE_H_
