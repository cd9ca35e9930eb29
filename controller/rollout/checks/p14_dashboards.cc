#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

constexpr char kVersionPlace[] = "{version}";

bool IsDashboards(const std::string& image) {
  return ParseImage(image).repository.find("dashboards") != std::string::npos;
}

// OpenSearch-Dashboards: src/core/server/opensearch/version_check: the same major, and its minor
// not above that of any node.
std::string PairProblem(const std::string& where, const std::string& tag, const Version& to) {
  const std::optional<Version> version = ParseVersion(tag);
  if (!version) return where + " has the tag " + tag + ", which names no version";
  if (version->major == to.major && version->minor <= to.minor) return "";
  return where + " is at " + version->ToString() + ", which does not work with " + to.ToString();
}

bool IsCompanion(const ClusterSpec& spec, const std::string& host, const std::string& project,
                 const std::string& service) {
  for (const CompanionSpec& companion : spec.companions) {
    if (companion.host == host && companion.project == project && companion.service == service) {
      return true;
    }
  }
  return false;
}

Finding Run(const CheckInput& in) {
  const std::optional<Version> to = ParseVersion(in.request.to_version);
  if (!to) return Block("the target is no version", "give one such as 2.19.1");
  std::vector<std::string> wrong, unnamed;
  for (const CompanionSpec& companion : in.spec.companions) {
    if (!IsDashboards(companion.image)) continue;
    if (companion.image.find(kVersionPlace) != std::string::npos) continue;
    const std::string where = companion.host + "/" + companion.project + "/" + companion.service;
    const std::string problem = PairProblem(where, ParseImage(companion.image).tag, *to);
    if (!problem.empty()) wrong.push_back(problem);
  }
  for (const auto& [place, project] : in.world.projects) {
    for (const ServiceView& service : project.services) {
      if (!IsDashboards(service.image)) continue;
      if (IsCompanion(in.spec, place.first, place.second, service.name)) continue;
      const std::string where = place.first + "/" + place.second + "/" + service.name;
      if (!PairProblem(where, ParseImage(service.image).tag, *to).empty()) unnamed.push_back(where);
    }
  }
  if (!wrong.empty()) {
    return Block(Join(wrong), "write the image of the companion with {version} in its tag");
  }
  if (!unnamed.empty()) {
    return Warn(
        "Dashboards beside the members that do not fit " + to->ToString() + ": " + Join(unnamed),
        "name it under companions in the cluster file, or upgrade it after the last member");
  }
  return Pass("Dashboards fits " + to->ToString() + ", or there is none");
}

}  // namespace

Check P14() {
  return {.id = "P14",
          .title = "Dashboards fits the target",
          .asks = "companions of the cluster file, the images of the services beside the members",
          .needs_target = true,
          .run = &Run};
}

}  // namespace drover::rollout
