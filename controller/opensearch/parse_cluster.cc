#include "controller/opensearch/parse_cluster.h"

#include "controller/opensearch/json_access.h"

namespace drover::opensearch {
namespace {

constexpr size_t kMostExplanation = 600;
constexpr char kMaxShards[] = "cluster.max_shards_per_node";
constexpr char kLowWatermark[] = "cluster.routing.allocation.disk.watermark.low";

int Count(const nlohmann::json& answer, const char* key) {
  return static_cast<int>(Integer(At(answer, {key})));
}

std::string Effective(const nlohmann::json& answer, const rollout::ClusterObservation& cluster,
                      const char* name) {
  for (const auto* settings : {&cluster.transient_settings, &cluster.persistent_settings}) {
    const auto found = settings->find(name);
    if (found != settings->end()) return found->second;
  }
  return Text(At(answer, {"defaults", name}));
}

}  // namespace

rollout::HealthView ParseHealth(const nlohmann::json& answer) {
  rollout::HealthView health;
  const nlohmann::json& status = At(answer, {"status"});
  if (!status.is_string()) return health;  // in an error the status is a number
  health.status = Text(status);
  health.timed_out = Truth(At(answer, {"timed_out"}));
  health.nodes = Count(answer, "number_of_nodes");
  health.data_nodes = Count(answer, "number_of_data_nodes");
  health.active_primary_shards = Count(answer, "active_primary_shards");
  health.active_shards = Count(answer, "active_shards");
  health.initializing = Count(answer, "initializing_shards");
  health.relocating = Count(answer, "relocating_shards");
  health.unassigned = Count(answer, "unassigned_shards");
  health.delayed_unassigned = Count(answer, "delayed_unassigned_shards");
  health.in_flight_fetch = Count(answer, "number_of_in_flight_fetch");
  health.pending_tasks = Count(answer, "number_of_pending_tasks");
  return health;
}

void AddClusterSettings(const nlohmann::json& answer, rollout::ClusterObservation& cluster) {
  Flatten(At(answer, {"persistent"}), "", cluster.persistent_settings);
  Flatten(At(answer, {"transient"}), "", cluster.transient_settings);
  const std::string most = Effective(answer, cluster, kMaxShards);
  if (!most.empty()) cluster.max_shards_per_node = static_cast<int>(Integer(nlohmann::json(most)));
  cluster.low_disk_watermark = Effective(answer, cluster, kLowWatermark);
}

void AddCoordination(const nlohmann::json& answer, rollout::ClusterObservation& cluster) {
  cluster.cluster_name = Text(At(answer, {"cluster_name"}));
  cluster.cluster_uuid = Text(At(answer, {"cluster_uuid"}));
  // 1.x knows master_node alone; 2.x and 3.x give both names.
  cluster.manager_node_id = Text(At(answer, {"cluster_manager_node"}));
  if (cluster.manager_node_id.empty()) {
    cluster.manager_node_id = Text(At(answer, {"master_node"}));
  }
  const nlohmann::json& coordination = At(answer, {"metadata", "cluster_coordination"});
  cluster.last_committed_config = Texts(At(coordination, {"last_committed_config"}));
  cluster.last_accepted_config = Texts(At(coordination, {"last_accepted_config"}));
  for (const nlohmann::json& node : At(coordination, {"voting_config_exclusions"})) {
    const std::string name = Text(At(node, {"node_name"}));
    // An exclusion by id of a node that is gone has "_absent_" for its name, and the other way
    // round.
    const bool has_name = !name.empty() && name != "_absent_";
    cluster.voting_exclusions.push_back(has_name ? name : Text(At(node, {"node_id"})));
  }
}

std::optional<int> ParseReplicated(const nlohmann::json& answer) {
  const nlohmann::json& count = At(answer, {"num_replicated_indices"});
  if (count.is_null()) return std::nullopt;
  return static_cast<int>(Integer(count));
}

rollout::RecoveryView ParseRecovery(const nlohmann::json& answer) {
  rollout::RecoveryView recovery;
  if (!answer.is_object()) return recovery;
  for (const nlohmann::json& index : answer) {
    for (const nlohmann::json& shard : At(index, {"shards"})) {
      ++recovery.shards;
      recovery.bytes_done += Unsigned(At(shard, {"index", "size", "recovered_in_bytes"}));
      recovery.bytes_total += Unsigned(At(shard, {"index", "size", "total_in_bytes"}));
      recovery.files_done += Unsigned(At(shard, {"index", "files", "recovered"}));
      recovery.files_total += Unsigned(At(shard, {"index", "files", "total"}));
      recovery.translog_done += Unsigned(At(shard, {"translog", "recovered"}));
    }
  }
  return recovery;
}

std::string ParseExplanation(const nlohmann::json& answer) {
  const std::string index = Text(At(answer, {"index"}));
  if (index.empty()) return "";
  std::string text = "shard " + Text(At(answer, {"shard"})) + " of " + index +
                     (Truth(At(answer, {"primary"})) ? " (primary)" : " (replica)") + ": " +
                     Text(At(answer, {"allocate_explanation"}));
  for (const nlohmann::json& node : At(answer, {"node_allocation_decisions"})) {
    for (const nlohmann::json& decider : At(node, {"deciders"})) {
      text += "; " + Text(At(node, {"node_name"})) + ": " + Text(At(decider, {"explanation"}));
      break;  // the first one says enough
    }
  }
  if (text.size() > kMostExplanation) text = text.substr(0, kMostExplanation) + " …";
  return text;
}

std::vector<rollout::SnapshotPolicyView> ParseSnapshotPolicies(const nlohmann::json& answer) {
  std::vector<rollout::SnapshotPolicyView> policies;
  for (const nlohmann::json& entry : At(answer, {"policies"})) {
    const nlohmann::json& policy = At(entry, {"sm_policy"});
    policies.push_back({Text(At(policy, {"name"})), Truth(At(policy, {"enabled"}))});
  }
  return policies;
}

}  // namespace drover::opensearch
