#include "controller/api/busy_clusters.h"

#include "controller/api/convert.h"

namespace drover::api {

BusyClusters::Hold::~Hold() {
  const std::lock_guard lock(clusters_.mutex_);
  const auto held = clusters_.held_.find(cluster_);
  if (--held->second.holds == 0) clusters_.held_.erase(held);
}

StatusOr<std::unique_ptr<BusyClusters::Hold>> BusyClusters::Take(const std::string& cluster,
                                                                 const std::string& work,
                                                                 bool shared) {
  const std::lock_guard lock(mutex_);
  Work& held = held_.emplace(cluster, Work{work, shared, 0}).first->second;
  if (held.holds > 0 && (!shared || held.name != work)) {
    return FailedPrecondition(held.name + " of cluster " + cluster +
                              " has not ended; wait for its end, then try again");
  }
  ++held.holds;
  return std::make_unique<Hold>(*this, cluster);
}

grpc::Status ClusterBusy(const Status& status) {
  driver::Refusal refusal;
  refusal.reason = driver::RefusalReason::kClusterBusy;
  return ToGrpc(status, refusal);
}

}  // namespace drover::api
