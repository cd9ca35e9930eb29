// Every member down at the same time (opensearch.md M3).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/rollout/control.h"
#include "controller/rollout/rollback.h"
#include "tests/unit/rollout/harness.h"
#include "tests/unit/rollout/matchers.h"

namespace drover::rollout {
namespace {

using ::testing::ElementsAre;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Boot = Harness::Member::Boot;

// os-3 has data and no vote; the endpoints are of cluster managers.
World MixedWorld() {
  World world = testing::HealthyWorld();
  testing::Node(world, "os-3").roles = {"data"};
  world.cluster.endpoints = {{"http://h1:9200", "os-1", "search", "uuid", ""}};
  return world;
}

Plan FullPlan(const World& world) {
  PlanRequest request = testing::UpgradeRequest();
  request.strategy = Strategy::kFull;
  StatusOr<Plan> plan = MakePlan(PlanId("7f3c9a1e"), request, testing::HealthySpec(), world, {});
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return *plan;
}

Harness Full(const World& world = testing::HealthyWorld()) {
  return Harness(FullPlan(world), world);
}

// Where the last of `first` stands before the first of `then`.
void ExpectAllBefore(const Harness& h, const std::string& first, const std::string& then) {
  const auto& verbs = h.verbs();
  size_t last = 0, next = verbs.size();
  for (size_t i = 0; i < verbs.size(); ++i) {
    if (verbs[i].starts_with(first)) last = i;
    if (verbs[i].starts_with(then)) next = std::min(next, i);
  }
  EXPECT_LT(last, next) << "each " << first << " before any " << then;
}

size_t IndexOf(const Harness& h, const std::string& verb) {
  const auto it = std::find(h.verbs().begin(), h.verbs().end(), verb);
  EXPECT_NE(it, h.verbs().end()) << verb;
  return static_cast<size_t>(it - h.verbs().begin());
}

TEST(FullStopTest, GoesThroughWithEveryMemberDownAtOnce) {
  Harness h = Full();
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(h.most_down, 3U);
  EXPECT_EQ(h.flushes, 2);
  EXPECT_FALSE(h.stopped_before_snapshot);
  EXPECT_THAT(h.settings, IsEmpty());
  for (const auto& [name, member] : h.members) {
    EXPECT_EQ(member.running_version, testing::kNew) << name;
    EXPECT_EQ(member.copied, testing::kOld) << name;
  }
}

TEST(FullStopTest, EachPartIsDoneEverywhereBeforeTheNextBegins) {
  Harness h = Full();
  h.Ask(Request::kStart);
  h.Run();
  ExpectAllBefore(h, "StopService", "CopyVolume");
  ExpectAllBefore(h, "CopyVolume", "SetImage");
  ExpectAllBefore(h, "SetImage", "UpService");
}

TEST(FullStopTest, DataStopsFirstAndClusterManagersStartFirst) {
  Harness h = Full(MixedWorld());
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_LT(IndexOf(h, "StopService os-3"), IndexOf(h, "StopService os-1"));
  EXPECT_LT(IndexOf(h, "StopService os-3"), IndexOf(h, "StopService os-2"));
  EXPECT_GT(IndexOf(h, "UpService os-3"), IndexOf(h, "UpService os-1"));
  EXPECT_GT(IndexOf(h, "UpService os-3"), IndexOf(h, "UpService os-2"));
}

TEST(FullStopTest, DataWaitsUntilTheClusterManagersHaveFoundEachOther) {
  Harness h = Full(MixedWorld());
  h.members["os-2"].boot = Boot::kHangs;
  h.Ask(Request::kStart);
  h.Run([&] { return h.Count("UpService os-2") > 0 && h.Count("UpService os-1") > 0; });
  for (int i = 0; i < 50 && !h.actions.empty(); ++i)
    h.Run([&, n = 0]() mutable { return ++n > 1; });
  EXPECT_EQ(h.Count("UpService os-3"), 0);
}

TEST(FullStopTest, ACopyThatFailsLetsTheOldImageStartAgain) {
  Harness h = Full();
  h.override = [](const Outstanding& action) -> std::optional<EventBody> {
    const auto* start = std::get_if<StartOperation>(&action.action);
    if (start == nullptr || !std::holds_alternative<CopyVolume>(start->order.verb)) return {};
    if (action.member != 1) return {};
    OperationEnd end;
    end.state = OperationState::kFailed;
    end.error = OperationErrorCode::kDiskFull;
    end.message = "no room";
    return OperationEnded{action.id, end};
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("no room"));
  EXPECT_THAT(h.settings, IsEmpty());
  for (const auto& [name, member] : h.members) {
    EXPECT_TRUE(member.running) << name;
    EXPECT_EQ(member.running_version, testing::kOld) << name;
  }
}

TEST(FullStopTest, ANewImageThatDoesNotBootStartsNoOldOneBesideIt) {
  Harness h = Full();
  h.members["os-2"].boot = Boot::kCrashes;
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("os-2"));
  for (const auto& [name, member] : h.members) {
    EXPECT_NE(member.running_version == testing::kOld && member.running, true) << name;
  }
  // Between two versions it is not left.
  const Status abort = CanAsk(h.rollout(), Request::kAbort);
  EXPECT_EQ(abort.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(abort), HasSubstr("drover rollout rollback 7f3c9a1e"));
  // The cause is mended.
  h.members["os-2"].boot = Boot::kJoins;
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_THAT(h.settings, IsEmpty());
  EXPECT_EQ(h.Count("CopyVolume os-2"), 1);
}

TEST(FullStopTest, APauseBeforeTheStopLeavesTheClusterAsItWas) {
  Harness h = Full();
  h.Ask(Request::kStart);
  h.Run([&] { return h.rollout().phase == Phase::kSnapshotting; });
  h.Ask(Request::kPause);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_EQ(h.most_down, 0U);
  EXPECT_TRUE(CanAsk(h.rollout(), Request::kAbort).ok());
}

TEST(FullStopTest, IsForUpgradesOnly) {
  PlanRequest request = testing::UpgradeRequest();
  request.strategy = Strategy::kFull;
  request.kind = Kind::kRestart;
  request.to_version.clear();
  const auto plan =
      MakePlan(PlanId("1"), request, testing::HealthySpec(), testing::HealthyWorld(), {});
  EXPECT_EQ(plan.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(plan.status()), HasSubstr("--strategy full is for upgrades"));
}

TEST(FullStopTest, OfOneClusterManagerNeedsNoAcceptedDowntime) {
  World world = testing::HealthyWorld();
  testing::Node(world, "os-2").roles = testing::Node(world, "os-3").roles = {"data"};
  world.cluster.last_committed_config = world.cluster.last_accepted_config = {"id-1"};
  PlanRequest request = testing::UpgradeRequest();
  testing::ExpectBlocks(testing::RunOne("P5", world, testing::HealthySpec(), request), "only");
  request.strategy = Strategy::kFull;
  testing::ExpectPasses(testing::RunOne("P5", world, testing::HealthySpec(), request), "together");
}

// What the primaries had at the stop, whoever looks how late.
TEST(FullStopTest, RemembersWhatTheCopiesHold) {
  Harness h = Full();
  for (IndexView& index : h.world.cluster.indices) {
    index.operations = 120;
    index.new_operations = 20;
  }
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_TRUE(h.rollout().operations);
  EXPECT_EQ(h.rollout().operations->at("logs"), 100U);
  EXPECT_THAT(h.rollout().rollback, HasSubstr("tier 2"));
  EXPECT_THAT(h.rollout().rollback, HasSubstr("loses 20 operations"));
}

}  // namespace
}  // namespace drover::rollout
