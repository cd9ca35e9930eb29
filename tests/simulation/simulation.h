// One run: the real engine, driver and store among simulated hosts, a cluster and an operator, in
// virtual time from one seed (architecture.md, "The engine").
#ifndef DROVER_TESTS_SIMULATION_SIMULATION_H_
#define DROVER_TESTS_SIMULATION_SIMULATION_H_

#include <string>
#include <vector>

#include "controller/rollout/rollout.h"
#include "tests/simulation/scenario.h"

namespace drover::simulation {

// What verbs changed on a host, each change once.
struct HostChanges {
  int stops = 0, starts = 0, edits = 0;
  bool operator==(const HostChanges&) const = default;
};

struct Outcome {
  // Empty: every promise held, and the rollout came to an end.
  std::string violation;
  rollout::Phase phase = rollout::Phase::kPlanned;
  bool touched = false;  // a member was stopped
  int commits = 0, actions = 0;
  std::vector<int> agent_writes;        // a host
  Millis took{};                        // virtual
  std::vector<std::string> members_at;  // version that each node ended at
  std::vector<HostChanges> changes;     // by verbs, a host
  std::vector<std::string> history;     // where it was asked for
};

// The same scenario gives the same outcome.
Outcome Simulate(const Scenario& scenario, bool with_history = false);

// The scenario with as few faults as still break a promise; `scenario` breaks one.
Scenario Shorten(const Scenario& scenario);

// What a person needs of a run that failed: the seed, the shortest list of faults, the history.
std::string Report(const Scenario& scenario);

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_SIMULATION_H_
