// Every crash point of one rollout of three members: the controller before and after each commit
// and each action, the agent of each host before and after each write of its journal. The end is
// the same as without a crash, and nothing is done twice.
#include <gtest/gtest.h>

#include "tests/simulation/sim_host.h"
#include "tests/simulation/simulation.h"

namespace drover::simulation {
namespace {

Scenario Undisturbed() {
  Scenario scenario;
  scenario.seed = 42;
  return scenario;
}

Scenario UndisturbedRestart() {
  Scenario scenario = Undisturbed();
  scenario.restart = true;
  return scenario;
}

Scenario TwoManagersWithCompanions() {
  Scenario scenario = Undisturbed();
  scenario.managers = 2;
  scenario.companions = 2;
  return scenario;
}

Scenario UndisturbedFullStop() {
  Scenario scenario = Undisturbed();
  scenario.full_stop = true;
  return scenario;
}

void ExpectSameEnd(const Scenario& scenario) {
  const Outcome outcome = Simulate(scenario);
  ASSERT_EQ(outcome.violation, "") << Report(scenario);
  ASSERT_EQ(outcome.phase, rollout::Phase::kSucceeded) << Report(scenario);
  const std::string version = scenario.restart ? kOldVersion : kNewVersion;
  ASSERT_EQ(outcome.members_at, std::vector<std::string>(3, version)) << Report(scenario);
  // Stopped, edited and started once: a verb that a crash interrupts is looked at, never repeated.
  const HostChanges once = {1, 1, scenario.restart ? 0 : 1};
  ASSERT_EQ(outcome.changes, std::vector<HostChanges>(3, once)) << Report(scenario);
}

void EachPoint(FaultKind kind, int points, int host = 0, const Scenario& pattern = Undisturbed()) {
  ASSERT_GT(points, 0);
  for (int n = 1; n <= points; ++n) {
    Scenario scenario = pattern;
    Fault fault;
    fault.kind = kind;
    fault.count = n;
    fault.host = host;
    scenario.faults.push_back(fault);
    ExpectSameEnd(scenario);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(CrashPoints, UndisturbedRunIsThePattern) { ExpectSameEnd(Undisturbed()); }

TEST(CrashPoints, ControllerBeforeEachCommit) {
  EachPoint(FaultKind::kControllerDiesBeforeCommit, Simulate(Undisturbed()).commits);
}

TEST(CrashPoints, ControllerAfterEachCommit) {
  EachPoint(FaultKind::kControllerDiesAfterCommit, Simulate(Undisturbed()).commits);
}

TEST(CrashPoints, ControllerBeforeEachAction) {
  EachPoint(FaultKind::kControllerDiesBeforeAction, Simulate(Undisturbed()).actions);
}

TEST(CrashPoints, ControllerAfterEachAction) {
  EachPoint(FaultKind::kControllerDiesAfterAction, Simulate(Undisturbed()).actions);
}

TEST(CrashPoints, AgentBeforeEachWrite) {
  const Outcome pattern = Simulate(Undisturbed());
  for (int host = 0; host < 3; ++host) {
    EachPoint(FaultKind::kAgentDiesBeforeWrite, pattern.agent_writes[static_cast<size_t>(host)],
              host);
  }
}

TEST(CrashPoints, AgentAfterEachWrite) {
  const Outcome pattern = Simulate(Undisturbed());
  for (int host = 0; host < 3; ++host) {
    EachPoint(FaultKind::kAgentDiesAfterWrite, pattern.agent_writes[static_cast<size_t>(host)],
              host);
  }
}

void EveryPointOf(const Scenario& scenario) {
  ExpectSameEnd(scenario);
  const Outcome pattern = Simulate(scenario);
  EachPoint(FaultKind::kControllerDiesAfterCommit, pattern.commits, 0, scenario);
  EachPoint(FaultKind::kControllerDiesBeforeAction, pattern.actions, 0, scenario);
  EachPoint(FaultKind::kControllerDiesAfterAction, pattern.actions, 0, scenario);
  for (int host = 0; host < 3; ++host) {
    const int writes = pattern.agent_writes[static_cast<size_t>(host)];
    EachPoint(FaultKind::kAgentDiesBeforeWrite, writes, host, scenario);
    EachPoint(FaultKind::kAgentDiesAfterWrite, writes, host, scenario);
  }
}

TEST(CrashPoints, OfAFullStop) { EveryPointOf(UndisturbedFullStop()); }

TEST(CrashPoints, OfARestart) { EveryPointOf(UndisturbedRestart()); }

TEST(CrashPoints, OfTwoManagersWithCompanions) { EveryPointOf(TwoManagersWithCompanions()); }

// Both sides at once: the agent at one write of the member that is upgraded first, the controller
// after every second commit.
TEST(CrashPoints, ControllerAndAgentTogether) {
  const Outcome pattern = Simulate(Undisturbed());
  for (int write = 1; write <= pattern.agent_writes[0]; ++write) {
    for (int commit = 1; commit <= pattern.commits; commit += 2) {
      Scenario scenario = Undisturbed();
      scenario.faults = {{FaultKind::kAgentDiesAfterWrite, {}, write, 0, {}},
                         {FaultKind::kControllerDiesAfterCommit, {}, commit, 0, {}}};
      ExpectSameEnd(scenario);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace drover::simulation
