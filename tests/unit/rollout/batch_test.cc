// Batches of more than one, and where an operator asked to be asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rollout/harness.h"
#include "tests/unit/rollout/matchers.h"

namespace drover::rollout {
namespace {

using ::testing::ElementsAre;
using testing::Fails;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Orders;
using ::testing::UnorderedElementsAre;
using Boot = Harness::Member::Boot;

// os-4 and os-5 hold data alone and share no shard.
World FiveNodes() {
  World world = testing::HealthyWorld();
  for (const std::string n : {"4", "5"}) {
    NodeView node = world.cluster.nodes.front();
    node.id = "id-" + n;
    node.name = "os-" + n;
    node.roles = {"data"};
    world.cluster.nodes.push_back(node);
    HostView host = world.hosts.front();
    host.name = "h" + n;
    world.hosts.push_back(host);
    ProjectView project = world.projects.at({"h1", "search"});
    project.services[0].environment["node.name"] = "os-" + n;
    world.projects[{host.name, "search"}] = project;
    world.repository.verified_node_ids.push_back(node.id);
    for (const bool primary : {true, false}) {
      ShardView shard = world.cluster.shards.front();
      shard.shard = n == "4" ? 2 : 3;
      shard.primary = primary;
      shard.node_id = primary ? node.id : (n == "4" ? "id-1" : "id-3");
      world.cluster.shards.push_back(shard);
    }
  }
  world.cluster.indices[0].shards = 4;
  world.cluster.health.nodes = world.cluster.health.data_nodes = 5;
  return world;
}

Plan PlanOfTwo(const std::vector<std::string>& pause_after = {}) {
  ClusterSpec spec = testing::HealthySpec();
  for (const std::string host : {"h4", "h5"}) {
    spec.members.push_back({host, "search", "opensearch", ""});
  }
  spec.rules.max_unavailable = 2;
  spec.rules.pause_after = pause_after;
  StatusOr<Plan> plan =
      MakePlan(PlanId("7f3c9a1e"), testing::UpgradeRequest(), spec, FiveNodes(), {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  for (const CheckResult& check : plan->checks) {
    EXPECT_NE(check.verdict, Verdict::kBlock) << check.id << " " << check.evidence;
  }
  return *plan;
}

TEST(BatchTest, TwoThatShareNoShardGoTogether) {
  Harness h(PlanOfTwo(), FiveNodes());
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(h.most_down, 2u);
  for (const auto& [name, member] : h.members) {
    EXPECT_EQ(member.running_version, testing::kNew) << name;
    EXPECT_EQ(h.Count("StopService " + name), 1) << name;
  }
  EXPECT_THAT(h.settings, IsEmpty());
}

// One fails: the other comes up, the line stops; after the fix only the failed one is touched.
TEST(BatchTest, AFailureLetsTheOtherComeUpAndStopsTheLine) {
  Harness h(PlanOfTwo(), FiveNodes());
  h.members["os-4"].boot = Boot::kCrashes;
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("os-4"));
  EXPECT_TRUE(h.members["os-5"].running);
  EXPECT_EQ(h.members["os-5"].running_version, testing::kNew);
  EXPECT_EQ(h.state("os-1").step, MemberStep::kPending);
  EXPECT_THAT(h.settings, IsEmpty());
  h.members["os-4"].boot = Boot::kJoins;
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(h.Count("UpService os-5"), 1);
  EXPECT_EQ(h.Count("UpService os-4"), 2);
}

// One was given its old version back, the other is upgraded: it alone goes through the gate.
TEST(BatchTest, ARetryOfOneDoesNotStopTheOther) {
  Harness h(PlanOfTwo(), FiveNodes());
  bool broken = true;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    const auto* set = testing::VerbOf<SetImage>(action);
    if (!broken || set == nullptr || !set->image.ends_with(testing::kNew) || action.member != 0) {
      return std::nullopt;
    }
    return Fails(action, OperationErrorCode::kDiskFull, "no space left");
  };
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_EQ(h.rollout().phase, Phase::kPaused);
  const std::string failed = h.rollout().plan->members[0].name;
  const std::string other = h.rollout().plan->members[1].name;
  EXPECT_EQ(h.members[failed].running_version, testing::kOld);
  broken = false;
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(h.Count("StopService " + other), 1);
  EXPECT_EQ(h.Count("StopService " + failed), 2);
}

// The names of those that are done at each pause.
std::vector<std::string> PausesOf(const std::vector<std::string>& pause_after) {
  Harness h(PlanOfTwo(pause_after), FiveNodes());
  std::vector<std::string> pauses;
  h.Ask(Request::kStart);
  h.Run();
  while (h.rollout().phase == Phase::kPaused && pauses.size() < 9) {
    EXPECT_THAT(h.settings, IsEmpty());
    EXPECT_TRUE(h.rollout().wait.has_value());
    std::string done;
    for (const MemberState& m : h.rollout().members)
      done += m.step == MemberStep::kDone ? "x" : "-";
    pauses.push_back(done);
    h.Ask(Request::kApprove);
    h.Run();
  }
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  return pauses;
}

TEST(BatchTest, PausesWhereTheRulesSay) {
  EXPECT_THAT(PausesOf({}), IsEmpty());
  EXPECT_THAT(PausesOf({"first"}), ElementsAre("xx---"));
  EXPECT_THAT(PausesOf({"each"}), ElementsAre("xx---", "xxx--", "xxxx-"));
  EXPECT_THAT(PausesOf({"os-5"}), ElementsAre("xx---"));
  EXPECT_THAT(PausesOf({"first", "os-2"}), ElementsAre("xx---", "xxx--"));
}

}  // namespace
}  // namespace drover::rollout
