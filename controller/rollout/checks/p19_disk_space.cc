#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

constexpr double kDefaultLowWatermark = 85.0;

double LowWatermark(const std::string& text) {
  double value = kDefaultLowWatermark;
  if (text.ends_with('%')) std::from_chars(text.data(), text.data() + text.size() - 1, value);
  return value;
}

Finding Run(const CheckInput& in) {
  const double watermark = LowWatermark(in.world.cluster.low_disk_watermark);
  std::vector<std::string> full;
  double most = 0;
  for (const NodeView& node : in.world.cluster.nodes) {
    if (!node.HoldsData() || !node.disk_used_percent) continue;
    most = std::max(most, *node.disk_used_percent);
    if (*node.disk_used_percent >= watermark) {
      full.push_back(node.name + " " + std::to_string(static_cast<int>(*node.disk_used_percent)) +
                     "%");
    }
  }
  const std::string limit = std::to_string(static_cast<int>(watermark)) + "%";
  if (!full.empty()) {
    return Block("disk use at or above the low watermark (" + limit + "): " + Join(full),
                 "free space first: replicas cannot return to a node above the watermark");
  }
  return Pass("fullest disk " + std::to_string(static_cast<int>(most)) + "%, low watermark " +
              limit);
}

}  // namespace

Check P19() {
  return {.id = "P19",
          .title = "disks are below the low watermark",
          .asks = "GET _nodes/stats/fs; cluster.routing.allocation.disk.watermark.low",
          .run = &Run};
}

}  // namespace drover::rollout
