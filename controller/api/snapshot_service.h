#ifndef DROVER_CONTROLLER_API_SNAPSHOT_SERVICE_H_
#define DROVER_CONTROLLER_API_SNAPSHOT_SERVICE_H_

#include "controller/api/convert.h"
#include "controller/api/desk.h"
#include "controller/api/parts.h"
#include "drover/control/v1/snapshot.grpc.pb.h"

namespace drover::api {

class SnapshotService final : public pb::SnapshotService::CallbackService {
 public:
  // `poll` is how often a running snapshot is looked at.
  SnapshotService(Desk& desk, const Parts& parts, Millis poll = Millis(500))
      : desk_(desk), parts_(parts), poll_(poll) {}

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
  grpc::ServerUnaryReactor* RestoreSnapshot(grpc::CallbackServerContext* context,
                                            const pb::RestoreSnapshotRequest* request,
                                            pb::RestoreSnapshotResponse* response) override;

 private:
  Desk& desk_;
  const Parts& parts_;
  const Millis poll_;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_SNAPSHOT_SERVICE_H_
