// What is in flight when a rollout leaves a step: its effect may land late, twice, or after all
// else was put back (promise 6).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/rollout/harness.h"
#include "tests/unit/rollout/matchers.h"

namespace drover::rollout {
namespace {

using ::testing::Contains;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Orders;

template <typename A>
bool Is(const Outstanding& action) {
  return std::holds_alternative<A>(action.action);
}

// Runs until the next action to be performed is an A in `phase`.
template <typename A>
void RunUntil(Harness& h, Phase phase) {
  h.Run(
      [&] { return h.rollout().phase == phase && !h.actions.empty() && Is<A>(h.actions.front()); });
  ASSERT_FALSE(h.actions.empty());
  ASSERT_TRUE(Is<A>(h.actions.front()));
}

template <typename A>
int CountOf(const Harness& h) {
  return static_cast<int>(
      std::count_if(h.actions.begin(), h.actions.end(), [](const auto& a) { return Is<A>(a); }));
}

TEST(LeavingTest, AFreezeThatIsUnderWayIsAwaitedBeforeSettingsArePutBack) {
  Harness h;
  h.Ask(Request::kStart);
  RunUntil<PutSettings>(h, Phase::kRolling);
  h.Ask(Request::kAbort);
  // Another PutSettings beside it could take effect first.
  EXPECT_EQ(CountOf<PutSettings>(h), 1);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_THAT(h.settings, IsEmpty());
}

TEST(LeavingTest, AFreezeThatFailedAndLandsAfterTheEndIsSeenAndUndone) {
  Harness h;
  h.Ask(Request::kStart);
  RunUntil<PutSettings>(h, Phase::kRolling);
  const Outstanding freeze = h.actions.front();
  h.actions.pop_front();
  h.Ask(Request::kAbort);
  h.Give(CallEnded{freeze.id, "timed out"});
  bool landed = false;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (Is<ObserveWorld>(action) && !landed) {
      landed = true;
      h.settings["cluster.routing.allocation.enable"] = "primaries";
    }
    return std::nullopt;
  };
  h.Run();
  EXPECT_TRUE(landed);
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_THAT(h.settings, IsEmpty());
  EXPECT_THAT(h.KindsSaid(), Contains("settings.late"));
}

TEST(LeavingTest, ASettingOfSomebodyElseIsLeftAndNamed) {
  Harness h;
  h.Ask(Request::kStart);
  RunUntil<PutSettings>(h, Phase::kRolling);
  h.Ask(Request::kAbort);
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (Is<ObserveWorld>(action)) h.settings["cluster.routing.allocation.enable"] = "new_primaries";
    return std::nullopt;
  };
  h.Run();
  EXPECT_EQ(h.settings["cluster.routing.allocation.enable"], "new_primaries");
  EXPECT_THAT(h.rollout().outcome, Contains(HasSubstr("changed by somebody else")));
}

TEST(LeavingTest, ASnapshotThatIsBeingBegunIsDeletedOnlyOnceItIsThere) {
  Harness h;
  h.Ask(Request::kStart);
  RunUntil<TakeSnapshot>(h, Phase::kSnapshotting);
  h.Ask(Request::kAbort);
  EXPECT_EQ(CountOf<DeleteSnapshot>(h), 0);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_FALSE(h.snapshot);
}

TEST(LeavingTest, ADeletionThatFailsIsTriedAgainThenSaid) {
  Harness h;
  int tries = 0;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (Is<DeleteSnapshot>(action)) {
      ++tries;
      return CallEnded{action.id, "503"};
    }
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  RunUntil<TakeSnapshot>(h, Phase::kSnapshotting);
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(tries, 3);
  EXPECT_THAT(h.rollout().outcome, Contains(HasSubstr("could not be deleted: 503")));
}

TEST(LeavingTest, PoliciesThatAreBeingStoppedAreStartedOnlyThen) {
  Harness h;
  h.world.cluster.snapshot_policies = {{"nightly", true}};
  h.Ask(Request::kStart);
  RunUntil<StopPolicies>(h, Phase::kSnapshotting);
  h.Ask(Request::kAbort);
  EXPECT_EQ(CountOf<StartPolicies>(h), 0);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_THAT(h.policies_stopped, IsEmpty());
}

TEST(LeavingTest, PoliciesAreStoppedAgainAfterAPause) {
  Plan plan = testing::HealthyPlan();
  plan.spec.rules.pause_after = {"first"};
  Harness h(plan);
  h.world.cluster.snapshot_policies = {{"nightly", true}};
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.policies_stopped, IsEmpty());
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (Orders<StopService>(action)) {
      EXPECT_THAT(h.policies_stopped, Contains("nightly"));
    }
    return std::nullopt;
  };
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
  EXPECT_THAT(h.policies_stopped, IsEmpty());
}

// A host that is gone for good keeps neither the settings nor the end back.
TEST(LeavingTest, SettingsAreBackBeforeAHostThatDoesNotAnswer) {
  Harness h;
  h.Ask(Request::kStart);
  h.Run([&] { return !h.actions.empty() && Orders<SetImage>(h.actions.front()); });
  h.actions.pop_front();
  h.world.hosts[1].connected = false;
  h.Give(AgentLost{"h2", "no route to host"});
  h.Ask(Request::kAbort);
  h.Run([&] {
    return std::all_of(h.actions.begin(), h.actions.end(),
                       [](const auto& a) { return Is<SetTimer>(a); });
  });
  EXPECT_EQ(h.rollout().phase, Phase::kRestoring);
  EXPECT_THAT(h.settings, IsEmpty());
  EXPECT_THAT(h.state("os-2").wait->reason, HasSubstr("the agent of h2"));
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_THAT(h.rollout().outcome, Contains(HasSubstr("the agent of h2 does not answer")));
}

TEST(LeavingTest, WithoutTheClusterTheEndSaysSo) {
  Harness h;
  h.Ask(Request::kStart);
  RunUntil<PutSettings>(h, Phase::kRolling);
  h.Ask(Request::kAbort);
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (!Is<ObserveWorld>(action)) return std::nullopt;
    World world;
    world.cluster_error = "no endpoint answers";
    return Observed{action.id, world};
  };
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_THAT(h.rollout().outcome, Contains(HasSubstr("the cluster does not answer")));
}

}  // namespace
}  // namespace drover::rollout
