#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

std::vector<std::string> UnmatchedNodes(const CheckInput& in) {
  std::vector<std::string> names;
  for (const NodeView& node : in.world.cluster.nodes) {
    const bool matched = std::any_of(in.matches.begin(), in.matches.end(),
                                     [&](const Match& m) { return m.node == &node; });
    if (!matched) names.push_back(node.name);
  }
  return names;
}

Finding Run(const CheckInput& in) {
  std::vector<std::string> problems;
  bool any_away = false;
  for (const Match& match : in.matches) {
    any_away = any_away || match.host == nullptr || !match.host->connected;
    if (match.node == nullptr) problems.push_back(Place(*match.spec) + ": " + match.problem);
  }
  // A node whose host is away cannot be matched: that is said already.
  for (const std::string& name : any_away ? std::vector<std::string>() : UnmatchedNodes(in)) {
    problems.push_back("node " + name + " of the cluster is no member in the file");
  }
  if (!problems.empty()) {
    return Block(Join(problems),
                 "correct members (node: NAME says which node one is) and "
                 "apply the cluster file again");
  }
  std::set<std::string> versions;
  for (const NodeView& node : in.world.cluster.nodes) versions.insert(node.version);
  if (versions.size() > 1) {
    return Block("nodes run several versions: " +
                     Join(std::vector<std::string>(versions.begin(), versions.end())),
                 "bring all nodes to one version first: an earlier upgrade has not ended");
  }
  return Pass(std::to_string(in.matches.size()) + " members, all at " +
              (versions.empty() ? "?" : *versions.begin()));
}

}  // namespace

Check P4() {
  return {.id = "P4",
          .title = "every member is matched to a node, one version",
          .asks = "the cluster file, the Compose configuration of each member, GET _nodes",
          .not_waivable =
              "a node whose container is not known cannot be stopped safely, and one more version "
              "is no upgrade",
          .run = &Run};
}

}  // namespace drover::rollout
