#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

std::string HostProblem(const Match& match, std::string* remedy) {
  const HostView& host = *match.host;
  if (host.cordoned) {
    *remedy = "drover host uncordon " + host.name;
    return "host " + host.name + " is cordoned";
  }
  if (!host.engine_error.empty()) {
    *remedy = "start the Docker Engine on " + host.name;
    return "host " + host.name + ": " + host.engine_error;
  }
  if (host.compose_versions.empty()) {
    *remedy = "install the Compose plugin or docker-compose on " + host.name;
    return "host " + host.name + " has neither docker compose nor docker-compose";
  }
  return "";
}

std::string ContainerProblem(const CheckInput& in, const Match& match, std::string* remedy) {
  const ServiceView& service = *match.service;
  const std::string where = Place(*match.spec);
  // The upgrade that is adopted stopped it, and its file may name either image.
  if (in.request.adopt && match.node == nullptr && match.project->denials.empty()) return "";
  if (!service.container || service.container->state != "running") {
    *remedy = "start it, then check again";
    return where + ": its container is " +
           (service.container ? service.container->state : "not there");
  }
  if (!match.project->denials.empty()) {
    *remedy = "the host's owner allows it in that file, or choose another image";
    return where + ": " + match.project->denials.front();
  }
  const bool edited = in.request.adopt && !in.request.to_version.empty() &&
                      ParseImage(service.image).tag == in.request.to_version;
  if (service.container->image != service.image && !edited) {
    *remedy = in.request.kind == Kind::kRestart
                  ? "put the running image back into the file: a restart of it as it stands would "
                    "be an upgrade (drover upgrade)"
                  : "run the file as it stands (docker compose up -d " + service.name +
                        "), or put the running image back into it";
    return where + ": the file says " + service.image + ", the container runs " +
           service.container->image;
  }
  if (edited || in.request.kind != Kind::kUpgrade || in.request.to_version.empty() ||
      !in.request.image.empty() || match.node == nullptr) {
    return "";
  }
  const ImageReference image = ParseImage(service.image);
  if (image.tag != match.node->version || !image.digest.empty()) {
    *remedy = "name the new image in full: --image " + image.repository + ":TAG";
    return where + ": the image " + service.image + " is not tagged with the version that runs (" +
           match.node->version + ")";
  }
  return "";
}

Finding Run(const CheckInput& in) {
  std::vector<std::string> problems;
  std::string remedy, first_remedy;
  for (const Match& match : in.matches) {
    std::string problem;
    if (match.host == nullptr || !match.host->connected || match.service == nullptr ||
        match.project == nullptr) {
      problem = match.problem;
      remedy = match.host == nullptr || !match.host->connected
                   ? "start drover-agent on " + match.spec->host +
                         ", or join it with the command of drover token create"
                   : "correct the Compose file or the cluster file";
    } else {
      problem = HostProblem(match, &remedy);
      if (problem.empty()) problem = ContainerProblem(in, match, &remedy);
    }
    if (problem.empty()) continue;
    if (problems.empty()) first_remedy = remedy;
    problems.push_back(std::move(problem));
  }
  const bool upgrades = in.request.kind == Kind::kUpgrade && !in.request.to_version.empty();
  for (const CompanionSpec& companion : in.spec.companions) {
    if (!upgrades) break;
    std::string problem = CompanionProblem(in, companion, &remedy);
    if (problem.empty()) continue;
    if (problems.empty()) first_remedy = remedy;
    problems.push_back(std::move(problem));
  }
  if (!problems.empty()) return Block(Join(problems), first_remedy);
  return Pass(std::to_string(in.matches.size()) +
              " members: agent connected, Compose file and container agree");
}

}  // namespace

Check P23() {
  return {.id = "P23",
          .title = "agents, Compose files and images are as expected",
          .asks =
              "the agent of each host: its Engine, Compose, policy, resolved configuration and "
              "containers",
          .not_waivable =
              "a member is stopped and started by its agent from its file: what they disagree on "
              "would be changed too",
          .needs_cluster = false,
          .run = &Run};
}

}  // namespace drover::rollout
