// A cluster that gives no answer, or takes no setting: waited for with a limit, then an operator is
// asked. Where its only cluster manager is down, its host says so and it goes up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rollout/harness.h"
#include "tests/unit/rollout/matchers.h"

namespace drover::rollout {
namespace {

using testing::Harness;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kSilence[] = "cluster_manager_not_discovered_exception";

// os-1 alone may be cluster manager.
World OneManager() {
  World world = testing::HealthyWorld();
  for (const char* name : {"os-2", "os-3"}) {
    testing::Node(world, name).roles = {"data"};
  }
  world.cluster.last_committed_config = world.cluster.last_accepted_config = {"id-1"};
  return world;
}

Plan PlanOf(const World& world) {
  PlanRequest request = testing::UpgradeRequest();
  request.accept_downtime = true;
  StatusOr<Plan> plan = MakePlan(PlanId("7f3c9a1e"), request, testing::HealthySpec(), world, {});
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return *plan;
}

// Nobody answers while os-1 is down.
std::optional<EventBody> Silence(Harness& h, const Outstanding& action) {
  if (h.members["os-1"].running) return std::nullopt;
  if (std::holds_alternative<ObserveWorld>(action.action)) {
    h.Advance(Millis(30'000));
    World world;
    world.cluster_error = kSilence;
    return Observed{action.id, world};
  }
  if (std::holds_alternative<PutSettings>(action.action)) return CallEnded{action.id, kSilence};
  if (std::holds_alternative<AwaitHealth>(action.action)) {
    return HealthSeen{action.id, {}, kSilence};
  }
  if (std::holds_alternative<ReadNodes>(action.action)) return NodesSeen{action.id, {}, kSilence};
  return std::nullopt;
}

// By another controller, or by itself.
void Ends(Harness& h, const std::string& name) {
  h.members[name].running = false;
  h.members[name].container->state = "exited";
}

class SilenceTest : public ::testing::Test {
 protected:
  SilenceTest() {
    h.override = [this](const Outstanding& action) { return Silence(h, action); };
  }
  void RunTo(const std::string& member, MemberStep step) {
    h.Ask(Request::kStart);
    h.Run([&] { return h.state(member).step == step; });
    ASSERT_EQ(h.state(member).step, step);
  }

  Harness h{PlanOf(OneManager()), OneManager()};
};

TEST_F(SilenceTest, TheOnlyManagerThatIsDownAtItsGateGoesUp) {
  RunTo("os-3", MemberStep::kDone);
  Ends(h, "os-1");
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(h.Count("UpService os-1"), 1);
}

TEST_F(SilenceTest, AnAbortTriesTheOnlyManagerUntilItStarts) {
  RunTo("os-1", MemberStep::kSetImage);
  int failed = 0;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (testing::Orders<UpService>(action) && failed < 5) {
      ++failed;
      return testing::Fails(action, OperationErrorCode::kComposeFailed, "port is taken");
    }
    return Silence(h, action);
  };
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted) << h.rollout().reason;
  EXPECT_EQ(failed, 5);
  EXPECT_TRUE(h.members["os-1"].running);
  EXPECT_THAT(h.settings, IsEmpty());
}

TEST_F(SilenceTest, ItGoesUpOnlyWhileEveryAgentIsThere) {
  RunTo("os-3", MemberStep::kDone);
  Ends(h, "os-1");
  h.Give(AgentLost{"h3", "link down"});
  h.Run([&] { return h.rollout().phase == Phase::kPaused; });
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_EQ(h.Count("StopService os-1"), 0);
}

TEST_F(SilenceTest, AGateWithoutAnAnswerAsksTheOperatorAfterItsLimit) {
  h.Ask(Request::kStart);
  h.Run([&] { return h.rollout().phase == Phase::kRolling; });
  Ends(h, "os-1");  // not of the batch at this gate
  std::optional<Wait> wait;
  h.after_step = [&](const Rollout& rollout) {
    if (rollout.phase == Phase::kRolling && rollout.wait) wait = rollout.wait;
  };
  const Time since = h.now();
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("the cluster gave no answer, or refused, for 15 min"));
  EXPECT_THAT(h.rollout().reason, HasSubstr(kSilence));
  EXPECT_GE(h.now() - since, h.rollout().plan->spec.rules.recover_stall);
  ASSERT_TRUE(wait);
  EXPECT_TRUE(wait->until);
  EXPECT_EQ(h.Count("StopService os-2"), 0);
  h.members["os-1"].running = true;
  h.members["os-1"].container->state = "running";
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
}

// The settings of the whole rollout are changed already when the only manager ends.
TEST_F(SilenceTest, APauseSaysWhatIsNotPutBackAndTriesItOn) {
  RunTo("os-2", MemberStep::kDone);
  h.Run([&] { return h.state("os-3").step == MemberStep::kPending; });
  Ends(h, "os-1");
  std::optional<Time> limit;
  h.after_step = [&](const Rollout& rollout) {
    if (rollout.phase == Phase::kRestoring && rollout.wait && rollout.wait->until) {
      limit = rollout.wait->until;
    }
  };
  h.Run([&] { return h.rollout().phase == Phase::kPaused; });
  ASSERT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_TRUE(limit) << "RESTORING shows until when it tries";
  EXPECT_THAT(h.rollout().wait->reason, HasSubstr("not put back yet"));
  EXPECT_THAT(h.rollout().wait->reason, HasSubstr("cluster.routing.rebalance.enable"));
  int answers = 0;
  h.Run([&] { return ++answers > 20; });
  EXPECT_EQ(h.rollout().phase, Phase::kPaused) << "an operator is waited for, however long";
  EXPECT_FALSE(h.settings.empty());
  h.members["os-1"].running = true;
  h.members["os-1"].container->state = "running";
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.settings, IsEmpty()) << "nobody had to ask for it";
  EXPECT_THAT(h.rollout().wait->reason, Not(HasSubstr("not put back yet")));
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
}

