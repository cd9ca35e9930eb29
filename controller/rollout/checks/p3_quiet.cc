#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

Finding Run(const CheckInput& in) {
  constexpr int kMaxPendingTasks = 50;
  const HealthView& h = in.world.cluster.health;
  const std::string evidence = std::to_string(h.initializing) + " initializing, " +
                               std::to_string(h.relocating) + " relocating, " +
                               std::to_string(h.in_flight_fetch) + " fetches, " +
                               std::to_string(h.pending_tasks) + " pending tasks";
  if (h.initializing > 0 || h.relocating > 0 || h.in_flight_fetch > 0 ||
      h.pending_tasks >= kMaxPendingTasks) {
    return Block(evidence, "wait until the cluster has settled");
  }
  return Pass(evidence);
}

}  // namespace

Check P3() {
  return {.id = "P3",
          .title = "no shard moves, nothing is queued",
          .asks = "GET _cluster/health: shards that move, fetches, pending tasks",
          .run = &Run};
}

}  // namespace drover::rollout
