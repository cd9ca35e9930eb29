// Rollbacks by their tiers (opensearch.md M4): each is a rollout of its own.
#include "controller/rollout/rollback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/rollout/control.h"
#include "controller/rollout/undo_plan.h"
#include "tests/unit/rollout/harness.h"
#include "tests/unit/rollout/matchers.h"
#include "tests/unit/rollout/undo_runs.h"

namespace drover::rollout {
namespace {

using ::testing::AllOf;
using testing::Back;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FullStop;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::UndoOf;
using Boot = Harness::Member::Boot;

// An upgrade that pauses after its first member.
Harness PausedRoll() {
  ClusterSpec spec = testing::HealthySpec();
  spec.rules.pause_after = {"first"};
  StatusOr<Plan> plan =
      MakePlan(PlanId("7f3c9a1e"), testing::UpgradeRequest(), spec, testing::HealthyWorld(), {});
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  Harness h(*plan, testing::HealthyWorld());
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused) << h.rollout().reason;
  return h;
}

// The shards as they are once their primaries have moved away from the upgraded node.
void MovePrimariesOff(World* world, const std::string& from) {
  for (ShardView& shard : world->cluster.shards) {
    if (shard.node_id == from && shard.primary) {
      shard.primary = false;
      for (ShardView& other : world->cluster.shards) {
        const bool same = other.index == shard.index && other.shard == shard.shard;
        if (same && other.node_id != from) other.primary = true;
      }
    }
  }
}

// What an operator reads before it starts.
TEST(RollbackTest, ThePlanSaysWhichWaysBackThereWillBe) {
  Plan plan = testing::HealthyPlan();
  const std::vector<std::string> rolling = WaysBackAhead(plan);
  ASSERT_EQ(rolling.size(), 3u);
  EXPECT_EQ(rolling[0], "until a member starts 2.19.1: abort, no loss (tier 0)");
  EXPECT_THAT(rolling[1], AllOf(HasSubstr("are on 2.17.1"), HasSubstr("no loss (tier 1)")));
  EXPECT_THAT(rolling[2], HasSubstr("loses what was written since (tier 3)"));

  plan.request.strategy = Strategy::kFull;
  EXPECT_THAT(WaysBackAhead(plan)[1], HasSubstr("no loss until a client writes (tier 2)"));

  plan.request.strategy = Strategy::kRolling;
  plan.members.resize(1);
  plan.others.clear();
  EXPECT_THAT(WaysBackAhead(plan), ElementsAre(HasSubstr("(tier 0)"), HasSubstr("(tier 3)")))
      << "nobody has another copy";

  plan.adopted.emplace();
  EXPECT_THAT(WaysBackAhead(plan), ElementsAre(HasSubstr("(tier 3)")));
  plan.undo.emplace();
  EXPECT_THAT(WaysBackAhead(plan), IsEmpty());
  plan.undo.reset();
  plan.request.kind = Kind::kRestart;
  EXPECT_THAT(WaysBackAhead(plan), IsEmpty());
}

TEST(RollbackTest, TierZeroIsAnAbort) {
  Harness h(testing::HealthyPlan());
  h.Ask(Request::kStart);
  h.Run([&] { return h.rollout().phase == Phase::kPrefetching; });
  h.Ask(Request::kPause);
  h.Run();
  ASSERT_EQ(h.rollout().phase, Phase::kPaused);
  const auto plan = UndoOf(h);
  EXPECT_EQ(plan.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(plan.status()), HasSubstr("drover rollout abort 7f3c9a1e"));
}

TEST(RollbackTest, OfARollThatRunsIsRefused) {
  Harness h(testing::HealthyPlan());
  h.Ask(Request::kStart);
  h.Run([&] { return h.rollout().phase == Phase::kRolling; });
  const auto plan = UndoOf(h);
  EXPECT_EQ(plan.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(plan.status()), HasSubstr("drover rollout pause 7f3c9a1e"));
}

TEST(RollbackTest, TierOneRebuildsTheUpgradedMembers) {
  Harness undone = PausedRoll();
  const std::string upgraded = undone.rollout().plan->members.front().name;
  const std::string id = testing::Node(undone.world, upgraded).id;
  MovePrimariesOff(&undone.world, id);
  const auto plan = UndoOf(undone);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(plan->undo->tier, 1);
  EXPECT_FALSE(plan->undo->lossy);
  EXPECT_EQ(plan->undo->loss, "no loss");
  ASSERT_EQ(plan->members.size(), 1U);
  EXPECT_EQ(plan->members[0].volume, VolumeChange::kSetAside);
  EXPECT_TRUE(plan->Startable());
  Harness h = Back(undone, *plan);
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kRolledBack) << h.rollout().reason;
  EXPECT_EQ(h.most_down, 1U);
  EXPECT_EQ(h.members[upgraded].running_version, testing::kOld);
  EXPECT_EQ(h.members[upgraded].kept, testing::kNew);
  EXPECT_THAT(h.settings, IsEmpty());
  EXPECT_THAT(h.rollout().outcome, Contains(HasSubstr("kept: the volume of " + upgraded)));
}

