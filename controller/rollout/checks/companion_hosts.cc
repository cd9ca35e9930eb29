#include "controller/rollout/checks/checks.h"

namespace drover::rollout {

std::string CompanionProblem(const CheckInput& in, const CompanionSpec& companion,
                             std::string* remedy) {
  const std::string where = companion.host + "/" + companion.project + "/" + companion.service;
  const HostView* host = in.world.Host(companion.host);
  if (host == nullptr || !host->known || !host->connected) {
    *remedy = "start drover-agent on " + companion.host +
              ", or join it with the command of drover token create";
    return "companion " + where + ": its host's agent is not connected";
  }
  *remedy = "correct the Compose file, or companions in the cluster file";
  const ProjectView* project = in.world.Project(companion.host, companion.project);
  if (project == nullptr || !project->error.empty()) {
    return "companion " + where + ": " +
           (project == nullptr ? "the host reports no such project" : project->error);
  }
  if (project->Service(companion.service) == nullptr) {
    return "companion " + where + ": the project has no such service";
  }
  if (project->denials.empty()) return "";
  *remedy = "the host's owner allows it in that file, or choose another image";
  return "companion " + where + ": " + project->denials.front();
}

}  // namespace drover::rollout
