// Looks at a cluster and its hosts at once.
#ifndef DROVER_CONTROLLER_DRIVER_WORLD_OBSERVER_H_
#define DROVER_CONTROLLER_DRIVER_WORLD_OBSERVER_H_

#include "controller/driver/clusters.h"
#include "controller/fleet/agents.h"
#include "controller/fleet/leftovers.h"
#include "controller/rollout/plan.h"

namespace drover::driver {

struct ObserveOptions {
  bool hosts = true;         // resolve the members' projects afresh
  bool repository = true;    // look at the repository and have the nodes verify it
  bool explanation = false;  // ask for ClusterObservation::explanation and security_upgrade
  bool images = false;       // look into the new image, where a host has it, and at processes
  bool inspection = false;   // World::inspection
  bool operations = false;   // ask for IndexView::operations
  // Where it has a target, the hosts are asked whether their policy allows it.
  rollout::PlanRequest request = {};
  // Register the repository where it is missing and the spec says how; taken away again where the
  // verification fails.
  bool register_repository = false;
};

// Thread safe; blocks for as long as the slowest answer takes, bounded.
class WorldObserver {
 public:
  // All must outlive the observer.
  WorldObserver(Clusters& clusters, fleet::Agents& agents, fleet::Leftovers& leftovers,
                Clock& clock);

  // Never fails: what could not be seen is said in the world (cluster_error, ProjectView::error).
  rollout::World Observe(const rollout::ClusterSpec& spec, const ObserveOptions& options);

 private:
  void ObserveRepository(const rollout::ClusterSpec& spec, opensearch::ClusterApi& api,
                         bool may_register, rollout::World* world);
  void ObserveCopies(const rollout::ClusterSpec& spec, rollout::World* world);
  void FindAdoptable(const rollout::ClusterSpec& spec, opensearch::ClusterApi& api,
                     rollout::World* world);

  Clusters& clusters_;
  fleet::Agents& agents_;
  fleet::Leftovers& leftovers_;
  Clock& clock_;
};

}  // namespace drover::driver

#endif  // DROVER_CONTROLLER_DRIVER_WORLD_OBSERVER_H_
