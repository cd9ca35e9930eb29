// The REST clients of the clusters, one for each, made when first needed.
#ifndef DROVER_CONTROLLER_DRIVER_CLUSTERS_H_
#define DROVER_CONTROLLER_DRIVER_CLUSTERS_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "controller/opensearch/cluster_api.h"

namespace drover::driver {

// Thread safe.
class Clusters {
 public:
  explicit Clusters(opensearch::ClusterApiFactory factory);

  // The client of `spec`; made anew where the spec has changed.
  StatusOr<std::shared_ptr<opensearch::ClusterApi>> Get(const rollout::ClusterSpec& spec);

 private:
  struct Entry {
    rollout::ClusterSpec spec;
    std::shared_ptr<opensearch::ClusterApi> api;
  };
  opensearch::ClusterApiFactory factory_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace drover::driver

#endif  // DROVER_CONTROLLER_DRIVER_CLUSTERS_H_