TEST(RollbackTest, TierOneIsNotOpenWhereAPrimaryIsOnANewNode) {
  Harness undone = PausedRoll();
  const std::string upgraded = undone.rollout().plan->members.front().name;
  const std::string id = testing::Node(undone.world, upgraded).id;
  for (ShardView& shard : undone.world.cluster.shards) shard.primary = shard.node_id == id;
  const auto plan = UndoOf(undone, 1);
  EXPECT_THAT(Message(plan.status()), HasSubstr("there is no tier 1"));
  const auto best = UndoOf(undone);
  ASSERT_TRUE(best.ok()) << best.status().ToString();
  EXPECT_EQ(best->undo->tier, 3);
  EXPECT_TRUE(best->undo->lossy);
}

TEST(RollbackTest, TierTwoPutsEveryColdCopyBack) {
  Harness undone = FullStop();
  undone.Run();
  ASSERT_EQ(undone.rollout().phase, Phase::kSucceeded) << undone.rollout().reason;
  EXPECT_THAT(undone.rollout().rollback, HasSubstr("no client has written"));
  const auto plan = UndoOf(undone);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(plan->undo->tier, 2);
  EXPECT_FALSE(plan->undo->lossy);
  Harness h = Back(undone, *plan);
  // As in the copies: what the rollout had changed before the stop.
  h.settings = {{"cluster.routing.allocation.enable", "primaries"},
                {"cluster.routing.rebalance.enable", "none"}};
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kRolledBack) << h.rollout().reason;
  EXPECT_THAT(h.settings, IsEmpty());
  for (const auto& [name, member] : h.members) {
    EXPECT_EQ(member.running_version, testing::kOld) << name;
    EXPECT_EQ(member.opened, testing::kOld) << name;
    EXPECT_EQ(member.kept, testing::kNew) << name;
  }
}

TEST(RollbackTest, TierTwoWorksWhereTheNewVersionNeverCameUp) {
  Harness undone = FullStop();
  for (auto& [name, member] : undone.members) member.boot = Boot::kCrashes;
  undone.Run([&] { return undone.rollout().phase == Phase::kPaused; });
  ASSERT_EQ(undone.rollout().phase, Phase::kPaused);
  const auto plan = UndoOf(undone);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(plan->undo->tier, 2);
  EXPECT_THAT(plan->undo->loss, HasSubstr("no client has written"));
  Harness h = Back(undone, *plan);
  for (auto& [name, member] : h.members) member.boot = Boot::kJoins;
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kRolledBack) << h.rollout().reason;
  EXPECT_THAT(h.settings, IsEmpty());
  for (const auto& [name, member] : h.members) {
    EXPECT_EQ(member.running_version, testing::kOld) << name;
  }
}

TEST(RollbackTest, TierTwoSaysWhatClientsHaveWritten) {
  Harness undone = FullStop();
  undone.Run();
  ASSERT_EQ(undone.rollout().phase, Phase::kSucceeded);
  for (IndexView& index : undone.world.cluster.indices) index.operations = 107;
  const auto plan = UndoOf(undone);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_TRUE(plan->undo->lossy);
  EXPECT_THAT(plan->undo->loss, HasSubstr("loses 7 operations"));
}

TEST(RollbackTest, AWriteAfterThePlanMakesItStale) {
  Harness undone = FullStop();
  undone.Run();
  const auto plan = UndoOf(undone);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  Harness h = Back(undone, *plan);
  for (IndexView& index : h.world.cluster.indices) index.operations = 101;
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kFailed);
  EXPECT_EQ(h.rollout().refused, Refused::kCheck);
  EXPECT_THAT(h.rollout().reason, HasSubstr("clients have written since"));
  EXPECT_EQ(h.most_down, 0U);
}

