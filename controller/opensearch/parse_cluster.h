// Health, settings and coordination as plain structs.
#ifndef DROVER_CONTROLLER_OPENSEARCH_PARSE_CLUSTER_H_
#define DROVER_CONTROLLER_OPENSEARCH_PARSE_CLUSTER_H_

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/observation.h"

namespace drover::opensearch {

// GET /_cluster/health, answered with 200 or (timed out) with 408. An empty status means that the
// answer was none.
rollout::HealthView ParseHealth(const nlohmann::json& answer);

// GET /_cluster/settings?flat_settings=true&include_defaults=true: persistent, transient and the
// effective low disk watermark.
void AddClusterSettings(const nlohmann::json& answer, rollout::ClusterObservation& cluster);

// GET /_cluster/state/…: names, the elected manager, the voting configuration. Indices and shards
// are parse_indices.h's.
void AddCoordination(const nlohmann::json& answer, rollout::ClusterObservation& cluster);

// GET /_plugins/_replication/leader_stats; nothing where the plugin is not there.
std::optional<int> ParseReplicated(const nlohmann::json& answer);

// GET /_recovery?active_only=true, summed up over its shards.
rollout::RecoveryView ParseRecovery(const nlohmann::json& answer);

// GET /_cluster/allocation/explain as a sentence, bounded.
std::string ParseExplanation(const nlohmann::json& answer);

// GET /_plugins/_sm/policies.
std::vector<rollout::SnapshotPolicyView> ParseSnapshotPolicies(const nlohmann::json& answer);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_PARSE_CLUSTER_H_
