#ifndef DROVER_CONTROLLER_API_CLUSTER_SERVICE_H_
#define DROVER_CONTROLLER_API_CLUSTER_SERVICE_H_

#include <string>

#include "controller/api/cluster_looks.h"
#include "controller/api/convert.h"
#include "controller/api/desk.h"
#include "controller/api/parts.h"
#include "drover/control/v1/cluster.grpc.pb.h"

namespace drover::api {

class ClusterService final : public pb::ClusterService::CallbackService {
 public:
  // `look_timeout` is how long a cluster may take to answer before it is listed without its state.
  ClusterService(Desk& desk, const Parts& parts, Millis look_timeout = Millis(3'000))
      : desk_(desk), parts_(parts), looks_(parts), look_timeout_(look_timeout) {}

  void Shutdown() { looks_.Shutdown(); }

  grpc::ServerUnaryReactor* DiscoverClusters(grpc::CallbackServerContext* context,
                                             const pb::DiscoverClustersRequest* request,
                                             pb::DiscoverClustersResponse* response) override;
  grpc::ServerUnaryReactor* ApplyCluster(grpc::CallbackServerContext* context,
                                         const pb::ApplyClusterRequest* request,
                                         pb::ApplyClusterResponse* response) override;
  grpc::ServerUnaryReactor* GetCluster(grpc::CallbackServerContext* context,
                                       const pb::GetClusterRequest* request,
                                       pb::GetClusterResponse* response) override;
  grpc::ServerUnaryReactor* ListClusters(grpc::CallbackServerContext* context,
                                         const pb::ListClustersRequest* request,
                                         pb::ListClustersResponse* response) override;
  grpc::ServerUnaryReactor* CheckCluster(grpc::CallbackServerContext* context,
                                         const pb::CheckClusterRequest* request,
                                         pb::CheckClusterResponse* response) override;
  grpc::ServerUnaryReactor* ListChecks(grpc::CallbackServerContext* context,
                                       const pb::ListChecksRequest* request,
                                       pb::ListChecksResponse* response) override;

 private:
  Status Discover(pb::DiscoverClustersResponse* response);
  Status Apply(const Caller& caller, const pb::ApplyClusterRequest& request,
               pb::ApplyClusterResponse* response);
  Status Get(const std::string& name, pb::Cluster* out);
  Status List(pb::ListClustersResponse* response);
  // Id of the cluster's rollout that has not ended; empty where there is none.
  std::string ActiveRollout(const std::string& cluster);

  Desk& desk_;
  const Parts& parts_;
  ClusterLooks looks_;
  const Millis look_timeout_;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_CLUSTER_SERVICE_H_
