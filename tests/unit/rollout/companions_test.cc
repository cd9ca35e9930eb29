// Companions follow the last member (opensearch.md 1.3, "Dashboards").
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
using ::testing::IsEmpty;
using testing::kNew;
using testing::kOld;
using testing::Orders;
using testing::RunOne;
using testing::UpgradeRequest;

using Boot = Harness::Member::Boot;

constexpr char kDashboards[] = "registry.test:5000/dashboards";

ClusterSpec Spec() {
  ClusterSpec spec = HealthySpec();
  for (const char* host : {"h1", "h2"}) {
    spec.companions.push_back({host, "ui", "dash", std::string(kDashboards) + ":{version}"});
  }
  return spec;
}

World WorldWithCompanions() {
  World world = HealthyWorld();
  for (const char* host : {"h1", "h2"}) {
    ServiceView service;
    service.name = "dash";
    service.image = std::string(kDashboards) + ":" + kOld;
    service.container.emplace();
    service.container->image = service.image;
    service.container->state = "running";
    ProjectView project;
    project.name = "ui";
    project.services = {service};
    world.projects[{host, "ui"}] = project;
  }
  return world;
}

Plan PlanOf(const PlanRequest& request = UpgradeRequest()) {
  StatusOr<Plan> plan = MakePlan(PlanId("7f3c9a1e"), request, Spec(), WorldWithCompanions(), {});
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_TRUE(plan->Startable());
  return *plan;
}

Harness Cluster() { return Harness(PlanOf(), WorldWithCompanions()); }

// The verbs of companions, in order.
std::vector<std::string> OfCompanions(const Harness& h) {
  std::vector<std::string> verbs;
  for (const std::string& verb : h.verbs()) {
    if (verb.find("dash@") != std::string::npos) verbs.push_back(verb);
  }
  return verbs;
}

bool AnyCompanionTouched(const Rollout& rollout) {
  for (const MemberState& m : rollout.companions) {
    if (m.step != MemberStep::kPending) return true;
  }
  return false;
}

TEST(Companions, AllStopThenOneStartsThenTheOther) {
  Harness h = Cluster();
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_THAT(OfCompanions(h),
              ElementsAre("PullImage dash@h1", "PullImage dash@h2", "StopService dash@h1",
                          "StopService dash@h2", "SetImage dash@h1", "SetImage dash@h2",
                          "UpService dash@h1", "UpService dash@h2"));
  EXPECT_EQ(h.companions["dash@h1"].file_image, std::string(kDashboards) + ":" + kNew);
}

TEST(Companions, NoneIsTouchedBeforeTheLastMemberIsDone) {
  Harness h = Cluster();
  h.after_step = [](const Rollout& rollout) {
    if (!AnyCompanionTouched(rollout)) return;
    for (const MemberState& m : rollout.members) EXPECT_EQ(m.step, MemberStep::kDone);
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_TRUE(AnyCompanionTouched(h.rollout()));
}

TEST(Companions, TheSecondStartsOnlyOnceTheFirstIsHealthy) {
  Harness h = Cluster();
  h.companions["dash@h1"].boot = Boot::kHangs;
  h.Ask(Request::kStart);
  h.Run([&] { return h.Count("UpService dash@h1") == 1; });
  h.Run([&] { return h.rollout().companions[0].progress_mark == "running, starting"; });
  EXPECT_EQ(h.Count("UpService dash@h2"), 0);
  ASSERT_TRUE(h.rollout().companions[0].wait.has_value());
  EXPECT_THAT(h.rollout().companions[0].wait->reason, HasSubstr("healthy"));
  EXPECT_TRUE(h.rollout().companions[0].wait->until.has_value());
  h.companions["dash@h1"].container->health = "healthy";
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
  EXPECT_EQ(h.Count("UpService dash@h2"), 1);
}

TEST(Companions, OneThatNeverServesPausesAndItsNewImageStays) {
  Harness h = Cluster();
  h.companions["dash@h1"].boot = Boot::kHangs;
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("dash@h1: did not serve within 10 min"));
  EXPECT_THAT(h.rollout().reason, HasSubstr("may not run against the upgraded cluster"));
  EXPECT_EQ(h.companions["dash@h1"].file_image, std::string(kDashboards) + ":" + kNew);
  EXPECT_EQ(h.Count("UpService dash@h2"), 0);
  EXPECT_TRUE(h.settings.empty());
  h.companions["dash@h1"].boot = Boot::kJoins;
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(h.Count("StopService os-2"), 1) << "the members are done";
}

