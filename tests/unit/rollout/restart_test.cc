// drover restart: the same gates and the same snapshot, and no image changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rollout/harness.h"
#include "tests/unit/rollout/matchers.h"

namespace drover::rollout {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Fails;
using testing::Harness;
using ::testing::HasSubstr;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::kImage;
using testing::kOld;
using testing::Orders;
using testing::RunOne;
using testing::VerbOf;

using Boot = Harness::Member::Boot;

PlanRequest RestartRequest(std::vector<std::string> members = {}) {
  PlanRequest request;
  request.cluster = "search-prod";
  request.kind = Kind::kRestart;
  request.members = std::move(members);
  return request;
}

Plan RestartPlan(std::vector<std::string> members = {}, const ClusterSpec& spec = HealthySpec()) {
  StatusOr<Plan> plan =
      MakePlan(PlanId("7f3c9a1e"), RestartRequest(std::move(members)), spec, HealthyWorld(), {});
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_TRUE(plan->Startable());
  return *plan;
}

TEST(Restart, EachMemberIsMadeAgainFromTheImageThatItHas) {
  Harness h(RestartPlan());
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_THAT(h.verbs(), ElementsAre("StopService os-2", "UpService os-2", "StopService os-3",
                                     "UpService os-3", "StopService os-1", "UpService os-1"));
  EXPECT_FALSE(h.stopped_before_snapshot);
  EXPECT_EQ(h.most_down, 1u);
  EXPECT_THAT(h.rollout().outcome,
              Contains("restarted: 3 members, each again at " + std::string(kOld)));
  EXPECT_FALSE(h.state("os-2").new_image_ran);
  EXPECT_TRUE(h.settings.empty());
}

// Compose keeps a container whose configuration is the same: it has to be told.
TEST(Restart, TheContainerIsMadeAgainAlsoWhereNothingChanged) {
  Harness h(RestartPlan());
  int recreated = 0;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (const auto* up = VerbOf<UpService>(action)) recreated += up->recreate ? 1 : 0;
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(recreated, 3);
}

// os-2 has stopped, and a minute later the cluster still lists it; its container is `state` then.
// Restarts os-2 alone.
Harness Lingers(const std::string& state) {
  Harness h(RestartPlan({"os-2"}));
  bool looked = false;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (h.state("os-2").step != MemberStep::kLeft || looked) return std::nullopt;
    if (std::holds_alternative<ReadNodes>(action.action)) {
      h.Advance(Millis(61'000));
      h.members["os-2"].running = state == "running";
      return NodesSeen{action.id, HealthyWorld().cluster.nodes, ""};
    }
    if (!std::holds_alternative<ReadContainer>(action.action)) return std::nullopt;
    looked = true;
    ContainerView container;
    container.state = state;
    return ContainerSeen{action.id, true, container};
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_TRUE(looked);
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  h.override = nullptr;
  return h;
}

TEST(Restart, AMemberThatSomebodyElseStartedIsStoppedAtItsGateAgain) {
  const Harness h = Lingers("running");
  EXPECT_THAT(h.KindsSaid(), Contains("member.runs"));
  EXPECT_THAT(h.verbs(), ElementsAre("StopService os-2", "StopService os-2", "UpService os-2"));
}

TEST(Restart, AMemberThatLingersInTheClusterIsNotWaitedForForEver) {
  const Harness h = Lingers("exited");
  EXPECT_THAT(h.KindsSaid(), Contains("member.lingers"));
  EXPECT_THAT(h.verbs(), ElementsAre("StopService os-2", "UpService os-2"));
}

TEST(Restart, OnlyTheMembersThatWereNamed) {
  const Plan plan = RestartPlan({"os-3", "os-1"});
  EXPECT_EQ(plan.batches, 2);
  ASSERT_EQ(plan.others.size(), 1u);
  EXPECT_EQ(plan.others[0].name, "os-2");
  Harness h(plan);
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_THAT(h.verbs(), ElementsAre("StopService os-3", "UpService os-3", "StopService os-1",
                                     "UpService os-1"));
}

TEST(Restart, ANameThatIsNoMemberIsAnErrorThatNamesThem) {
  const auto plan =
      MakePlan(PlanId("x"), RestartRequest({"os-9"}), HealthySpec(), HealthyWorld(), {});
  EXPECT_EQ(plan.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(plan.status()), HasSubstr("os-9"));
  EXPECT_THAT(Message(plan.status()), HasSubstr("os-1, os-2, os-3"));
}

TEST(Restart, AVersionOrAnImageMakesItNone) {
  PlanRequest request = RestartRequest();
  request.to_version = testing::kNew;
  const auto plan = MakePlan(PlanId("x"), request, HealthySpec(), HealthyWorld(), {});
  EXPECT_EQ(plan.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(plan.status()), HasSubstr("drover upgrade search-prod"));
}

TEST(Restart, ChecksThatNeedATargetAreLeftOut) {
  for (const CheckResult& check : RestartPlan().checks) EXPECT_NE(check.id, "P8");
}

TEST(Restart, AFileThatNamesAnotherImageThanRunsIsRefused) {
  World world = HealthyWorld();
  testing::Project(world, "h2").services.front().image = std::string(kImage) + ":2.19.1";
  const CheckResult check = RunOne("P23", world, HealthySpec(), RestartRequest());
  EXPECT_EQ(check.verdict, Verdict::kBlock);
  EXPECT_THAT(check.remedy, HasSubstr("would be an upgrade"));
}

// A tag without a version is none of a restart's business: the image stays.
TEST(Restart, AnyTagWillDo) {
  World world = HealthyWorld();
  for (const char* host : {"h1", "h2", "h3"}) {
    ServiceView& service = testing::Project(world, host).services.front();
    service.image = service.container->image = std::string(kImage) + ":latest";
  }
  EXPECT_EQ(RunOne("P23", world, HealthySpec(), RestartRequest()).verdict, Verdict::kPass);
}

TEST(Restart, AContainerThatEndsAtBootIsStoppedAndTriedAgainByResume) {
  Harness h(RestartPlan());
  h.members["os-2"].boot = Boot::kCrashes;
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_EQ(h.Count("UpService os-2"), 1);
  EXPECT_EQ(h.Count("StopService os-2"), 2) << "its container kept ending";
  EXPECT_TRUE(h.settings.empty());
  h.members["os-2"].boot = Boot::kJoins;
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(h.Count("SetImage os-2"), 0);
}

TEST(Restart, AnAbortStartsItAgainWhateverFailed) {
  Harness h(RestartPlan());
  h.members["os-2"].boot = Boot::kCrashes;
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_EQ(h.rollout().phase, Phase::kPaused);
  h.members["os-2"].boot = Boot::kJoins;
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_TRUE(h.members["os-2"].running);
  EXPECT_EQ(h.Count("SetImage os-2"), 0);
  EXPECT_THAT(h.rollout().outcome,
              Contains("os-2 was started again and runs " + std::string(kOld)));
}

TEST(Restart, AnUpThatFailsIsStartedAgainOnTheWayToThePause) {
  Harness h(RestartPlan());
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    const auto* up = VerbOf<UpService>(action);
    if (up == nullptr || !up->recreate) return std::nullopt;
    return Fails(action, OperationErrorCode::kComposeFailed, "port is already allocated");
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_TRUE(h.members["os-2"].running);
}

// It joined after its time: the container that was made runs, and no second restart is needed.
TEST(Restart, WhatWasMadeAgainIsNotStoppedASecondTime) {
  Harness h(RestartPlan());
  h.members["os-2"].boot = Boot::kHangs;
  h.override = [&h](const Outstanding& action) -> std::optional<EventBody> {
    if (std::holds_alternative<AwaitHealth>(action.action)) h.Advance(Millis(30'000));
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_EQ(h.Count("StopService os-2"), 1) << "it runs, it may only be slow";
  h.members["os-2"].running = true;
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(h.Count("StopService os-2"), 1);
  EXPECT_EQ(h.Count("UpService os-2"), 1);
}

TEST(Restart, ASkippedMemberWasNotRestarted) {
  Harness h(RestartPlan());
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (!Orders<StopService>(action) || action.member != 0) return std::nullopt;
    return Fails(action, OperationErrorCode::kComposeFailed, "no");
  };
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_EQ(h.rollout().phase, Phase::kPaused);
  h.Skip("os-2");
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kFailed);
  EXPECT_THAT(h.rollout().reason, HasSubstr("os-2 was not restarted (skipped)"));
}

TEST(Restart, AdoptedFromASnapshotThatARestartTook) {
  World world = HealthyWorld();
  SnapshotView snapshot;
  snapshot.name = "drover-7f3c9a1e";
  snapshot.state = "SUCCESS";
  snapshot.version = kOld;
  SnapshotOrigin origin;
  origin.from_version = origin.to_version = kOld;
  origin.settings = {{"cluster.routing.allocation.enable", std::nullopt}};
  snapshot.origin = origin;
  world.adoptable = snapshot;
  world.cluster.persistent_settings = {{"cluster.routing.allocation.enable", "primaries"}};
  PlanRequest request;
  request.cluster = "search-prod";
  request.adopt = true;
  const auto plan = MakePlan(PlanId("x"), request, HealthySpec(), world, {});
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(plan->request.kind, Kind::kRestart);
  EXPECT_TRUE(plan->Startable());
  Harness h(*plan, world);
  h.settings = world.cluster.persistent_settings;
  h.world.adoptable = snapshot;
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_TRUE(h.settings.empty());
}

}  // namespace
}  // namespace drover::rollout
