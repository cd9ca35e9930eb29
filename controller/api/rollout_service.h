#ifndef DROVER_CONTROLLER_API_ROLLOUT_SERVICE_H_
#define DROVER_CONTROLLER_API_ROLLOUT_SERVICE_H_

#include "controller/api/busy_clusters.h"
#include "controller/api/convert.h"
#include "controller/api/desk.h"
#include "controller/api/parts.h"
#include "drover/control/v1/rollout.grpc.pb.h"

namespace drover::api {

class RolloutService final : public pb::RolloutService::CallbackService {
 public:
  RolloutService(Desk& desk, const Parts& parts, BusyClusters& busy)
      : desk_(desk), parts_(parts), busy_(busy) {}

  grpc::ServerUnaryReactor* CreatePlan(grpc::CallbackServerContext* context,
                                       const pb::CreatePlanRequest* request,
                                       pb::CreatePlanResponse* response) override;
  grpc::ServerUnaryReactor* GetPlan(grpc::CallbackServerContext* context,
                                    const pb::GetPlanRequest* request,
                                    pb::GetPlanResponse* response) override;
  grpc::ServerUnaryReactor* StartRollout(grpc::CallbackServerContext* context,
                                         const pb::StartRolloutRequest* request,
                                         pb::StartRolloutResponse* response) override;
  grpc::ServerUnaryReactor* GetRollout(grpc::CallbackServerContext* context,
                                       const pb::GetRolloutRequest* request,
                                       pb::GetRolloutResponse* response) override;
  grpc::ServerUnaryReactor* ListRollouts(grpc::CallbackServerContext* context,
                                         const pb::ListRolloutsRequest* request,
                                         pb::ListRolloutsResponse* response) override;
  grpc::ServerWriteReactor<pb::WatchRolloutResponse>* WatchRollout(
      grpc::CallbackServerContext* context, const pb::WatchRolloutRequest* request) override;
  grpc::ServerUnaryReactor* PauseRollout(grpc::CallbackServerContext* context,
                                         const pb::PauseRolloutRequest* request,
                                         pb::PauseRolloutResponse* response) override;
  grpc::ServerUnaryReactor* ResumeRollout(grpc::CallbackServerContext* context,
                                          const pb::ResumeRolloutRequest* request,
                                          pb::ResumeRolloutResponse* response) override;
  grpc::ServerUnaryReactor* AbortRollout(grpc::CallbackServerContext* context,
                                         const pb::AbortRolloutRequest* request,
                                         pb::AbortRolloutResponse* response) override;
  grpc::ServerUnaryReactor* ApproveRollout(grpc::CallbackServerContext* context,
                                           const pb::ApproveRolloutRequest* request,
                                           pb::ApproveRolloutResponse* response) override;
  grpc::ServerUnaryReactor* RollBackRollout(grpc::CallbackServerContext* context,
                                            const pb::RollBackRolloutRequest* request,
                                            pb::RollBackRolloutResponse* response) override;
  grpc::ServerUnaryReactor* WaiveCheck(grpc::CallbackServerContext* context,
                                       const pb::WaiveCheckRequest* request,
                                       pb::WaiveCheckResponse* response) override;

 private:
  Desk& desk_;
  const Parts& parts_;
  BusyClusters& busy_;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_ROLLOUT_SERVICE_H_
