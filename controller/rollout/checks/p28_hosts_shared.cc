#include <map>
#include <set>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

Finding Run(const CheckInput& in) {
  std::map<std::string, std::vector<std::string>> members;
  std::vector<std::string> restarts, unknown, notes;
  for (const Match& match : in.matches) {
    members[match.spec->host].push_back(match.Name());
    if (match.service == nullptr || !match.service->container) continue;
    const std::string& policy = match.service->container->restart_policy;
    if (policy.empty()) {
      unknown.push_back(match.Name());
    } else if (policy == "no") {
      restarts.push_back(match.Name());
    }
  }
  if (!restarts.empty()) {
    notes.push_back("no restart policy: " + Join(restarts) +
                    " stays down when its host or Engine restarts");
  }
  if (!unknown.empty()) notes.push_back("the restart policy of " + Join(unknown) + " is not known");
  for (const auto& [host, names] : members) {
    if (names.size() < 2) continue;
    notes.push_back(Join(names) + " share host " + host +
                    ": they fail together, and copies of one shard may lie on both");
  }
  if (notes.empty()) return Pass("one member a host, each with a restart policy");
  return Warn(Join(notes),
              "restart: unless-stopped in the Compose file; for members that share a host: "
              "cluster.routing.allocation.same_shard.host: true");
}

}  // namespace

Check P28() {
  return {.id = "P28",
          .title = "members restart, and share no host",
          .asks = "the restart policy of each container, the hosts of the members",
          .needs_cluster = false,
          .run = &Run};
}

}  // namespace drover::rollout
