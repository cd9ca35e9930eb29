#ifndef DROVER_CONTROLLER_API_SNAPSHOT_SERVICE_H_
#define DROVER_CONTROLLER_API_SNAPSHOT_SERVICE_H_

#include "controller/api/busy_clusters.h"
#include "controller/api/convert.h"
#include "controller/api/desk.h"
#include "controller/api/parts.h"
#include "drover/control/v1/snapshot.grpc.pb.h"

namespace drover::api {

class SnapshotService final : public pb::SnapshotService::CallbackService {
 public:
  // `poll` is how often a running snapshot is looked at.
  SnapshotService(Desk& desk, const Parts& parts, BusyClusters& busy, Millis poll = Millis(500))
      : desk_(desk), parts_(parts), busy_(busy), poll_(poll) {}

  grpc::ServerWriteReactor<pb::CreateSnapshotResponse>* CreateSnapshot(
      grpc::CallbackServerContext* context, const pb::CreateSnapshotRequest* request) override;
  grpc::ServerUnaryReactor* GetSnapshot(grpc::CallbackServerContext* context,
                                        const pb::GetSnapshotRequest* request,
                                        pb::GetSnapshotResponse* response) override;
  grpc::ServerUnaryReactor* ListSnapshots(grpc::CallbackServerContext* context,
                                          const pb::ListSnapshotsRequest* request,
                                          pb::ListSnapshotsResponse* response) override;
  grpc::ServerUnaryReactor* VerifyRepository(grpc::CallbackServerContext* context,
                                             const pb::VerifyRepositoryRequest* request,
                                             pb::VerifyRepositoryResponse* response) override;
  grpc::ServerUnaryReactor* ListExpiredSnapshots(
      grpc::CallbackServerContext* context, const pb::ListExpiredSnapshotsRequest* request,
      pb::ListExpiredSnapshotsResponse* response) override;
  grpc::ServerUnaryReactor* DeleteSnapshots(grpc::CallbackServerContext* context,
                                            const pb::DeleteSnapshotsRequest* request,
                                            pb::DeleteSnapshotsResponse* response) override;
  grpc::ServerUnaryReactor* PlanRestore(grpc::CallbackServerContext* context,
                                        const pb::PlanRestoreRequest* request,
                                        pb::PlanRestoreResponse* response) override;
  grpc::ServerWriteReactor<pb::RestoreSnapshotResponse>* RestoreSnapshot(
      grpc::CallbackServerContext* context, const pb::RestoreSnapshotRequest* request) override;
  grpc::ServerWriteReactor<pb::ProveSnapshotResponse>* ProveSnapshot(
      grpc::CallbackServerContext* context, const pb::ProveSnapshotRequest* request) override;

 private:
  Desk& desk_;
  const Parts& parts_;
  BusyClusters& busy_;
  const Millis poll_;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_SNAPSHOT_SERVICE_H_
