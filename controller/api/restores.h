// Restores of snapshots and proofs that they can be restored, by the cluster's file.
#ifndef DROVER_CONTROLLER_API_RESTORES_H_
#define DROVER_CONTROLLER_API_RESTORES_H_

#include <memory>

#include "controller/api/busy_clusters.h"
#include "controller/api/convert.h"
#include "controller/api/parts.h"
#include "controller/api/stream.h"
#include "drover/control/v1/snapshot.pb.h"

namespace drover::api {

// What the restore would do. Errors are those of rollout::PlanRestore.
Status Preview(const Parts& parts, const pb::PlanRestoreRequest& request,
               pb::PlanRestoreResponse* response);

// The run as a source, begun once its first message is wanted; the cluster is held until it ends.
// Blocks while it looks at the cluster.
StatusOr<std::unique_ptr<Source<pb::RestoreSnapshotResponse>>> BeginRun(
    Desk& desk, const Parts& parts, BusyClusters& busy, const Caller& caller,
    const pb::RestoreSnapshotRequest& request, Millis poll,
    const std::shared_ptr<Stream<pb::RestoreSnapshotResponse>>& stream);
StatusOr<std::unique_ptr<Source<pb::ProveSnapshotResponse>>> BeginRun(
    Desk& desk, const Parts& parts, BusyClusters& busy, const Caller& caller,
    const pb::ProveSnapshotRequest& request, Millis poll,
    const std::shared_ptr<Stream<pb::ProveSnapshotResponse>>& stream);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_RESTORES_H_
