// Snapshots and their repository, by the cluster's file.
#ifndef DROVER_CONTROLLER_API_SNAPSHOTS_H_
#define DROVER_CONTROLLER_API_SNAPSHOTS_H_

#include <memory>
#include <string>
#include <vector>

#include "controller/api/convert.h"
#include "controller/api/parts.h"
#include "controller/api/stream.h"

namespace drover::api {

// A cluster that was applied, ready to be asked.
struct ClusterAtHand {
  rollout::ClusterSpec spec;
  std::shared_ptr<opensearch::ClusterApi> api;
  const std::string& repository() const { return spec.snapshot.repository; }
};

// NOT_FOUND names the clusters that exist; FAILED_PRECONDITION where the file names no repository.
StatusOr<ClusterAtHand> OpenCluster(const Parts& parts, const std::string& name);

// Wherever it is: in the cluster's repository or in one that was made for a single upgrade.
// NOT_FOUND names those that exist.
StatusOr<rollout::SnapshotView> FindSnapshot(ClusterAtHand& cluster, const std::string& name);

// FAILED_PRECONDITION where a rollout of the cluster that has not ended took the snapshot.
Status NotNeeded(const Parts& parts, const std::string& cluster, const std::string& snapshot);

// The repository as registered; registered first where it is missing and the file says how, and
// then `registered`, where given, is set. NOT_FOUND where it is missing and the file doesn't say
// how.
StatusOr<rollout::RepositoryView> EnsureRepository(ClusterAtHand& cluster,
                                                   bool* registered = nullptr);

// Begins the snapshot `name` and follows it to its end, looking each `poll`. The stream ends OK
// after SUCCESS, FAILED_PRECONDITION after any other end. Blocks while it begins.
StatusOr<std::unique_ptr<Source<pb::CreateSnapshotResponse>>> BeginSnapshot(
    Desk& desk, ClusterAtHand cluster, const std::string& name, Millis poll,
    const std::shared_ptr<Stream<pb::CreateSnapshotResponse>>& stream);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_SNAPSHOTS_H_
