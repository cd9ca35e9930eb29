// The cluster files that were applied, durable.
#ifndef DROVER_CONTROLLER_STORE_CLUSTER_STORE_H_
#define DROVER_CONTROLLER_STORE_CLUSTER_STORE_H_

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::store {

struct ClusterRecord {
  std::string name;
  std::string file;  // the YAML text as applied
  Time applied_at{};
  bool operator==(const ClusterRecord&) const = default;
};

// Thread safe. Every change is durable when the call returns.
class ClusterStore {
 public:
  virtual ~ClusterStore() = default;
  // Adds the cluster, or replaces the one of that name.
  virtual Status PutCluster(const ClusterRecord& cluster) = 0;
  // NOT_FOUND names the clusters that exist.
  virtual StatusOr<ClusterRecord> GetCluster(const std::string& name) = 0;
  // Ordered by name.
  virtual StatusOr<std::vector<ClusterRecord>> ListClusters() = 0;
};

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_CLUSTER_STORE_H_
