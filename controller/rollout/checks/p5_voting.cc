#include <algorithm>
#include <set>
#include <string>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

// Nothing takes over from the only cluster manager: an operator says that this is all right.
Finding CheckSoleManager(const CheckInput& in, const std::string& name) {
  const std::vector<std::string>& asked = in.request.members;
  if (!asked.empty() && std::find(asked.begin(), asked.end(), name) == asked.end()) {
    return Pass(name + " is the only cluster-manager node, and is left alone");
  }
  const std::string evidence =
      name + " is the only cluster-manager node: while it restarts the cluster does not serve";
  if (in.request.accept_downtime) return Warn(evidence, "accepted: --accept-downtime");
  return Block(evidence,
               "accept that: drover " +
                   std::string(in.request.kind == Kind::kRestart ? "restart " : "upgrade ") +
                   in.spec.name + " … --accept-downtime; or have three cluster-manager nodes");
}

Finding Run(const CheckInput& in) {
  const ClusterObservation& c = in.world.cluster;
  if (!c.voting_exclusions.empty()) {
    return Block("voting exclusions are set: " + Join(c.voting_exclusions),
                 "find out who set them, then DELETE "
                 "_cluster/voting_config_exclusions?wait_for_removal=false");
  }
  if (std::set<std::string>(c.last_committed_config.begin(), c.last_committed_config.end()) !=
      std::set<std::string>(c.last_accepted_config.begin(), c.last_accepted_config.end())) {
    return Block("the voting configuration is being changed: committed and accepted differ",
                 "wait until it has settled");
  }
  for (const std::string& id : c.last_committed_config) {
    if (c.NodeWithId(id) == nullptr) {
      return Block("voter " + id + " is not in the cluster",
                   "start that node, or wait until it has left the voting configuration");
    }
  }
  if (in.request.strategy == Strategy::kFull) {
    return Pass("every member stops: the voters come back together");
  }
  if (const NodeView* sole = c.SoleManager()) return CheckSoleManager(in, sole->name);
  const auto managers = std::count_if(c.nodes.begin(), c.nodes.end(),
                                      [](const NodeView& node) { return node.ManagerEligible(); });
  if (managers == 2) {
    return Pass("2 cluster-manager nodes: the vote is moved away from its holder before it stops");
  }
  const size_t voters = c.last_committed_config.size();
  if (voters < 3) {
    return Block(std::to_string(voters) + " voters of " + std::to_string(managers) +
                     " cluster-manager nodes: stopping one ends the quorum",
                 "wait until the voting configuration has grown, or put "
                 "cluster.auto_shrink_voting_configuration back to true");
  }
  return Pass(std::to_string(voters) + " voters, all present");
}

}  // namespace

Check P5() {
  return {.id = "P5",
          .title = "voting configuration is settled, no exclusions",
          .asks = "GET _cluster/state/metadata: cluster_coordination",
          .not_waivable =
              "without a quorum the cluster stops, and starts only when the voters are back",
          .run = &Run};
}

}  // namespace drover::rollout
