#include "controller/rollout/gates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HealthyWorld;

TEST(MayStopTest, OneHealthyMemberMay) {
  EXPECT_TRUE(MayStop(HealthyWorld().cluster, {"id-2"}).holds);
}

// A node that has just come back recovers its primaries: nobody else has that data.
TEST(MayStopTest, TheOnlyCopyThatIsBeingRecoveredMayNot) {
  World world = HealthyWorld();
  for (ShardView& shard : world.cluster.shards) {
    if (shard.shard != 0) continue;
    shard.state = shard.primary ? ShardState::kInitializing : ShardState::kUnassigned;
    if (!shard.primary) shard.node_id.clear();
  }
  EXPECT_FALSE(MayStop(world.cluster, {"id-1"}, {}).holds);
  EXPECT_FALSE(MayStop(world.cluster, {"id-3"}, {}).holds);
}

TEST(MayStopTest, LastStartedCopyMayNot) {
  World world = HealthyWorld();
  world.cluster.shards[1].state = ShardState::kUnassigned;  // replica of shard 0, was on id-2
  world.cluster.shards[1].node_id.clear();
  const GateVerdict verdict = MayStop(world.cluster, {"id-1"});
  EXPECT_FALSE(verdict.holds);
  EXPECT_THAT(verdict.reasons, ElementsAre(HasSubstr("shard 0 of logs has no started copy")));
}

TEST(MayStopTest, AnInitializingCopyDoesNotCountAsStarted) {
  World world = HealthyWorld();
  world.cluster.shards[1].state = ShardState::kInitializing;
  EXPECT_FALSE(MayStop(world.cluster, {"id-1"}).holds);
}

TEST(MayStopTest, CopyThatOwesARecoveryHolds) {
  World world = HealthyWorld();
  ShardView extra = world.cluster.shards[1];
  extra.node_id = "id-3";
  extra.state = ShardState::kInitializing;
  world.cluster.shards.push_back(extra);
  EXPECT_THAT(MayStop(world.cluster, {"id-1"}).reasons,
              ElementsAre(HasSubstr("not recovered yet")));
}

TEST(MayStopTest, AShardElsewhereDoesNotMatter) {
  World world = HealthyWorld();
  world.cluster.shards[3].state = ShardState::kInitializing;  // shard 1 lives on id-2 and id-3
  EXPECT_TRUE(MayStop(world.cluster, {"id-1"}).holds);
}

TEST(MayStopTest, TwoVotersOfThreeMayNot) {
  World world = HealthyWorld();
  world.cluster.shards.clear();
  const GateVerdict verdict = MayStop(world.cluster, {"id-1", "id-2"});
  EXPECT_FALSE(verdict.holds);
  EXPECT_THAT(verdict.reasons.front(), HasSubstr("1 of 3 voters"));
}

TEST(MayStopTest, NoSecondVoterWhileOneIsGone) {
  World world = HealthyWorld();
  world.cluster.shards.clear();
  world.cluster.nodes.erase(world.cluster.nodes.begin() + 2);
  EXPECT_FALSE(MayStop(world.cluster, {"id-2"}).holds);
}

TEST(MayStopTest, LastNodeOfARoleMayNot) {
  World world = HealthyWorld();
  world.cluster.shards.clear();
  world.cluster.last_committed_config = {"id-1"};
  for (NodeView& node : world.cluster.nodes) node.roles = {"data"};
  world.cluster.nodes[0].roles = {"cluster_manager"};
  const GateVerdict verdict = MayStop(world.cluster, {"id-2", "id-3"});
  EXPECT_THAT(verdict.reasons, ElementsAre(HasSubstr("role data")));
}

TEST(MayStopTest, IndexWithoutReplicasWasAcceptedInThePlan) {
  World world = HealthyWorld();
  world.cluster.indices[0].replicas = 0;
  std::erase_if(world.cluster.shards, [](const ShardView& s) { return !s.primary; });
  EXPECT_TRUE(MayStop(world.cluster, {"id-1"}).holds);
}

World YellowMidRoll() {
  World world = HealthyWorld();
  world.cluster.health.status = "yellow";
  world.cluster.health.unassigned = 1;
  testing::Node(world, "os-1").version = testing::kNew;
  ShardView& replica = world.cluster.shards[1];  // of shard 0, whose primary is on os-1
  replica.state = ShardState::kUnassigned;
  replica.node_id.clear();
  return world;
}

TEST(HasRecoveredTest, GreenHas) { EXPECT_TRUE(HasRecovered(HealthyWorld().cluster).holds); }

TEST(HasRecoveredTest, YellowExplainedByTheVersionRuleHas) {
  EXPECT_TRUE(HasRecovered(YellowMidRoll().cluster).holds);
}

TEST(HasRecoveredTest, YellowWithAHomeForTheReplicaHasNot) {
  World world = YellowMidRoll();
  testing::Node(world, "os-3").version = testing::kNew;
  EXPECT_THAT(HasRecovered(world.cluster).reasons,
              ElementsAre(HasSubstr("shard 0 of logs has an unassigned copy")));
}

TEST(HasRecoveredTest, MovingShardsAndRedHaveNot) {
  World world = YellowMidRoll();
  world.cluster.health.initializing = 1;
  EXPECT_FALSE(HasRecovered(world.cluster).holds);
  world = YellowMidRoll();
  world.cluster.health.status = "red";
  EXPECT_FALSE(HasRecovered(world.cluster).holds);
}

}  // namespace
}  // namespace drover::rollout
