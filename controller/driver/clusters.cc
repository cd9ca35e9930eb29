#include "controller/driver/clusters.h"

#include <utility>

namespace drover::driver {

Clusters::Clusters(opensearch::ClusterApiFactory factory) : factory_(std::move(factory)) {}

StatusOr<std::shared_ptr<opensearch::ClusterApi>> Clusters::Get(const rollout::ClusterSpec& spec) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = entries_.find(spec.name);
  if (it != entries_.end() && it->second.spec == spec) return it->second.api;
  DROVER_ASSIGN_OR_RETURN(std::shared_ptr<opensearch::ClusterApi> api, factory_(spec));
  entries_[spec.name] = {spec, api};
  return api;
}

}  // namespace drover::driver
