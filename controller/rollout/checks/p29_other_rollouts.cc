#include <string>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

Finding Run(const CheckInput& in) {
  const std::string& other = in.world.other_rollout;
  if (other.empty()) return Pass("no other rollout of " + in.spec.name + " runs");
  return Block("rollout " + other + " of " + in.spec.name + " has not ended",
               "wait for it (drover rollout watch " + other + ") or end it (drover rollout abort " +
                   other + ")");
}

}  // namespace

Check P29() {
  return {.id = "P29",
          .title = "no other rollout of the cluster runs",
          .asks = "the controller's own rollouts",
          .not_waivable = "two rollouts of one cluster would take members down together",
          .needs_cluster = false,
          .run = &Run};
}

}  // namespace drover::rollout
