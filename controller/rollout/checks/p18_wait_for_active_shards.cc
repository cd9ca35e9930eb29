#include <charconv>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

// Copies that must be active before a write to the index begins: "all" or a number; 1 by default.
int Wanted(const IndexView& index) {
  const std::string& text = index.wait_for_active_shards;
  if (text == "all") return index.replicas + 1;
  int wanted = 1;
  std::from_chars(text.data(), text.data() + text.size(), wanted);
  return wanted;
}

Finding Run(const CheckInput& in) {
  std::vector<std::string> found;
  for (const IndexView& index : in.world.cluster.indices) {
    // With one member down a shard has one copy less. An index without replicas is P16's.
    if (!index.open || index.replicas == 0 || Wanted(index) <= index.replicas) continue;
    found.push_back(index.name + " (" + index.wait_for_active_shards + " of " +
                    std::to_string(index.replicas + 1) + " copies)");
  }
  if (found.empty()) return Pass("no index waits for more copies than are left with a member down");
  return Block("index.write.wait_for_active_shards: " + Join(found) +
                   ": writes wait, then fail, while a member is down",
               "put it to 1 for the upgrade (PUT INDEX/_settings "
               "{\"index.write.wait_for_active_shards\": 1})");
}

}  // namespace

Check P18() {
  return {
      .id = "P18",
      .title = "writes go on with one copy less",
      .asks =
          "GET _cluster/state/metadata: index.write.wait_for_active_shards and number_of_replicas",
      .run = &Run};
}

}  // namespace drover::rollout
