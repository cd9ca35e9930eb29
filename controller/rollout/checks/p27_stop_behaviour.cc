#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

using Process = ContainerView::Process;

// Programs that pass every signal on to what they started.
bool PassesOn(const std::string& program) {
  for (const char* init : {"tini", "docker-init", "dumb-init", "catatonit"}) {
    if (program == init) return true;
  }
  return false;
}

const Process* Find(const std::vector<Process>& processes, int64_t pid) {
  const auto it = std::find_if(processes.begin(), processes.end(),
                               [pid](const Process& p) { return p.pid == pid; });
  return it == processes.end() ? nullptr : &*it;
}

// What is above the server and keeps SIGTERM to itself: a shell, by the name of its script. Null
// where there is none.
const Process* ShellAbove(const std::vector<Process>& processes, const Process& server) {
  const Process* at = Find(processes, server.parent);
  for (size_t i = 0; at != nullptr && i < processes.size(); ++i) {
    if (!PassesOn(at->program)) return at;
    at = Find(processes, at->parent);
  }
  return nullptr;
}

// Images up to 2.14.0 start the server as a child of a shell (opensearch-build#4694).
bool IsOldImage(const NodeView& node) {
  const std::optional<Version> version = ParseVersion(node.version);
  return version && *version <= Version{2, 14, 0};
}

Finding Run(const CheckInput& in) {
  std::vector<std::string> behind, unknown;
  for (const Match& match : in.matches) {
    if (match.node == nullptr || match.service == nullptr || !match.service->container) continue;
    const auto& processes = match.service->container->processes;
    const auto server = std::find_if(processes.begin(), processes.end(),
                                     [](const Process& p) { return p.program == "java"; });
    if (server == processes.end()) {
      unknown.push_back(match.Name() + (IsOldImage(*match.node) ? " (an image of that kind)" : ""));
    } else if (const Process* shell = ShellAbove(processes, *server)) {
      behind.push_back(match.Name() + " (" + shell->program + " above java)");
    }
  }
  if (!behind.empty()) {
    return Warn("processes of the container: " + Join(behind) +
                    ": the shell does not pass SIGTERM on, as in images up to 2.14",
                "nothing to do: the agent signals the server itself; a member that had to be "
                "killed all the same is recorded as unclean");
  }
  if (!unknown.empty()) {
    return Warn("what runs in the container of " + Join(unknown) + " is not known",
                "upgrade the agent there; an image up to 2.14 is stopped by force");
  }
  return Pass("SIGTERM reaches the server in every container");
}

}  // namespace

Check P27() {
  return {.id = "P27",
          .title = "the old image stops when it is asked to",
          .asks = "the process list of each container (GET /containers/ID/top)",
          .run = &Run};
}

}  // namespace drover::rollout
