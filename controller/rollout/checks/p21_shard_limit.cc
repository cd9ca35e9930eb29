#include <string>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

Finding Run(const CheckInput& in) {
  const ClusterObservation& c = in.world.cluster;
  int data_nodes = 0;
  for (const NodeView& node : c.nodes) data_nodes += node.HoldsData() ? 1 : 0;
  int64_t shards = 0;
  for (const IndexView& index : c.indices) {
    if (index.open) shards += static_cast<int64_t>(index.shards) * (index.replicas + 1);
  }
  if (!c.max_shards_per_node) {
    return Warn("cluster.max_shards_per_node is not known (GET _cluster/settings)",
                "check that the user may read the cluster's settings with their defaults");
  }
  const int64_t most = static_cast<int64_t>(*c.max_shards_per_node) * data_nodes;
  const int64_t with_one_less = static_cast<int64_t>(*c.max_shards_per_node) * (data_nodes - 1);
  const std::string evidence = std::to_string(shards) + " shards; cluster.max_shards_per_node " +
                               std::to_string(*c.max_shards_per_node) + " allows " +
                               std::to_string(most) + " on " + std::to_string(data_nodes) +
                               " data nodes";
  if (shards >= most) {
    return Block(evidence + ": no index can be made, and new versions make some when they start",
                 "delete or shrink indexes, or raise cluster.max_shards_per_node");
  }
  if (data_nodes > 1 && shards >= with_one_less) {
    return Warn(evidence + ", " + std::to_string(with_one_less) +
                    " while a member is down: then no index can be made (a daily one, a rollover)",
                "delete indexes, raise cluster.max_shards_per_node, or choose the time");
  }
  return Pass(evidence);
}

}  // namespace

Check P21() {
  return {.id = "P21",
          .title = "shards stay below the limit",
          .asks = "the shards of all open indexes, cluster.max_shards_per_node, data nodes",
          .run = &Run};
}

}  // namespace drover::rollout
