#include "controller/rollout/checks/checks.h"
#include "controller/rollout/gates.h"

namespace drover::rollout {
namespace {

Finding Run(const CheckInput& in) {
  const HealthView& h = in.world.cluster.health;
  if (h.status == "green") return Pass("GET _cluster/health: green");
  int homeless = 0;
  for (const HomelessReplicas& shard : FindHomeless(in.world.cluster)) homeless += shard.replicas;
  if (h.status == "yellow" && homeless > 0 && homeless == h.unassigned) {
    return Warn("GET _cluster/health: yellow, " + std::to_string(homeless) +
                    " replicas have no home: every data node holds a copy already",
                "lower index.number_of_replicas, or leave it: they are no better off afterwards");
  }
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
