// The preflight checks (opensearch.md section 4a). Each is one function: what it reads, what it
// finds, what to do about it. Adding one is a function, a row in checks.cc and a test.
#ifndef DROVER_CONTROLLER_ROLLOUT_CHECKS_CHECKS_H_
#define DROVER_CONTROLLER_ROLLOUT_CHECKS_CHECKS_H_

#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/match.h"
#include "controller/rollout/plan.h"
#include "controller/rollout/version.h"

namespace drover::rollout {

struct CheckInput {
  const PlanRequest& request;
  const ClusterSpec& spec;
  const World& world;
  const std::vector<Match>& matches;
};

struct Finding {
  Verdict verdict = Verdict::kPass;
  std::string evidence, remedy;
};

struct Check {
  const char* id;
  const char* title;
  // Needs an answer of the cluster; without one the check is not run, P1 says why.
  bool needs_cluster;
  // Needs a target version; skipped by `cluster check` without --to.
  bool needs_target;
  Finding (*run)(const CheckInput&);
};

const std::vector<Check>& AllChecks();

inline Finding Pass(std::string evidence) { return {Verdict::kPass, std::move(evidence), ""}; }
inline Finding Warn(std::string evidence, std::string remedy) {
  return {Verdict::kWarn, std::move(evidence), std::move(remedy)};
}
inline Finding Block(std::string evidence, std::string remedy) {
  return {Verdict::kBlock, std::move(evidence), std::move(remedy)};
}

// "a, b and 3 more": at most `limit` names.
std::string Join(const std::vector<std::string>& names, size_t limit = 5);

// The lowest version among the nodes; nothing where none can be read.
std::optional<Version> LowestVersion(const ClusterObservation& cluster);

// cluster_checks.cc
Finding CheckOneCluster(const CheckInput&);
Finding CheckHealth(const CheckInput&);
Finding CheckQuiet(const CheckInput&);
Finding CheckMembers(const CheckInput&);
Finding CheckVoting(const CheckInput&);
Finding CheckSettings(const CheckInput&);
Finding CheckIndexAllocation(const CheckInput&);
Finding CheckVersionPath(const CheckInput&);
// data_checks.cc
Finding CheckDataPath(const CheckInput&);
Finding CheckReplicas(const CheckInput&);
Finding CheckRepository(const CheckInput&);
Finding CheckDiskSpace(const CheckInput&);
// adopt_checks.cc: where an upgrade is adopted.
// The settings as they were before the rollout that is adopted changed them.
World WithSettingsBefore(const World& world, const SnapshotOrigin& origin);
// What the interrupted upgrade itself explains becomes a warning.
Finding Soften(const CheckInput& in, const std::string& id, Finding finding);
// What is adopted, as a check that warns, so that it is seen.
CheckResult DescribeAdopted(const SnapshotView& snapshot);
// host_checks.cc
Finding CheckHosts(const CheckInput&);
// companion_hosts.cc: why an upgrade could not bring a companion along, as a part of P23; empty
// where it can.
std::string CompanionProblem(const CheckInput& in, const CompanionSpec& companion,
                             std::string* remedy);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_CHECKS_CHECKS_H_
