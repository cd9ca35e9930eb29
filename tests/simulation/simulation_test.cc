// 10,000 seeds, ten cases of a thousand; `scripts/simulate` runs more. A seed that fails prints its
// shortest list of faults; each one found is kept in found_test.cc.
#include <gtest/gtest.h>

#include "tests/simulation/simulation.h"

namespace drover::simulation {
namespace {

constexpr uint64_t kSeedsPerCase = 1'000;

class Seeds : public testing::TestWithParam<uint64_t> {};

TEST_P(Seeds, KeepThePromisesAndComeToAnEnd) {
  const uint64_t first = GetParam() * kSeedsPerCase + 1;
  int touched = 0;
  for (uint64_t seed = first; seed < first + kSeedsPerCase; ++seed) {
    const Scenario scenario = MakeScenario(seed);
    const Outcome outcome = Simulate(scenario);
    touched += outcome.touched ? 1 : 0;
    ASSERT_EQ(outcome.violation, "") << Report(scenario);
  }
  // A simulator that lets nothing happen would find nothing.
  EXPECT_GT(touched, static_cast<int>(kSeedsPerCase / 2));
}

INSTANTIATE_TEST_SUITE_P(Thousand, Seeds, testing::Range<uint64_t>(0, 10));

TEST(Simulation, SameSeedSameHistory) {
  for (uint64_t seed : {7u, 19u, 23u, 104u}) {
    const Scenario scenario = MakeScenario(seed);
    Outcome first = Simulate(scenario, true), second = Simulate(scenario, true);
    ASSERT_FALSE(first.history.empty());
    ASSERT_EQ(first.history.size(), second.history.size()) << Describe(scenario);
    EXPECT_EQ(first.took, second.took);
    EXPECT_EQ(first.commits, second.commits);
    EXPECT_EQ(first.phase, second.phase);
  }
}

// Each kind of fault does reach the rollout: over the seeds that have it alone, some run differs
// from the same seed without it.
TEST(Simulation, EveryFaultIsFelt) {
  for (int kind = 0; kind < kFaultKinds; ++kind) {
    bool felt = false;
    for (uint64_t seed = 1; seed <= 40 && !felt; ++seed) {
      Scenario scenario;
      scenario.seed = seed;
      scenario.pause_after_first = true;
      const Outcome without = Simulate(scenario);
      Fault fault;
      fault.kind = static_cast<FaultKind>(kind);
      fault.count = static_cast<int>(seed);
      fault.host = static_cast<int>(seed % 3);
      fault.at = Millis(400 * seed);
      fault.lasts = Millis(20'000);
      scenario.faults = {fault};
      const Outcome with = Simulate(scenario);
      felt = with.took != without.took || with.commits != without.commits ||
             with.phase != without.phase || with.actions != without.actions;
    }
    EXPECT_TRUE(felt) << Name(static_cast<FaultKind>(kind));
  }
}

}  // namespace
}  // namespace drover::simulation
