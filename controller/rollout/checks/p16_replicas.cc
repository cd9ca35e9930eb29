#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

Finding Run(const CheckInput& in) {
  std::vector<std::string> names;
  for (const IndexView& index : in.world.cluster.indices) {
    if (index.open && index.replicas == 0) names.push_back(index.name);
  }
  if (names.empty()) return Pass("every open index has a replica");
  return Block(
      "index " + Join(names) + " has no replica: unavailable while its member restarts",
      "give it a replica (PUT INDEX/_settings {\"index.number_of_replicas\": 1}), or accept the "
      "gap: --waive P16 --reason TEXT");
}

}  // namespace

Check P16() {
  return {.id = "P16",
          .title = "every index has a replica",
          .asks = "GET _cluster/state/metadata: number_of_replicas of every open index",
          .run = &Run};
}

}  // namespace drover::rollout
