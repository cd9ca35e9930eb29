// Every crash point of one rollout of three members: the controller before and after each commit
// and each action, the agent of each host before and after each write of its journal. The end is
// the same as without a crash, and nothing is done twice.
#include <gtest/gtest.h>

#include "tests/simulation/simulation.h"

namespace drover::simulation {
namespace {

Scenario Undisturbed() {
  Scenario scenario;
  scenario.seed = 42;
  return scenario;
}

void ExpectSameEnd(const Scenario& scenario) {
  const Outcome outcome = Simulate(scenario);
  ASSERT_EQ(outcome.violation, "") << Report(scenario);
  ASSERT_EQ(outcome.phase, rollout::Phase::kSucceeded) << Report(scenario);
  ASSERT_EQ(outcome.members_at, std::vector<std::string>(3, kNewVersion)) << Report(scenario);
  // Stopped, edited and started once: a verb that a crash interrupts is looked at, never repeated.
  ASSERT_EQ(outcome.changes, std::vector<HostChanges>(3, {1, 1, 1})) << Report(scenario);
}

void EachPoint(FaultKind kind, int points, int host = 0) {
  ASSERT_GT(points, 0);
  for (int n = 1; n <= points; ++n) {
    Scenario scenario = Undisturbed();
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
