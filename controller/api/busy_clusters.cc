#include "controller/api/busy_clusters.h"

#include "controller/api/convert.h"

namespace drover::api {
namespace {

// Rollouts of one cluster to look through for one that has not ended: it is among the newest.
constexpr size_t kNewest = 10;

}  // namespace

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

StatusOr<std::vector<rollout::Rollout>> OpenRollouts(const Parts& parts,
                                                     const std::string& cluster) {
  DROVER_ASSIGN_OR_RETURN(auto rollouts, parts.coordinator->List(cluster, kNewest));
  std::erase_if(rollouts, [](const auto& rollout) { return rollout::HasEnded(rollout.phase); });
  return rollouts;
}

StatusOr<std::unique_ptr<BusyClusters::Hold>> HoldIdle(const Parts& parts, BusyClusters& busy,
                                                       const std::string& cluster,
                                                       const std::string& work) {
  auto hold = busy.Take(cluster, work, false);
  if (!hold.ok()) return hold;
  DROVER_ASSIGN_OR_RETURN(const auto open, OpenRollouts(parts, cluster));
  if (open.empty()) return hold;
  return FailedPrecondition("rollout " + open[0].id.str() + " of cluster " + cluster +
                            " has not ended (" + rollout::Name(open[0].phase) + "): " + work +
                            " comes before or after it");
}

grpc::Status ClusterBusy(const Status& status) {
  driver::Refusal refusal;
  refusal.reason = driver::RefusalReason::kClusterBusy;
  return ToGrpc(status, refusal);
}

}  // namespace drover::api