TEST(Companions, OneThatEndsAtBootIsStopped) {
  Harness h = Cluster();
  h.companions["dash@h1"].boot = Boot::kCrashes;
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_EQ(h.Count("StopService dash@h1"), 2);
  ASSERT_TRUE(h.rollout().companions[0].failure.has_value());
  EXPECT_THAT(h.rollout().companions[0].failure->log_lines, Contains("last line"));
}

TEST(Companions, OneThatIsSkippedEndsAsFailedAndTheOtherGoesOn) {
  Harness h = Cluster();
  h.companions["dash@h1"].boot = Boot::kCrashes;
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_EQ(h.rollout().phase, Phase::kPaused);
  h.Skip("dash@h1");
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kFailed);
  EXPECT_THAT(h.rollout().reason, HasSubstr("skipped: dash@h1"));
  EXPECT_EQ(h.Count("UpService dash@h2"), 1);
}

TEST(Companions, AnAbortStartsThemWithWhatTheirFilesName) {
  Harness h = Cluster();
  h.Ask(Request::kStart);
  h.Run([&] { return h.Count("SetImage dash@h1") == 1; });
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_TRUE(h.companions["dash@h1"].running);
  EXPECT_TRUE(h.companions["dash@h2"].running);
  EXPECT_EQ(h.Count("RestoreFile dash@h1"), 0);
  EXPECT_THAT(h.rollout().outcome,
              Contains("dash@h1 was started again with the image that its file names"));
}

TEST(Companions, AVerbThatFailsStopsTheLine) {
  Harness h = Cluster();
  h.override = [](const Outstanding& action) -> std::optional<EventBody> {
    if (!Orders<SetImage>(action) || action.member != 3) return std::nullopt;
    return Fails(action, OperationErrorCode::kFileChanged, "the image is another one");
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("the image is another one"));
  EXPECT_EQ(h.Count("UpService dash@h1") + h.Count("UpService dash@h2"), 0);
}

TEST(Companions, ARestartLeavesThemAlone) {
  PlanRequest request;
  request.cluster = "search-prod";
  request.kind = Kind::kRestart;
  EXPECT_THAT(PlanOf(request).companions, IsEmpty());
}

TEST(Companions, OneThatHasTheImageHasNothingToDo) {
  World world = WorldWithCompanions();
  world.projects[{"h1", "ui"}].services.front().image = std::string(kDashboards) + ":" + kNew;
  const auto plan = MakePlan(PlanId("x"), UpgradeRequest(), Spec(), world, {});
  ASSERT_EQ(plan->companions.size(), 1u);
  EXPECT_EQ(plan->companions[0].name, "dash@h2");
  EXPECT_EQ(plan->companions[0].to_image, std::string(kDashboards) + ":" + kNew);
}

TEST(Companions, OneThatCannotBeReachedBlocks) {
  World world = WorldWithCompanions();
  world.projects[{"h2", "ui"}].services.clear();
  const CheckResult check = RunOne("P23", world, Spec());
  EXPECT_EQ(check.verdict, Verdict::kBlock);
  EXPECT_THAT(check.evidence, HasSubstr("companion h2/ui/dash: the project has no such service"));
  world = WorldWithCompanions();
  world.projects[{"h1", "ui"}].denials = {"/etc/drover/agent.yaml does not allow the image x"};
  EXPECT_THAT(RunOne("P23", world, Spec()).evidence, HasSubstr("does not allow"));
}

}  // namespace
}  // namespace drover::rollout
