#include <algorithm>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

bool IsFollower(const IndexView& index) {
  return std::any_of(index.settings.begin(), index.settings.end(), [](const auto& setting) {
    return setting.first.starts_with("index.plugins.replication.follower.");
  });
}

Finding Run(const CheckInput& in) {
  int followers = 0;
  for (const IndexView& index : in.world.cluster.indices) followers += IsFollower(index) ? 1 : 0;
  const int leaders = in.world.cluster.replicated_indices.value_or(0);
  if (followers > 0 && leaders > 0) {
    return Warn("the cluster follows others (" + std::to_string(followers) +
                    " indexes) and is followed (" + std::to_string(leaders) + ")",
                "stop one direction of the replication first, then upgrade the cluster that only "
                "follows");
  }
  if (leaders > 0) {
    return Warn(std::to_string(leaders) + " indexes are followed by another cluster",
                "upgrade the clusters that follow first, this one after them");
  }
  if (followers > 0) {
    return Pass("the cluster follows others (" + std::to_string(followers) +
                " indexes): it is upgraded before them");
  }
  return Pass("no cross-cluster replication seen");
}

}  // namespace

Check P22() {
  return {
      .id = "P22",
      .title = "followers before leaders",
      .asks = "index.plugins.replication of every index, GET _plugins/_replication/leader_stats",
      .run = &Run};
}

}  // namespace drover::rollout
