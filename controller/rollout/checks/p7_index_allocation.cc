#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

Finding Run(const CheckInput& in) {
  std::vector<std::string> found;
  for (const IndexView& index : in.world.cluster.indices) {
    for (const auto& [name, value] : index.settings) {
      if (!name.starts_with("index.routing.allocation.") || value.empty()) continue;
      // Tier preference is set by the server itself; total_shards_per_node does not bind to a node.
      if (name.find("include._tier_preference") != std::string::npos) continue;
      if (name.ends_with("total_shards_per_node")) continue;
      if (name.ends_with("allocation.enable") && value == "all") continue;
      found.push_back(index.name + " " + name + "=" + value);
    }
  }
  if (found.empty()) return Pass("no index.routing.allocation setting");
  return Block("index settings override the cluster's: " + Join(found),
               "take them off for the upgrade: a copy that may live on one node only has no home "
               "while that node is down");
}

}  // namespace

Check P7() {
  return {.id = "P7",
          .title = "no index restricts its allocation",
          .asks = "GET _cluster/state/metadata: index.routing.allocation.* of every index",
          .run = &Run};
}

}  // namespace drover::rollout
