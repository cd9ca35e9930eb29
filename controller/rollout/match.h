// Which OpenSearch node each member of a cluster file is.
#ifndef DROVER_CONTROLLER_ROLLOUT_MATCH_H_
#define DROVER_CONTROLLER_ROLLOUT_MATCH_H_

#include <string>
#include <vector>

#include "controller/rollout/plan.h"

namespace drover::rollout {

// Pointers are into the spec and the world that were matched; null where nothing was found, and
// then `problem` says what was seen.
struct Match {
  const MemberSpec* spec = nullptr;
  const HostView* host = nullptr;
  const ProjectView* project = nullptr;
  const ServiceView* service = nullptr;
  const NodeView* node = nullptr;
  std::string problem;
  // The node's name by what the member's own side says; empty where it says nothing.
  std::string expected_name;

  std::string Name() const;  // the node's name, else host/project/service
};

// One entry a member, in the order of the file. A member is matched by `node` in the cluster file,
// node.name in its resolved configuration, the container's host name, the published address, in
// this order; no match, or a node that two members claim, is a problem and never guessed
// (architecture.md, "Clusters").
std::vector<Match> MatchMembers(const ClusterSpec& spec, const World& world);

// host/project/service
std::string Place(const MemberSpec& spec);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_MATCH_H_