TEST(RollbackTest, TierTwoBlocksWhereACopyIsGone) {
  Harness undone = FullStop();
  undone.Run();
  World world = undone.Now();
  for (const char* host : {"h1", "h2", "h3"}) {
    world.hosts_with_copies_told.insert(host);
    if (host != std::string("h2")) {
      world.cold_copies.insert(std::string(host) + "/search/opensearch drover-7f3c9a1e");
    }
  }
  const auto request = UndoRequest(undone.rollout(), 2, world);
  ASSERT_TRUE(request.ok());
  const auto plan = MakeUndoPlan(PlanId("b0b0b0b0"), *request, undone.rollout(),
                                 testing::HealthySpec(), world, {});
  ASSERT_TRUE(plan.ok());
  EXPECT_FALSE(plan->Startable());
  EXPECT_THAT(plan->checks[3].evidence, HasSubstr("is gone: of os-2 on h2"));
}

TEST(RollbackTest, TierThreeFillsAFreshClusterFromTheSnapshot) {
  Harness undone(testing::HealthyPlan());
  undone.Ask(Request::kStart);
  undone.Run();
  ASSERT_EQ(undone.rollout().phase, Phase::kSucceeded);
  const auto plan = UndoOf(undone);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(plan->undo->tier, 3);
  EXPECT_TRUE(plan->undo->lossy);
  Harness h = Back(undone, *plan);
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kRolledBack) << h.rollout().reason;
  ASSERT_TRUE(h.repository);
  EXPECT_EQ(h.repository->settings.at("readonly"), "true");
  ASSERT_EQ(h.restored.size(), 1U);
  EXPECT_THAT(h.restored[0].indices, ElementsAre("logs"));
  EXPECT_TRUE(h.restored[0].global_state);
  for (const auto& [name, member] : h.members) {
    EXPECT_EQ(member.running_version, testing::kOld) << name;
    EXPECT_EQ(member.kept, testing::kNew) << name;
  }
}

TEST(RollbackTest, TierThreeBlocksWhereNoClusterWouldForm) {
  Harness undone(testing::HealthyPlan());
  undone.Ask(Request::kStart);
  undone.Run();
  World world = undone.Now();
  const auto request = UndoRequest(undone.rollout(), 3, world);
  ASSERT_TRUE(request.ok());
  const auto plan = MakeUndoPlan(PlanId("b0b0b0b0"), *request, undone.rollout(),
                                 testing::HealthySpec(), world, {});
  ASSERT_TRUE(plan.ok());
  EXPECT_FALSE(plan->Startable());
}

TEST(RollbackTest, AMemberThatWasChangedNeverStartsTheNewImageAgain) {
  Harness undone = FullStop();
  undone.Run();
  const auto plan = UndoOf(undone);
  ASSERT_TRUE(plan.ok());
  Harness h = Back(undone, *plan);
  h.members["os-2"].boot = Boot::kCrashes;
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(Message(CanAsk(h.rollout(), Request::kAbort)), HasSubstr("--tier 3"));
  h.members["os-2"].boot = Boot::kJoins;
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kRolledBack) << h.rollout().reason;
  EXPECT_EQ(h.Count("RestoreVolume os-2"), 1);
}

TEST(RollbackTest, APausedRolloutHandsOver) {
  Harness undone = PausedRoll();
  undone.Give(Asked{Request::kHandOver, "tester", "rolled back by rollout b0b0b0b0"});
  EXPECT_EQ(undone.rollout().phase, Phase::kAborted);
  EXPECT_THAT(undone.rollout().reason, HasSubstr("rolled back by"));
  EXPECT_THAT(undone.rollout().outstanding, IsEmpty());
}

TEST(WrittenSinceTest, CountsWhatIsNewGoneAndMore) {
  ClusterObservation cluster;
  const auto add = [&](const std::string& name, uint64_t operations) {
    IndexView index;
    index.name = name;
    index.operations = operations;
    cluster.indices.push_back(index);
  };
  add("logs", 10);
  add(".tasks", 99);
  EXPECT_EQ(WrittenSince({{"logs", 10}}, cluster), 0U);
  EXPECT_EQ(WrittenSince({{"logs", 7}}, cluster), 3U);
  EXPECT_EQ(WrittenSince({{"logs", 10}, {"gone", 5}}, cluster), 1U);
  add("fresh", 0);
  EXPECT_EQ(WrittenSince({{"logs", 10}}, cluster), 1U);
  for (IndexView& index : cluster.indices) index.operations.reset();
  EXPECT_EQ(WrittenSince({{"logs", 10}}, cluster), std::nullopt);
}

}  // namespace
}  // namespace drover::rollout
