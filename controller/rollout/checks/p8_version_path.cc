#include <optional>
#include <string>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

Finding Run(const CheckInput& in) {
  const std::optional<Version> from = LowestVersion(in.world.cluster);
  const std::optional<Version> to = ParseVersion(in.request.to_version);
  if (!from || !to) {
    return Block("the nodes' version cannot be read (GET _nodes)", "check that the nodes answer");
  }
  const PathVerdict path = CheckPath(*from, *to, IsSecured(in.spec));
  if (path.allowed) return Pass(path.reason);
  return Block(path.reason, "choose another version");
}

}  // namespace

Check P8() {
  return {.id = "P8",
          .title = "the version path is allowed",
          .asks = "GET _nodes: the version of every node, against the paths that OpenSearch allows",
          .not_waivable =
              "a node never opens data of a newer version, and nodes of versions too far apart do "
              "not talk",
          .needs_target = true,
          .run = &Run};
}

}  // namespace drover::rollout
