// What was seen of an OpenSearch cluster, as plain structs (opensearch.md section 5, "Inputs").
#ifndef DROVER_CONTROLLER_ROLLOUT_OBSERVATION_H_
#define DROVER_CONTROLLER_ROLLOUT_OBSERVATION_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/time.h"

namespace drover::rollout {

// One configured endpoint. `error` is empty where it answered.
struct EndpointView {
  std::string url;
  std::string node_name;  // of the node that answers there (GET /)
  std::string cluster_name, cluster_uuid;
  std::string error;
  // Of the certificate that it shows; nothing where it speaks plain HTTP or it could not be read.
  std::optional<Time> certificate_ends = std::nullopt;
};

struct HealthView {
  std::string status;  // "green", "yellow", "red"
  bool timed_out = false;
  int nodes = 0, data_nodes = 0;
  int active_primary_shards = 0, active_shards = 0;
  int initializing = 0, relocating = 0, unassigned = 0, delayed_unassigned = 0;
  int in_flight_fetch = 0, pending_tasks = 0;
};

struct NodeView {
  std::string id, name;
  std::string version;  // of the process itself: /_nodes, never _cat (opensearch.md 1.1 step 9)
  std::string host, ip, transport_address, http_publish_address;
  std::vector<std::string> roles;
  std::map<std::string, std::string> attributes;
  std::vector<std::string> data_paths;  // settings path.data
  std::vector<std::string> repo_paths;  // settings path.repo
  std::optional<double> disk_used_percent;
  std::optional<double> heap_used_percent;
  uint64_t disk_free_bytes = 0;
  // Of the observation of a whole cluster; nothing, or empty, where the node was not asked.
  std::optional<std::map<std::string, std::string>> plugins;  // name → version
  std::map<std::string, std::string> settings;  // of its file and environment, what checks read
  std::optional<int64_t> max_file_descriptors;
  std::optional<uint64_t> breaker_trips;  // since it started

  bool HasRole(const std::string& role) const;
  // cluster_manager, or master in 1.x.
  bool ManagerEligible() const;
  bool HoldsData() const;
};

enum class ShardState { kUnassigned, kInitializing, kStarted, kRelocating };

struct ShardView {
  std::string index;
  int shard = 0;
  bool primary = false;
  ShardState state = ShardState::kUnassigned;
  std::string node_id;             // empty while unassigned
  std::string relocating_node_id;  // target of a relocation
  std::string unassigned_reason;
};

struct IndexView {
  std::string name, uuid;
  bool open = true, hidden = false;
  int shards = 0, replicas = 0;
  std::string auto_expand_replicas;  // "false" or empty where off
  std::string created_version;       // index.version.created, decoded: "2.17.1"
  std::string wait_for_active_shards;
  // index.routing.allocation.* and other index settings that checks read, flat.
  std::map<std::string, std::string> settings;
  std::optional<uint64_t> docs;  // primaries; unknown for a closed index
  uint64_t store_bytes = 0;
  // Of the primaries, where it was asked for: operations there ever were, and how many of them
  // clients have made since the nodes started.
  std::optional<uint64_t> operations = std::nullopt;
  uint64_t new_operations = 0;
};

// An index template of either kind, or a component template, with the settings that checks read.
struct TemplateView {
  std::string name;
  std::map<std::string, std::string> settings;
};

struct RepositoryView {
  std::string name, type;
  bool exists = false;
  std::map<std::string, std::string> settings;
  // Node ids that could write and read it; filled by a verification.
  bool verified = false;
  std::vector<std::string> verified_node_ids;
  std::string verify_error;
};

// What a rollout writes into its snapshot's metadata: enough for another controller to go on where
// nothing of this one is left (drover cluster adopt).
struct SnapshotOrigin {
  std::string rollout, cluster_uuid;
  std::string from_version, to_version;
  // Settings that the rollout changes → what they were before; no value: not set.
  std::map<std::string, std::optional<std::string>> settings;
  std::vector<std::string> policies;  // that were running before
  bool operator==(const SnapshotOrigin&) const = default;
};

struct SnapshotView {
  std::string repository, name;
  std::optional<SnapshotOrigin> origin;  // where a rollout took it
  std::string state;  // IN_PROGRESS, SUCCESS, PARTIAL, FAILED; empty where it does not exist
  std::string version;
  std::vector<std::string> indices;
  int shards_total = 0, shards_done = 0, shards_failed = 0;
  uint64_t bytes_total = 0, bytes_done = 0;
  Time started_at{}, ended_at{};
  std::vector<std::string> failures;
};

// A snapshot management policy of the index-management plugin; its absence is an empty list.
struct SnapshotPolicyView {
  std::string name;
  bool enabled = false;
};

// The shard recoveries that run now, summed up.
struct RecoveryView {
  int shards = 0;
  uint64_t bytes_done = 0, bytes_total = 0;
  uint64_t files_done = 0, files_total = 0;
  uint64_t translog_done = 0;  // operations replayed
};

struct ClusterObservation {
  Time at{};
  std::vector<EndpointView> endpoints;
  std::string cluster_name, cluster_uuid;
  HealthView health;
  std::vector<NodeView> nodes;
  std::string manager_node_id;
  std::vector<std::string> last_committed_config, last_accepted_config;        // node ids
  std::vector<std::string> voting_exclusions;                                  // node names or ids
  std::map<std::string, std::string> persistent_settings, transient_settings;  // flat
  std::vector<IndexView> indices;
  std::vector<TemplateView> templates;
  std::vector<ShardView> shards;
  std::optional<int> max_shards_per_node;  // effective
  // Indexes that other clusters follow (cross-cluster replication).
  std::optional<int> replicated_indices;
  std::string low_disk_watermark;  // effective: "85%"
  std::vector<SnapshotPolicyView> snapshot_policies;
  bool snapshot_running = false;
  RecoveryView recovery;
  // Why a shard is not assigned, in the cluster's words; only where it was asked for.
  std::string explanation;
  // What the security plugin would change of its configuration after an upgrade; the same.
  std::string security_upgrade;

  const NodeView* NodeNamed(const std::string& name) const;
  const NodeView* NodeWithId(const std::string& id) const;
  // The only node that may be cluster manager; null where there are several.
  const NodeView* SoleManager() const;
};

// A certificate that a node shows to clients ("http") or to the other nodes ("transport").
struct NodeCertificateView {
  std::string node, layer;
  Time ends{};
};

// What only checks ask, and not of a cluster that is being rolled all the time. Nothing where the
// cluster did not say: it has no such plugin, is too old, or the user may not ask.
struct Inspection {
  std::optional<std::vector<NodeCertificateView>> certificates;
  // Whether the security plugin takes Drover's client certificate for the admin's.
  std::optional<bool> admin;
  // k-NN indexes with a field whose engine is nmslib.
  std::optional<std::set<std::string>> nmslib_indices;
  std::map<std::string, uint64_t> stored_bytes;  // node id → its shards on disk
};

// A condition that _cluster/health can wait for by itself.
struct HealthCondition {
  std::optional<int> nodes;  // wait_for_nodes, exactly
  std::string status;        // wait_for_status; empty: any
  bool no_initializing_shards = false;
  bool no_relocating_shards = false;
  bool operator==(const HealthCondition&) const = default;
};

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_OBSERVATION_H_
