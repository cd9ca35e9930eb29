#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"
#include "controller/rollout/checks/mounts.h"

namespace drover::rollout {
namespace {

std::string DataPathProblem(const Match& match) {
  if (match.node == nullptr || match.service == nullptr || !match.service->container) return "";
  for (const std::string& path : DataPaths(*match.node)) {
    const MountView* mount = MountOf(*match.service->container, path);
    if (mount == nullptr) {
      return match.Name() + ": " + path + " is in the container's own layer";
    }
    if (mount->anonymous) return match.Name() + ": " + path + " is on an anonymous volume";
    if (mount->type == "tmpfs") return match.Name() + ": " + path + " is in memory (tmpfs)";
  }
  return "";
}

Finding Run(const CheckInput& in) {
  std::vector<std::string> problems;
  for (const Match& match : in.matches) {
    if (std::string problem = DataPathProblem(match); !problem.empty()) {
      problems.push_back(std::move(problem));
    }
  }
  if (problems.empty()) return Pass("every data path is on a named volume or a bind mount");
  return Block(Join(problems),
               "a new container would start empty: move the data to a named volume "
               "and mount it at that path");
}

}  // namespace

Check P15() {
  return {.id = "P15",
          .title = "data lives on volumes",
          .asks = "GET _nodes/settings: path.data; the mounts of each container",
          .not_waivable = "a new container would start empty, and its shards would be gone",
          .run = &Run};
}

}  // namespace drover::rollout
