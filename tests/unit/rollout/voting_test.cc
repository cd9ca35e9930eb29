// Clusters of two cluster managers, of one, and of one node (opensearch.md 1.2 and R3), and shards
// whose replicas never had a home.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/rollout/gates.h"
#include "tests/unit/rollout/harness.h"
#include "tests/unit/rollout/matchers.h"

namespace drover::rollout {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Harness;
using ::testing::HasSubstr;
using testing::HealthySpec;
using testing::HealthyWorld;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::RunOne;
using testing::UpgradeRequest;

// The first `managers` nodes may be cluster manager, and os-1 has the only vote.
World WorldOf(int managers) {
  World world = HealthyWorld();
  for (int i = managers + 1; i <= 3; ++i) {
    testing::Node(world, "os-" + std::to_string(i)).roles = {"data"};
  }
  world.cluster.last_committed_config = world.cluster.last_accepted_config = {"id-1"};
  return world;
}

World OneNode() {
  World world = WorldOf(1);
  world.cluster.nodes.resize(1);
  world.cluster.endpoints.resize(1);
  world.cluster.shards = {{"logs", 0, true, ShardState::kStarted, "id-1", "", ""},
                          {"logs", 0, false, ShardState::kUnassigned, "", "", "INDEX_CREATED"}};
  world.cluster.indices.front().shards = 1;
  world.cluster.health.status = "yellow";
  world.cluster.health.unassigned = 1;
  return world;
}

ClusterSpec OneMember() {
  ClusterSpec spec = HealthySpec();
  spec.members.resize(1);
  spec.endpoints.resize(1);
  return spec;
}

PlanRequest Accepting() {
  PlanRequest request = UpgradeRequest();
  request.accept_downtime = true;
  return request;
}

Plan PlanOf(const World& world, const PlanRequest& request = UpgradeRequest(),
            const ClusterSpec& spec = HealthySpec()) {
  StatusOr<Plan> plan = MakePlan(PlanId("7f3c9a1e"), request, spec, world, {});
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  for (const CheckResult& check : plan->checks) {
    EXPECT_NE(check.verdict, Verdict::kBlock) << check.id << " " << check.evidence;
  }
  return *plan;
}

Harness TwoManagers() {
  const World world = WorldOf(2);
  return Harness(PlanOf(world), world);
}

size_t At(const Harness& h, const std::string& verb) {
  const auto it = std::find(h.verbs().begin(), h.verbs().end(), verb);
  EXPECT_NE(it, h.verbs().end()) << verb;
  return static_cast<size_t>(it - h.verbs().begin());
}

TEST(Voting, TheVoteMovesBeforeItsHolderStopsAndBackAfterItHasRecovered) {
  Harness h = TwoManagers();
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(h.Count("Exclude os-1"), 1);
  EXPECT_EQ(h.Count("Exclude os-2"), 0) << "it has no vote";
  EXPECT_LT(At(h, "Exclude os-1"), At(h, "StopService os-1"));
  EXPECT_GT(At(h, "ClearExclusions"), At(h, "UpService os-1"));
  EXPECT_THAT(h.exclusions, IsEmpty());
}

TEST(Voting, TheExclusionIsDurableBeforeTheCall) {
  Harness h = TwoManagers();
  bool asked = false;
  h.after_step = [&](const Rollout& rollout) {
    for (const Outstanding& o : rollout.outstanding) {
      if (!std::holds_alternative<AddVotingExclusion>(o.action)) continue;
      asked = true;
      EXPECT_THAT(rollout.exclusions, Contains(VotingExclusion{"os-1", true}));
    }
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_TRUE(asked);
}

TEST(Voting, AnAbortTakesTheExclusionBack) {
  Harness h = TwoManagers();
  h.Ask(Request::kStart);
  h.Run([&] { return h.state("os-1").step == MemberStep::kLeft; });
  ASSERT_FALSE(h.exclusions.empty());
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_THAT(h.exclusions, IsEmpty());
  EXPECT_TRUE(h.members["os-1"].running);
}

TEST(Voting, AnAbortAwaitsTheCallThatIsUnderWay) {
  Harness h = TwoManagers();
  h.Ask(Request::kStart);
  h.Run([&] { return !h.rollout().exclusions.empty(); });
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_EQ(h.Count("Exclude os-1"), 1);
  EXPECT_THAT(h.exclusions, IsEmpty());
}

TEST(Voting, AVoteThatDoesNotMoveStopsNobody) {
  Harness h = TwoManagers();
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (!std::holds_alternative<AddVotingExclusion>(action.action)) return std::nullopt;
    return CallEnded{action.id, "timed out waiting for voting config exclusions"};
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("the vote could not be moved"));
  EXPECT_EQ(h.Count("StopService os-1"), 0);
  EXPECT_GE(h.Count("ClearExclusions"), 1) << "a call that failed may have landed";
}

TEST(Voting, AnExclusionThatLandedLateIsTakenBackOnceMore) {
  Harness h = TwoManagers();
  bool late = false;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    const auto* observe = std::get_if<ObserveWorld>(&action.action);
    if (observe == nullptr || h.rollout().phase != Phase::kFinishing || late) return std::nullopt;
    late = true;
    h.exclusions = {"os-1"};
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
  EXPECT_TRUE(late);
  EXPECT_THAT(h.exclusions, IsEmpty());
  EXPECT_THAT(h.KindsSaid(), Contains("voting.late"));
}

TEST(Voting, OfThreeManagersNoVoteIsMoved) {
  Harness h;
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
  EXPECT_TRUE(h.rollout().exclusions.empty());
}

TEST(OneManager, BlocksUntilItsDowntimeIsAccepted) {
  const CheckResult blocked = RunOne("P5", WorldOf(1));
  EXPECT_EQ(blocked.verdict, Verdict::kBlock);
  EXPECT_THAT(blocked.evidence, HasSubstr("os-1 is the only cluster-manager node"));
  EXPECT_THAT(blocked.remedy, HasSubstr("drover upgrade search-prod … --accept-downtime"));
  const CheckResult accepted = RunOne("P5", WorldOf(1), HealthySpec(), Accepting());
  EXPECT_EQ(accepted.verdict, Verdict::kWarn);
}

TEST(OneManager, ARestartOfTheOthersNeedsNoDowntime) {
  PlanRequest request;
  request.cluster = "search-prod";
  request.kind = Kind::kRestart;
  request.members = {"os-2"};
  EXPECT_EQ(RunOne("P5", WorldOf(1), HealthySpec(), request).verdict, Verdict::kPass);
  request.members = {"os-1"};
  const CheckResult check = RunOne("P5", WorldOf(1), HealthySpec(), request);
  EXPECT_EQ(check.verdict, Verdict::kBlock);
  EXPECT_THAT(check.remedy, HasSubstr("drover restart"));
}

TEST(OneManager, ThePlanSaysWhoseDowntime) {
  const Plan plan = PlanOf(WorldOf(1), Accepting());
  EXPECT_EQ(plan.downtime_of, "os-1");
  EXPECT_GT(plan.downtime, Millis(0));
}

TEST(OneManager, IsStoppedLastAndNobodyIsAskedWhetherItHasLeft) {
  const World world = WorldOf(1);
  Harness h(PlanOf(world, Accepting()), world);
  bool asked = false;
  h.after_step = [&](const Rollout& rollout) {
    const MemberState& last = rollout.members.back();
    asked = asked || (last.step == MemberStep::kLeft);
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(h.verbs().back(), "UpService os-1");
  EXPECT_FALSE(asked);
}

TEST(OneNode, IsYellowBeforeAndAfterAndThatIsSaid) {
  const World world = OneNode();
  EXPECT_EQ(RunOne("P2", world, OneMember(), Accepting()).verdict, Verdict::kWarn);
  const Plan plan = PlanOf(world, Accepting(), OneMember());
  EXPECT_THAT(plan.homeless, ElementsAre(HomelessReplicas{"logs", 0, 1}));
  Harness h(plan, world);
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_THAT(h.KindsSaid(), Contains("recovery.yellow"));
  EXPECT_THAT(h.rollout().outcome, Contains(HasSubstr("had no home before either")));
}

// The settings can only be put back by what is down.
TEST(OneNode, AFailureSaysWhatBringsTheSettingsBack) {
  const World world = OneNode();
  Harness h(PlanOf(world, Accepting(), OneMember()), world);
  h.members["os-1"].boot = Harness::Member::Boot::kCrashes;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    const bool down = !h.members["os-1"].running;
    if (!down || !std::holds_alternative<PutSettings>(action.action)) return std::nullopt;
    return CallEnded{action.id, "no endpoint answers"};
  };
  h.Ask(Request::kStart);
  std::string said;
  h.after_step = [&](const Rollout& rollout) {
    if (rollout.phase == Phase::kRestoring && rollout.wait) said += rollout.wait->reason + "\n";
  };
  h.Run([&] { return said.find("os-1 is down: start it by hand") != std::string::npos; });
  EXPECT_EQ(h.rollout().phase, Phase::kRestoring);
  EXPECT_THAT(said, HasSubstr("drover rollout abort 7f3c9a1e starts it"));
  h.members["os-1"].boot = Harness::Member::Boot::kJoins;
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_TRUE(h.settings.empty());
}

TEST(Homeless, OnlyWhereEveryDataNodeHoldsACopy) {
  World world = HealthyWorld();
  ShardView third = {"logs", 0, false, ShardState::kUnassigned, "", "", "INDEX_CREATED"};
  world.cluster.shards.push_back(third);
  EXPECT_THAT(FindHomeless(world.cluster), IsEmpty()) << "id-3 could take it";
  testing::Node(world, "os-3").roles = {"cluster_manager"};
  EXPECT_THAT(FindHomeless(world.cluster), ElementsAre(HomelessReplicas{"logs", 0, 1}));
}

TEST(Homeless, DoesNotHoldTheGateAndHidesNoOtherCopy) {
  World world = HealthyWorld();
  testing::Node(world, "os-3").roles = {"cluster_manager"};
  world.cluster.shards = {{"logs", 0, true, ShardState::kStarted, "id-1", "", ""},
                          {"logs", 0, false, ShardState::kStarted, "id-2", "", ""},
                          {"logs", 0, false, ShardState::kUnassigned, "", "", ""}};
  world.cluster.health.status = "yellow";
  const Allowances allowed{false, {{"logs", 0, 1}}};
  EXPECT_TRUE(MayStop(world.cluster, {"id-2"}, {}, allowed).holds);
  EXPECT_FALSE(MayStop(world.cluster, {"id-2"}).holds);
  const GateVerdict verdict = HasRecovered(world.cluster, allowed.homeless);
  EXPECT_TRUE(verdict.holds);
  EXPECT_THAT(verdict.explained, Not(IsEmpty()));
  // A second copy is missing: that one had a home.
  world.cluster.shards[1].state = ShardState::kUnassigned;
  EXPECT_FALSE(HasRecovered(world.cluster, allowed.homeless).holds);
  EXPECT_FALSE(MayStop(world.cluster, {"id-1"}, {}, allowed).holds);
}

// Downtime that is accepted is the manager's: a data node that others could replace keeps R1.
TEST(MayStop, AcceptedDowntimeIsNoLeaveToLoseACopy) {
  World world = WorldOf(1);
  world.cluster.shards[1].state = ShardState::kUnassigned;  // shard 0 is on id-1 alone
  const Allowances allowed{true, {}};
  EXPECT_THAT(MayStop(world.cluster, {"id-1"}, {}, allowed).reasons,
              ElementsAre(HasSubstr("no started copy elsewhere")));
  NodeView away;
  away.roles = {"cluster_manager"};
  EXPECT_TRUE(MayStop(world.cluster, {"id-1"}, {away}, allowed).loses_quorum)
      << "another manager belongs to the cluster";
}

}  // namespace
}  // namespace drover::rollout
