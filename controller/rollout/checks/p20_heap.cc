#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

constexpr double kHeapLimit = 75.0;

Finding Run(const CheckInput& in) {
  std::vector<std::string> found, unknown;
  for (const NodeView& node : in.world.cluster.nodes) {
    if (!node.heap_used_percent || !node.breaker_trips) {
      unknown.push_back(node.name);
      continue;
    }
    if (*node.heap_used_percent >= kHeapLimit) {
      found.push_back(node.name + " uses " +
                      std::to_string(static_cast<int>(*node.heap_used_percent)) + "% of its heap");
    }
    if (*node.breaker_trips > 0) {
      found.push_back(node.name + " has tripped a breaker " + std::to_string(*node.breaker_trips) +
                      " times since it started");
    }
  }
  // A warning: between two collections the heap of a healthy node passes the limit as well.
  if (!found.empty()) {
    return Warn("GET _nodes/stats: " + Join(found) +
                    "; while a member is down the others have its load too",
                "look at the heap over some minutes; upgrade at a quiet time, or add memory");
  }
  if (!unknown.empty()) {
    return Warn("heap and breakers of " + Join(unknown) + " are not known (GET _nodes/stats)",
                "check that these nodes answer");
  }
  return Pass("every node uses less than 75% of its heap, no breaker has tripped");
}

}  // namespace

Check P20() {
  return {.id = "P20",
          .title = "nodes have heap to spare",
          .asks = "GET _nodes/stats/jvm,breaker: heap_used_percent, tripped",
          .run = &Run};
}

}  // namespace drover::rollout
