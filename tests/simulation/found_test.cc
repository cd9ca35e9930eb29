// What the simulation has found, a run each: the shortest list of faults that broke a promise then.
#include <gtest/gtest.h>

#include "tests/simulation/simulation.h"

namespace drover::simulation {
namespace {

Scenario Of(uint64_t seed, std::vector<Fault> faults) {
  Scenario scenario;
  scenario.seed = seed;
  scenario.faults = std::move(faults);
  return scenario;
}

Fault At(FaultKind kind, int at_ms, int host = 0, int lasts_ms = 0) {
  return {kind, Millis(at_ms), 0, host, Millis(lasts_ms)};
}

void ExpectKept(const Scenario& scenario) {
  EXPECT_EQ(Simulate(scenario).violation, "") << Report(scenario);
}

TEST(Found, AFreezeThatLandsAfterTheThaw) {
  ExpectKept(Of(911, {At(FaultKind::kCallsLate, 17'500, 0, 19'000)}));
}

TEST(Found, AStopThatWaitedForItsAgentWhileAnotherControllerWorked) {
  Scenario scenario = Of(2277, {At(FaultKind::kSecondController, 6'000)});
  scenario.members = 5;
  ExpectKept(scenario);
}

TEST(Found, ATimerWhoseTimeHadPassedWasSetAgainAndAgain) {
  Scenario scenario =
      Of(1583, {At(FaultKind::kNodeNeverJoins, 3'600, 1), At(FaultKind::kAbort, 36'800)});
  scenario.allocation_was_set = true;
  ExpectKept(scenario);
}

TEST(Found, ANodeThatWasRecoveringTheOnlyCopyWasStopped) {
  Fault dies;
  dies.kind = FaultKind::kControllerDiesBeforeCommit;
  dies.count = 17;
  Scenario scenario = Of(
      20450, {At(FaultKind::kNodeKilled, 16'000, 0), At(FaultKind::kNodeKilled, 63'700, 2), dies});
  scenario.pause_after_first = scenario.allocation_was_set = true;
  ExpectKept(scenario);
}

TEST(Found, TheOldImageStartedByTheMemoryOfACopy) {
  ExpectKept(Of(56224, {At(FaultKind::kSecondController, 2'300), At(FaultKind::kAbort, 5'300)}));
}

TEST(Found, ASnapshotThatBeganAfterItWasDeleted) {
  Scenario scenario = Of(23571, {At(FaultKind::kCallsLate, 2'600, 0, 18'000)});
  scenario.members = 5;
  scenario.max_unavailable = 2;
  ExpectKept(scenario);
}

TEST(Found, APolicyThatWasStoppedAfterItWasStarted) {
  Scenario scenario =
      Of(43002, {At(FaultKind::kSnapshotFails, 10'100), At(FaultKind::kCallsLate, 300, 0, 14'500)});
  scenario.allocation_was_set = true;
  ExpectKept(scenario);
}

// The copy of a rollout that had ended elsewhere paused, and nobody looked at it any more.
TEST(Found, ARolloutThatPausedAfterItsCopyHadEnded) {
  Fault dies;
  dies.kind = FaultKind::kControllerDiesBeforeAction;
  dies.count = 94;
  const Scenario scenario = Of(36854, {At(FaultKind::kSecondController, 12'200), dies});
  ExpectKept(scenario);
  EXPECT_EQ(Simulate(scenario).phase, rollout::Phase::kSucceeded);
}

// Given up after three tries, and without it the cluster takes no setting back.
TEST(Found, TheOnlyManagerCannotBeStartedAtFirstAfterAnAbort) {
  Scenario scenario = Of(4912, {At(FaultKind::kAbort, 82'800), At(FaultKind::kStartFails, 62'000),
                                At(FaultKind::kNodeCrashLoops, 1'700)});
  scenario.members = scenario.managers = scenario.companions = 1;
  ExpectKept(scenario);
}

TEST(Found, TheOnlyManagerEndsAtBootWhileItIsAborted) {
  Scenario scenario =
      Of(532929, {At(FaultKind::kAbort, 48'800), At(FaultKind::kNodeEndsAtBoot, 1'400)});
  scenario.members = scenario.managers = scenario.companions = 1;
  ExpectKept(scenario);
}

TEST(Found, TheOnlyManagerStoppedByAControllerThatWasFenced) {
  Scenario scenario = Of(32746, {At(FaultKind::kSecondController, 22'700)});
  scenario.managers = 1;
  ExpectKept(scenario);
}

// A run of a million seeds found these (docs/simulation.md).

// The first controller had started it again, the copy ordered it to be made anew while it ran.
TEST(Found, ARestartedMemberThatTheOtherControllerHadStartedAgain) {
  Scenario scenario = Of(282868, {At(FaultKind::kSecondController, 551)});
  scenario.restart = true;
  ExpectKept(scenario);
}

// The same where its agent came long after the order.
TEST(Found, ARestartedMemberWhoseUpWasOrderedLongBefore) {
  Scenario scenario = Of(728947, {At(FaultKind::kCallsFail, 9'535, 0, 15'400),
                                  At(FaultKind::kSecondController, 23'031)});
  scenario.restart = true;
  ExpectKept(scenario);
}

TEST(Found, TheOnlyManagerRestartedByAControllerThatWasFenced) {
  Scenario scenario = Of(89877, {At(FaultKind::kSecondController, 11'073)});
  scenario.restart = scenario.unreplicated_index = scenario.allocation_was_set = true;
  scenario.managers = 1;
  ExpectKept(scenario);
}

// Its call took effect after the controller's death, later than the same call of the next one.
TEST(Found, ASettingThatADeadControllerPutLate) {
  Scenario scenario =
      Of(539985, {At(FaultKind::kCallsLate, 3'000, 0, 20'000), At(FaultKind::kAbort, 23'626),
                  At(FaultKind::kControllerDies, 10'781)});
  scenario.allocation_was_set = true;
  ExpectKept(scenario);
}

// Its late effect was not seen: the cluster did not answer the last look.
TEST(Found, ASettingThatChangedAfterTheLastLookThatWasAnswered) {
  const Scenario scenario = Of(
      312234,
      {At(FaultKind::kCallsLate, 31'183, 0, 4'600), At(FaultKind::kStartFails, 11'044, 0),
       At(FaultKind::kCallsFail, 44'650, 0, 40'100), At(FaultKind::kEngineDown, 12'850, 1, 2'600)});
  ExpectKept(scenario);
}

TEST(Found, ACompanionLeftStoppedByAControllerThatWasFenced) {
  Scenario scenario =
      Of(822638, {At(FaultKind::kAbort, 52'790), At(FaultKind::kSecondController, 20'868),
                  At(FaultKind::kRepliesLost, 38'090, 0, 35'100)});
  scenario.companions = 2;
  ExpectKept(scenario);
}

}  // namespace
}  // namespace drover::simulation
