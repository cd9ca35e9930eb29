// The preflight checks (opensearch.md section 4a). Each is one file: what it asks, what it finds,
// what to do about it. Adding one is its file, its test and its page in docs/checks.
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
  // Of a kBlock that no waiver lifts although the check can be waived: why not.
  std::string final_because;
};

// One file of this folder defines one check: pNUMBER_NAME.cc with a function PNUMBER() that returns
// it. The build makes the table of all of them from the names of the files.
struct Check {
  const char* id = "";
  const char* title = "";
  const char* asks = "";  // the calls and facts it looks at
  // Why no operator can waive it; empty where one can.
  const char* not_waivable = "";
  // Needs an answer of the cluster; without one the check is not run, P1 says why.
  bool needs_cluster = true;
  // Needs a target version; skipped by `cluster check` without --to.
  bool needs_target = false;
  // Looks into the new image: run again once every host has it.
  bool of_image = false;
  Finding (*run)(const CheckInput&) = nullptr;
};

// In the order of their numbers.
const std::vector<Check>& AllChecks();

inline Finding Pass(std::string evidence) { return {Verdict::kPass, std::move(evidence), "", ""}; }
inline Finding Warn(std::string evidence, std::string remedy) {
  return {Verdict::kWarn, std::move(evidence), std::move(remedy), ""};
}
inline Finding Block(std::string evidence, std::string remedy, std::string final_because = "") {
  return {Verdict::kBlock, std::move(evidence), std::move(remedy), std::move(final_because)};
}

// "a, b and 3 more": at most `limit` names.
std::string Join(const std::vector<std::string>& names, size_t limit = 5);

// The lowest version among the nodes; nothing where none can be read.
std::optional<Version> LowestVersion(const ClusterObservation& cluster);

// waivers.cc: what the operator's waivers make of a finding.
CheckResult Judge(const Check& check, const Finding& finding, const PlanRequest& request);

// adopt_checks.cc: where an upgrade is adopted.
// The settings as they were before the rollout that is adopted changed them.
World WithSettingsBefore(const World& world, const SnapshotOrigin& origin);
// What the interrupted upgrade itself explains becomes a warning.
Finding Soften(const CheckInput& in, const std::string& id, Finding finding);
// What is adopted, as a check that warns, so that it is seen.
CheckResult DescribeAdopted(const SnapshotView& snapshot);
// companion_hosts.cc: why an upgrade could not bring a companion along, as a part of P23; empty
// where it can.
std::string CompanionProblem(const CheckInput& in, const CompanionSpec& companion,
                             std::string* remedy);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_CHECKS_CHECKS_H_
