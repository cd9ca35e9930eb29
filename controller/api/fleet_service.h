#ifndef DROVER_CONTROLLER_API_FLEET_SERVICE_H_
#define DROVER_CONTROLLER_API_FLEET_SERVICE_H_

#include "controller/api/busy_clusters.h"
#include "controller/api/convert.h"
#include "controller/api/desk.h"
#include "controller/api/parts.h"
#include "drover/control/v1/fleet.grpc.pb.h"

namespace drover::api {

class FleetService final : public pb::FleetService::CallbackService {
 public:
  FleetService(Desk& desk, const Parts& parts, BusyClusters& busy)
      : desk_(desk), parts_(parts), busy_(busy) {}

  grpc::ServerUnaryReactor* GetController(grpc::CallbackServerContext* context,
                                          const pb::GetControllerRequest* request,
                                          pb::GetControllerResponse* response) override;
  grpc::ServerUnaryReactor* ListHosts(grpc::CallbackServerContext* context,
                                      const pb::ListHostsRequest* request,
                                      pb::ListHostsResponse* response) override;
  grpc::ServerUnaryReactor* GetHost(grpc::CallbackServerContext* context,
                                    const pb::GetHostRequest* request,
                                    pb::GetHostResponse* response) override;
  grpc::ServerWriteReactor<pb::WatchHostsResponse>* WatchHosts(
      grpc::CallbackServerContext* context, const pb::WatchHostsRequest* request) override;
  grpc::ServerUnaryReactor* CreateJoinToken(grpc::CallbackServerContext* context,
                                            const pb::CreateJoinTokenRequest* request,
                                            pb::CreateJoinTokenResponse* response) override;
  grpc::ServerUnaryReactor* RevokeHost(grpc::CallbackServerContext* context,
                                       const pb::RevokeHostRequest* request,
                                       pb::RevokeHostResponse* response) override;
  grpc::ServerUnaryReactor* CordonHost(grpc::CallbackServerContext* context,
                                       const pb::CordonHostRequest* request,
                                       pb::CordonHostResponse* response) override;
  grpc::ServerUnaryReactor* UncordonHost(grpc::CallbackServerContext* context,
                                         const pb::UncordonHostRequest* request,
                                         pb::UncordonHostResponse* response) override;
  grpc::ServerWriteReactor<pb::TailLogResponse>* TailLog(
      grpc::CallbackServerContext* context, const pb::TailLogRequest* request) override;
  grpc::ServerUnaryReactor* ListLeftovers(grpc::CallbackServerContext* context,
                                          const pb::ListLeftoversRequest* request,
                                          pb::ListLeftoversResponse* response) override;
  grpc::ServerUnaryReactor* RemoveLeftover(grpc::CallbackServerContext* context,
                                           const pb::RemoveLeftoverRequest* request,
                                           pb::RemoveLeftoverResponse* response) override;

 private:
  // A line of the fleet's history: who did what.
  void Record(const std::string& kind, const std::string& host, const std::string& text,
              const Caller& caller);

  Desk& desk_;
  const Parts& parts_;
  BusyClusters& busy_;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_FLEET_SERVICE_H_
