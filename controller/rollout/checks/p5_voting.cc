#include <set>
#include <string>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

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
  const size_t voters = c.last_committed_config.size();
  if (voters < 3 && c.nodes.size() > 1) {
    return Block(std::to_string(voters) + " voters: stopping one ends the quorum",
                 "a cluster of one or two cluster-manager nodes needs a full stop "
                 "(--strategy full), or a third cluster-manager node");
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
