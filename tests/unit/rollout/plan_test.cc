#include "controller/rollout/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/rollout/batches.h"
#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HealthyPlan;
using testing::HealthySpec;
using testing::HealthyWorld;
using ::testing::IsEmpty;
using testing::UpgradeRequest;

std::vector<std::string> Names(const std::vector<PlannedMember>& members) {
  std::vector<std::string> names;
  for (const PlannedMember& member : members) names.push_back(member.name);
  return names;
}

PlannedMember Member(const std::string& name, const std::string& node_id,
                     const std::vector<std::string>& roles) {
  PlannedMember member;
  member.name = name;
  member.node_id = node_id;
  member.roles = roles;
  return member;
}

TEST(PlanTest, TheElectedClusterManagerIsLast) {
  const Plan plan = HealthyPlan();
  EXPECT_THAT(Names(plan.members), ElementsAre("os-2", "os-3", "os-1"));
  EXPECT_EQ(plan.batches, 3);
  EXPECT_EQ(plan.members[2].batch, 2);
  EXPECT_THAT(plan.members[2].note, HasSubstr("elected"));
}

TEST(PlanTest, OnlyTheTagOfTheImageChanges) {
  const Plan plan = HealthyPlan();
  EXPECT_EQ(plan.members[0].from_image, "registry.test:5000/opensearch:2.17.1");
  EXPECT_EQ(plan.members[0].to_image, "registry.test:5000/opensearch:2.19.1");
}

TEST(PlanTest, DataNodesFirstThenOthersThenManagers) {
  World world = HealthyWorld();
  world.cluster.shards.clear();
  std::vector<PlannedMember> members;
  members.push_back(Member("m-elected", "a", {"cluster_manager"}));
  members.back().elected_manager = true;
  members.push_back(Member("m", "b", {"cluster_manager"}));
  members.push_back(Member("coordinating", "c", {}));
  members.push_back(Member("data", "d", {"data"}));
  EXPECT_EQ(AssignBatches(world.cluster, 1, &members), 4);
  EXPECT_THAT(Names(members), ElementsAre("data", "coordinating", "m", "m-elected"));
}

TEST(PlanTest, MembersThatShareAShardAreNeverTogether) {
  World world = HealthyWorld();
  for (NodeView& node : world.cluster.nodes) node.roles = {"data"};
  NodeView manager;
  manager.id = manager.name = "manager";
  manager.roles = {"cluster_manager"};
  world.cluster.nodes.push_back(manager);
  world.cluster.last_committed_config = {"manager"};
  std::vector<PlannedMember> members;
  for (int i = 1; i <= 3; ++i) {
    members.push_back(Member("os-" + std::to_string(i), "id-" + std::to_string(i), {"data"}));
  }
  // Shard 0 lives on os-1 and os-2, shard 1 on os-2 and os-3.
  std::swap(members[1], members[2]);
  EXPECT_EQ(AssignBatches(world.cluster, 2, &members), 2);
  EXPECT_EQ(members[0].batch, members[1].batch);
  EXPECT_EQ(members[2].name, "os-2");
  EXPECT_EQ(members[2].batch, 1);
}

TEST(PlanTest, BadRequestsAreErrorsNotChecks) {
  PlanRequest request = UpgradeRequest();
  request.to_version = "2.19";
  const StatusOr<Plan> plan = MakePlan(PlanId("x"), request, HealthySpec(), HealthyWorld(), {});
  EXPECT_EQ(plan.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(plan.status()), HasSubstr("2.19"));
}

TEST(PlanTest, ExpectedTimeRestsOnHistoryAndSaysSo) {
  const Plan guess = HealthyPlan();
  EXPECT_THAT(guess.expected_from, HasSubstr("guess"));
  History history{1, Millis(1000), Millis(4000), Millis(9000)};
  const StatusOr<Plan> known =
      MakePlan(PlanId("x"), UpgradeRequest(), HealthySpec(), HealthyWorld(), history);
  EXPECT_EQ(known->expected, Millis(31000));
}

TEST(FingerprintTest, NamesWhatChanged) {
  World world = HealthyWorld();
  const auto before = Fingerprint(HealthySpec(), world);
  EXPECT_THAT(Differences(before, Fingerprint(HealthySpec(), world)), IsEmpty());
  testing::Project(world, "h2").file_sha256["/srv/search/docker-compose.yml"] = "other";
  EXPECT_THAT(Differences(before, Fingerprint(HealthySpec(), world)),
              ElementsAre(HasSubstr("file /srv/search/docker-compose.yml on h2 changed")));
  world = HealthyWorld();
  world.cluster.nodes.pop_back();
  EXPECT_THAT(Differences(before, Fingerprint(HealthySpec(), world)),
              ElementsAre(HasSubstr("node os-3 is gone")));
}

}  // namespace
}  // namespace drover::rollout
