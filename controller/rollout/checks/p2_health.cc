#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

Finding Run(const CheckInput& in) {
  const HealthView& h = in.world.cluster.health;
  if (h.status == "green") return Pass("GET _cluster/health: green");
  return Block("GET _cluster/health: " + h.status + ", " + std::to_string(h.unassigned) +
                   " shards unassigned, " + std::to_string(h.initializing) + " initializing",
               "find out why with GET _cluster/allocation/explain and make the cluster green",
               h.status == "yellow" ? "" : "a shard without any copy may have its data nowhere");
}

}  // namespace

Check P2() {
  return {.id = "P2",
          .title = "cluster health is green",
          .asks = "GET _cluster/health?wait_for_events=languid",
          .run = &Run};
}

}  // namespace drover::rollout