TEST_F(SilenceTest, AResumeStartsTheOnlyManagerThatIsDown) {
  RunTo("os-1", MemberStep::kJoined);
  Ends(h, "os-1");
  h.Run([&] { return h.rollout().phase == Phase::kPaused; });
  ASSERT_EQ(h.rollout().phase, Phase::kPaused);
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(h.Count("UpService os-1"), 2);
  EXPECT_THAT(h.settings, IsEmpty());
}

// An end is not reached before everything is as it was (promise 6).
TEST_F(SilenceTest, AnAbortWaitsUntilTheClusterTakesItsSettingsBack) {
  RunTo("os-2", MemberStep::kDone);
  Ends(h, "os-1");
  h.Ask(Request::kAbort);
  int answers = 0;
  h.Run([&] { return ++answers > 1'000; });
  EXPECT_EQ(h.rollout().phase, Phase::kRestoring);
  h.members["os-1"].running = true;
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_THAT(h.settings, IsEmpty());
}

// Refusals and silence in each step that asks the cluster for something: each ends in a pause.
struct Refusal {
  std::string name;
  Phase phase;
  MemberStep step;
  std::function<bool(const Action&)> what;
};
class RefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusalTest, HasALimitAndAResumeGoesOn) {
  Harness h;
  std::optional<Wait> wait;
  bool refuses = true;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    const bool there =
        h.rollout().phase == GetParam().phase && h.state("os-2").step == GetParam().step;
    if (!refuses || !there) return std::nullopt;
    if (std::holds_alternative<AwaitHealth>(action.action)) {
      return HealthSeen{action.id, {}, kSilence};
    }
    if (!GetParam().what(action.action)) return std::nullopt;
    h.Advance(Millis(30'000));
    if (std::holds_alternative<PutSettings>(action.action)) return CallEnded{action.id, kSilence};
    World world;
    world.cluster_error = kSilence;
    return Observed{action.id, world};
  };
  h.after_step = [&](const Rollout& rollout) {
    if (rollout.phase != GetParam().phase) return;
    for (const auto& each : {rollout.wait, rollout.members[0].wait}) {
      if (each && each->reason.find(kSilence) != std::string::npos) wait = each;
    }
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr(kSilence));
  EXPECT_THAT(h.settings, IsEmpty());
  ASSERT_TRUE(wait);
  EXPECT_TRUE(wait->until) << wait->reason;
  refuses = false;
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
}

bool Puts(const Action& action) { return std::holds_alternative<PutSettings>(action); }
bool Looks(const Action& action) { return std::holds_alternative<ObserveWorld>(action); }

INSTANTIATE_TEST_SUITE_P(
    Steps, RefusalTest,
    ::testing::Values(Refusal{"Gate", Phase::kRolling, MemberStep::kPending, Looks},
                      Refusal{"Freeze", Phase::kRolling, MemberStep::kFreeze, Puts},
                      Refusal{"SecondGate", Phase::kRolling, MemberStep::kFlush, Looks},
                      Refusal{"Thaw", Phase::kRolling, MemberStep::kThaw, Puts},
                      Refusal{"Recovered", Phase::kRolling, MemberStep::kRecovered, Looks},
                      Refusal{"PutBack", Phase::kFinishing, MemberStep::kDone, Puts},
                      Refusal{"LastLook", Phase::kFinishing, MemberStep::kDone, Looks}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace drover::rollout
