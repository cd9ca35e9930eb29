// GET /, _nodes and _nodes/stats as plain structs.
#ifndef DROVER_CONTROLLER_OPENSEARCH_PARSE_NODES_H_
#define DROVER_CONTROLLER_OPENSEARCH_PARSE_NODES_H_

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "controller/rollout/observation.h"

namespace drover::opensearch {

// GET /. `url` is left to the caller; `error` is set where the answer is not that of an OpenSearch
// node.
rollout::EndpointView ParseIdentity(const nlohmann::json& answer);

// GET /_nodes/settings,http: sorted by name. Without disk and heap.
std::vector<rollout::NodeView> ParseNodes(const nlohmann::json& answer);

// GET /_nodes/settings,plugins: fills plugins and settings. Nodes that the answer does not have
// keep what they are.
void AddNodeDetails(const nlohmann::json& answer, std::vector<rollout::NodeView>& nodes);

// GET /_nodes/stats/fs,jvm,breaker,process: fills disk, heap and, where the settings do not name
// them, the data paths. Nodes that the answer does not have keep what they are.
void AddNodeStats(const nlohmann::json& answer, std::vector<rollout::NodeView>& nodes);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_PARSE_NODES_H_
