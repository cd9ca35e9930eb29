#include "controller/rollout/checks/checks.h"

#include <algorithm>

namespace drover::rollout {

const std::vector<Check>& AllChecks() {
  static const std::vector<Check> checks = {
      {"P1", "every endpoint belongs to one cluster", false, false, CheckOneCluster},
      {"P2", "cluster health is green", true, false, CheckHealth},
      {"P3", "no shard moves, nothing is queued", true, false, CheckQuiet},
      {"P4", "every member is matched to a node, one version", true, false, CheckMembers},
      {"P5", "voting configuration is settled, no exclusions", true, false, CheckVoting},
      {"P6", "no leftover cluster settings", true, false, CheckSettings},
      {"P7", "no index restricts its allocation", true, false, CheckIndexAllocation},
      {"P8", "the version path is allowed", true, true, CheckVersionPath},
      {"P15", "data lives on volumes", true, false, CheckDataPath},
      {"P16", "every index has a replica", true, false, CheckReplicas},
      {"P17", "snapshot repository is shared and verified", true, false, CheckRepository},
      {"P19", "disks are below the low watermark", true, false, CheckDiskSpace},
      {"P23", "agents, Compose files and images are as expected", false, false, CheckHosts},
  };
  return checks;
}

std::vector<CheckResult> RunChecks(const PlanRequest& request, const ClusterSpec& spec,
                                   const World& seen) {
  const bool adopts = request.adopt && seen.adoptable && seen.adoptable->origin;
  const World before = adopts ? WithSettingsBefore(seen, *seen.adoptable->origin) : World();
  const World& world = adopts ? before : seen;
  const std::vector<Match> matches = MatchMembers(spec, world);
  const CheckInput input{request, spec, world, matches};
  std::vector<CheckResult> results;
  if (adopts) results.push_back(DescribeAdopted(*seen.adoptable));
  for (const Check& check : AllChecks()) {
    if (check.needs_target && request.to_version.empty()) continue;
    if (check.needs_cluster && !world.cluster_error.empty()) continue;
    Finding finding = check.run(input);
    if (adopts) finding = Soften(input, check.id, std::move(finding));
    results.push_back({check.id, check.title, finding.verdict, finding.evidence, finding.remedy});
  }
  return results;
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
