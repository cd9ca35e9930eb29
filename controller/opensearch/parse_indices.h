// Indices and shards of the cluster state, and the indices' sizes, as plain structs.
#ifndef DROVER_CONTROLLER_OPENSEARCH_PARSE_INDICES_H_
#define DROVER_CONTROLLER_OPENSEARCH_PARSE_INDICES_H_

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "controller/rollout/observation.h"

namespace drover::opensearch {

// metadata.indices of GET /_cluster/state, which has hidden, closed and system indices too: sorted
// by name, without documents and sizes.
std::vector<rollout::IndexView> ParseIndices(const nlohmann::json& state);

// metadata.templates, index_template and component_template of GET /_cluster/state.
std::vector<rollout::TemplateView> ParseTemplates(const nlohmann::json& state);

// GET /_stats/docs,store?level=indices. A closed index has no document count.
void AddIndexStats(const nlohmann::json& stats, std::vector<rollout::IndexView>& indices);

// GET /_stats/indexing?level=shards, of the primaries. Numbers of operations go on from start to
// start, the counters of indexing begin anew with each start of a node and do not count what is
// recovered.
void AddIndexOperations(const nlohmann::json& stats, std::vector<rollout::IndexView>& indices);

// routing_table of GET /_cluster/state: each copy once, a relocating one with its target.
std::vector<rollout::ShardView> ParseShards(const nlohmann::json& state);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_PARSE_INDICES_H_
