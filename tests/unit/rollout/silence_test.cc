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

TEST_F(SilenceTest, ItGoesUpOnlyWhileEveryAgentIsThere) {
  RunTo("os-3", MemberStep::kDone);
  Ends(h, "os-1");
  h.Give(AgentLost{"h3", "link down"});
  h.Run([&] { return h.rollout().phase != Phase::kRolling; });
  EXPECT_THAT(h.rollout().reason, HasSubstr("the cluster gave no answer"));
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
  EXPECT_THAT(h.rollout().reason, HasSubstr("the cluster gave no answer for 15 min"));
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

}  // namespace
}  // namespace drover::rollout
