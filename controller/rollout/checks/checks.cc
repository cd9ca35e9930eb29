#include "controller/rollout/checks/checks.h"

namespace drover::rollout {

namespace {

std::vector<CheckResult> RunThose(const PlanRequest& request, const ClusterSpec& spec,
                                  const World& seen, bool only_of_image) {
  const bool adopts = request.adopt && seen.adoptable && seen.adoptable->origin;
  const World before = adopts ? WithSettingsBefore(seen, *seen.adoptable->origin) : World();
  const World& world = adopts ? before : seen;
  const std::vector<Match> matches = MatchMembers(spec, world);
  const CheckInput input{request, spec, world, matches};
  std::vector<CheckResult> results;
  if (adopts && !only_of_image) results.push_back(DescribeAdopted(*seen.adoptable));
  for (const Check& check : AllChecks()) {
    if (only_of_image && !check.of_image) continue;
    if (check.needs_target && request.to_version.empty()) continue;
    if (check.needs_cluster && !world.cluster_error.empty()) continue;
    Finding finding = check.run(input);
    if (adopts) finding = Soften(input, check.id, std::move(finding));
    results.push_back(Judge(check, finding, request));
  }
  return results;
}

}  // namespace

std::vector<CheckResult> RunChecks(const PlanRequest& request, const ClusterSpec& spec,
                                   const World& world) {
  return RunThose(request, spec, world, false);
}

std::vector<CheckResult> RunImageChecks(const PlanRequest& request, const ClusterSpec& spec,
                                        const World& world) {
  return RunThose(request, spec, world, true);
}

std::vector<CheckDefinition> CheckDefinitions() {
  std::vector<CheckDefinition> definitions;
  for (const Check& check : AllChecks()) {
    definitions.push_back({check.id, check.title, check.asks, check.not_waivable});
  }
  return definitions;
}

std::string Join(const std::vector<std::string>& names, size_t limit) {
  std::string out;
  for (size_t i = 0; i < names.size() && i < limit; ++i) {
    if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
    out += names[i];
  }
  if (names.size() > limit) out += " and " + std::to_string(names.size() - limit) + " more";
  return out;
}

std::optional<Version> LowestVersion(const ClusterObservation& cluster) {
  std::optional<Version> lowest;
  for (const NodeView& node : cluster.nodes) {
    const std::optional<Version> version = ParseVersion(node.version);
    if (!version) return std::nullopt;
    if (!lowest || *version < *lowest) lowest = version;
  }
  return lowest;
}

}  // namespace drover::rollout
