// One OpenSearch cluster over REST (opensearch.md sections 1, 2 and 4b; "Conventions").
#ifndef DROVER_CONTROLLER_OPENSEARCH_CLUSTER_API_H_
#define DROVER_CONTROLLER_OPENSEARCH_CLUSTER_API_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "controller/rollout/cluster_spec.h"
#include "controller/rollout/observation.h"
#include "controller/rollout/restore.h"

namespace drover::opensearch {

// Setting → value; no value puts the default back (null).
using SettingChanges = std::map<std::string, std::optional<std::string>>;

// Every call blocks until it ends or its time is over, and may be called from several threads. An
// endpoint that does not answer is skipped and the next one asked; UNAVAILABLE only where none
// answers, with each endpoint's reason in the message. UNAUTHENTICATED and PERMISSION_DENIED are
// the cluster's 401 and 403. Other answers that are no success: FAILED_PRECONDITION with the
// cluster's own reason.
// How far a restore of some indexes has come.
struct RestoreProgress {
  int shards_total = 0, shards_done = 0;  // primaries; an index that is not there yet counts one
  uint64_t bytes_total = 0, bytes_done = 0;
  // Of shards that the cluster has given up, a sentence each.
  std::vector<std::string> failures;
  bool Ended() const { return shards_done == shards_total || !failures.empty(); }
};

class ClusterApi {
 public:
  virtual ~ClusterApi() = default;

  // Everything that the checks and the batch rules read, as of now. Asks every endpoint for its
  // identity, the rest of one of them.
  virtual StatusOr<rollout::ClusterObservation> Observe() = 0;

  // The nodes alone.
  virtual StatusOr<std::vector<rollout::NodeView>> Nodes() = 0;

  // Waits in the cluster itself (wait_for_nodes, wait_for_status, wait_for_events=languid) until
  // `condition` holds or `timeout` is over; timed_out tells which. `avoid_nodes` are names of nodes
  // that are about to stop or are down: they are not asked where another one can be.
  virtual StatusOr<rollout::HealthView> AwaitHealth(
      const rollout::HealthCondition& condition, Millis timeout,
      const std::vector<std::string>& avoid_nodes) = 0;

  // Changes settings and reads them back; FAILED_PRECONDITION where they do not read back as put.
  virtual Status PutSettings(const SettingChanges& persistent, const SettingChanges& transient) = 0;

  // Takes away the settings that a newer version has archived, and names them; none is no error.
  virtual StatusOr<std::vector<std::string>> ClearArchivedSettings() = 0;

  // POST /_flush. 409 and partial failures are OK (opensearch.md M1 step 8).
  virtual Status Flush() = 0;

  // Takes the vote away from the nodes of these names and waits until the committed configuration
  // is without them (opensearch.md 1.2). Names that are excluded already are no error.
  virtual Status AddVotingExclusions(const std::vector<std::string>& node_names) = 0;
  // Takes every exclusion back at once, whether or not its node is in the cluster.
  virtual Status ClearVotingExclusions() = 0;

  // POST /_cluster/reroute?retry_failed=true: shards that failed five times are tried again.
  virtual Status RetryFailedShards() = 0;
  // Why the first unassigned shard that the cluster finds is not assigned, in a sentence or two of
  // its own (GET /_cluster/allocation/explain); empty where every shard is.
  virtual StatusOr<std::string> ExplainAllocation() = 0;

  // What the security plugin would change of its configuration after an upgrade, a sentence; empty
  // where the cluster has no such plugin.
  virtual StatusOr<std::string> CheckSecurityUpgrade() { return std::string(); }

  // Adds IndexView::operations and new_operations to what was seen; where the cluster does not say,
  // they stay unknown.
  virtual void AddOperations(rollout::ClusterObservation* /*seen*/) {}

  // What only checks ask, of the cluster that was seen.
  virtual rollout::Inspection Inspect(const rollout::ClusterObservation& /*seen*/) { return {}; }

  // Inspection::admin alone.
  virtual std::optional<bool> IsAdmin() { return std::nullopt; }

  // The repository as registered, not verified. exists=false where there is none.
  virtual StatusOr<rollout::RepositoryView> GetRepository(const std::string& name) = 0;
  virtual Status RegisterRepository(const rollout::RepositorySpec& spec) = 0;
  // Every repository that is registered.
  virtual StatusOr<std::vector<rollout::RepositoryView>> ListRepositories() = 0;
  // Takes the registration away; what is stored in the repository stays. NOT_FOUND where there is
  // none.
  virtual Status DeleteRepository(const std::string& name) = 0;
  // Has the cluster delete what snapshots that were never finished have written there.
  virtual Status CleanUpRepository(const std::string& name) = 0;
  // Has every node write and read. A failing verification is a view with verify_error.
  virtual StatusOr<rollout::RepositoryView> VerifyRepository(const std::string& name) = 0;

  // Begins a snapshot of everything (indices *, global state, partial=false) and returns at once.
  // ALREADY_EXISTS where the name is taken.
  virtual Status BeginSnapshot(const std::string& repository, const std::string& name) = 0;
  // The same, with what another controller needs to go on (SnapshotView::origin) in its metadata,
  // as far as the cluster's limit of 1024 bytes allows.
  virtual Status BeginRolloutSnapshot(const std::string& repository, const std::string& name,
                                      const rollout::SnapshotOrigin& /*origin*/) {
    return BeginSnapshot(repository, name);
  }
  // Cheap while it runs (_status with progress), complete once it ended. state is empty where there
  // is no such snapshot.
  virtual StatusOr<rollout::SnapshotView> GetSnapshot(const std::string& repository,
                                                      const std::string& name) = 0;
  virtual StatusOr<std::vector<rollout::SnapshotView>> ListSnapshots(
      const std::string& repository) = 0;
  virtual Status DeleteSnapshot(const std::string& repository, const std::string& name) = 0;
  // Of all files that the snapshot refers to, those that others refer to as well too. Nothing where
  // the cluster does not say.
  virtual std::optional<uint64_t> SnapshotBytes(const std::string& /*repository*/,
                                                const std::string& /*name*/) {
    return std::nullopt;
  }

  // Begins a restore and returns at once. A `sample` has no replicas, is hidden, and takes no
  // aliases with it, like everything that comes back under another name.
  virtual Status BeginRestore(const rollout::RestorePlan& plan, bool sample) = 0;
  virtual StatusOr<RestoreProgress> LookAtRestore(const std::vector<std::string>& indices) = 0;
  // Documents of the primaries, after a refresh.
  virtual StatusOr<uint64_t> CountDocuments(const std::string& index) = 0;
  // NOT_FOUND where there is none.
  virtual Status DeleteIndex(const std::string& index) = 0;

  // Snapshot management policies; OK without effect where the plugin is not there.
  virtual Status StopSnapshotPolicy(const std::string& name) = 0;
  virtual Status StartSnapshotPolicy(const std::string& name) = 0;
};

// Makes the client of a cluster; reads the files that the spec names (CA, password, certificate)
// at each connection, so that they can be changed while the controller runs. INVALID_ARGUMENT or
// NOT_FOUND name the file.
using ClusterApiFactory =
    std::function<StatusOr<std::shared_ptr<ClusterApi>>(const rollout::ClusterSpec&)>;

StatusOr<std::shared_ptr<ClusterApi>> MakeRestClusterApi(const rollout::ClusterSpec& spec);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_CLUSTER_API_H_
