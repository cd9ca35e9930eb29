// Which clusters are worked on beside the rollouts, so that a reindex and a rollout exclude each
// other.
#ifndef DROVER_CONTROLLER_API_BUSY_CLUSTERS_H_
#define DROVER_CONTROLLER_API_BUSY_CLUSTERS_H_

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "controller/api/parts.h"

namespace drover::api {

// Thread safe.
class BusyClusters {
 public:
  // While it lives the cluster is held. Must not outlive the BusyClusters.
  class Hold {
   public:
    Hold(BusyClusters& clusters, std::string cluster)
        : clusters_(clusters), cluster_(std::move(cluster)) {}
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    BusyClusters& clusters_;
    const std::string cluster_;
  };

  // `work` is how others are told of it: "a reindex". `shared`: others may do the same work at the
  // same time. FAILED_PRECONDITION where it is held for other work, or for this and not shared.
  StatusOr<std::unique_ptr<Hold>> Take(const std::string& cluster, const std::string& work,
                                       bool shared);

 private:
  std::mutex mutex_;
  struct Work {
    std::string name;
    bool shared = false;
    int holds = 0;
  };
  std::map<std::string, Work> held_;
};

// The rollouts of the cluster that have not ended.
StatusOr<std::vector<rollout::Rollout>> OpenRollouts(const Parts& parts,
                                                     const std::string& cluster);

// Holds the cluster for `work` alone. FAILED_PRECONDITION while other work holds it or a rollout of
// it has not ended. First held, then looked: a start of a rollout does it the other way round.
StatusOr<std::unique_ptr<BusyClusters::Hold>> HoldIdle(const Parts& parts, BusyClusters& busy,
                                                       const std::string& cluster,
                                                       const std::string& work);

// `status` with the detail CLUSTER_BUSY.
grpc::Status ClusterBusy(const Status& status);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_BUSY_CLUSTERS_H_
