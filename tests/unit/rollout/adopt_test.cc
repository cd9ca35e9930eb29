// drover cluster adopt: the upgrade of a controller that is gone for good, gone on with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rollout/harness.h"

namespace drover::rollout {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Harness;
using ::testing::HasSubstr;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::kImage;
using testing::kNew;
using testing::kOld;
using testing::kStart;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kAllocation[] = "cluster.routing.allocation.enable";
constexpr char kRebalance[] = "cluster.routing.rebalance.enable";

std::string Image(const std::string& version) { return std::string(kImage) + ":" + version; }

PlanRequest AdoptRequest() {
  PlanRequest request;
  request.cluster = "search-prod";
  request.adopt = true;
  return request;
}

SnapshotView LostSnapshot() {
  SnapshotView snapshot;
  snapshot.repository = "backups";
  snapshot.name = "drover-7f3c9a1e";
  snapshot.state = "SUCCESS";
  snapshot.version = kOld;
  snapshot.ended_at = kStart;
  SnapshotOrigin origin;
  origin.rollout = "7f3c9a1e";
  origin.cluster_uuid = "uuid-1";
  origin.from_version = kOld;
  origin.to_version = kNew;
  origin.settings = {{kAllocation, std::nullopt}, {kRebalance, "all"}};
  origin.policies = {"daily"};
  snapshot.origin = origin;
  return snapshot;
}

void SetMember(World* world, int i, const std::string& version, const std::string& state) {
  ServiceView& service = world->projects.at({"h" + std::to_string(i), "search"}).services.front();
  service.image = service.container->image = Image(version);
  service.container->state = state;
}

// os-2 is done, os-3 is stopped with its file edited already, os-1 was not begun; allocation and
// rebalance are frozen.
World Interrupted() {
  World world = HealthyWorld();
  world.adoptable = LostSnapshot();
  testing::Node(world, "os-2").version = kNew;
  SetMember(&world, 2, kNew, "running");
  SetMember(&world, 3, kNew, "exited");
  world.projects.at({"h3", "search"}).services.front().container->image = Image(kOld);
  std::erase_if(world.cluster.nodes, [](const NodeView& node) { return node.name == "os-3"; });
  for (ShardView& shard : world.cluster.shards) {
    if (shard.node_id != "id-3") continue;
    shard.state = ShardState::kUnassigned;
    shard.node_id.clear();
  }
  world.cluster.health.status = "yellow";
  world.cluster.health.unassigned = 1;
  world.cluster.health.nodes = 2;
  world.cluster.persistent_settings = {{kAllocation, "primaries"}, {kRebalance, "none"}};
  return world;
}

StatusOr<Plan> PlanOf(const World& world, const PlanRequest& request = AdoptRequest()) {
  return MakePlan(PlanId("12345678"), request, HealthySpec(), world, History());
}

std::string Blocking(const Plan& plan) {
  std::string text;
  for (const CheckResult& check : plan.checks) {
    if (check.verdict == Verdict::kBlock) text += check.id + ": " + check.evidence + "\n";
  }
  return text;
}

// The world of Interrupted() as the model of the harness.
Harness Resumed(const Plan& plan) {
  World world = HealthyWorld();
  world.adoptable = LostSnapshot();
  Harness h(plan, world);
  h.members.at("os-2").file_image = Image(kNew);
  h.members.at("os-2").running_version = h.members.at("os-2").opened = kNew;
  h.members.at("os-2").container->image = Image(kNew);
  h.members.at("os-3").file_image = Image(kNew);
  h.members.at("os-3").running = false;
  h.members.at("os-3").container->state = "exited";
  h.settings = {{kAllocation, "primaries"}, {kRebalance, "none"}};
  h.policies_stopped = {"daily"};
  h.snapshot = true;
  return h;
}

TEST(AdoptPlanTest, WhatTheUpgradeLeftDoesNotBlock) {
  const auto plan = PlanOf(Interrupted());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->Startable()) << Blocking(*plan);
  EXPECT_EQ(plan->request.to_version, kNew);
  EXPECT_EQ(plan->from_version, kOld);
  EXPECT_EQ(plan->snapshot, "drover-7f3c9a1e");
  EXPECT_EQ(plan->observed_nodes, 3);
  EXPECT_THAT(
      plan->checks.front().evidence,
      AllOf(HasSubstr("drover-7f3c9a1e"), HasSubstr("cluster.routing.rebalance.enable=all")));
}

TEST(AdoptPlanTest, TheStoppedMemberIsFirstAndTheUntouchedOneLast) {
  const auto plan = PlanOf(Interrupted());
  ASSERT_TRUE(plan.ok()) << plan.status();
  std::vector<std::string> names;
  for (const PlannedMember& member : plan->members) names.push_back(member.name);
  EXPECT_THAT(names, ElementsAre("os-3", "os-2", "os-1"));
  EXPECT_EQ(plan->batches, 3);
  EXPECT_THAT(plan->members[1].note, HasSubstr("runs 2.19.1 already"));
}

TEST(AdoptPlanTest, AnythingElseStillBlocks) {
  World world = Interrupted();
  world.cluster.health.status = "red";
  EXPECT_THAT(Blocking(*PlanOf(world)), HasSubstr("P2"));

  world = Interrupted();
  world.cluster.persistent_settings["cluster.blocks.read_only"] = "true";
  EXPECT_THAT(Blocking(*PlanOf(world)), AllOf(HasSubstr("P6"), HasSubstr("read_only")));

  world = Interrupted();
  testing::Node(world, "os-2").version = "2.18.0";  // neither of the two
  EXPECT_THAT(Blocking(*PlanOf(world)), HasSubstr("P4"));

  world = Interrupted();
  world.cluster.voting_exclusions = {"os-1"};
  EXPECT_THAT(Blocking(*PlanOf(world)), HasSubstr("P5"));
}

TEST(AdoptPlanTest, WithoutASnapshotItSaysWhatCanBeDoneByHand) {
  World world = Interrupted();
  world.adoptable.reset();
  const Status status = PlanOf(world).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), AllOf(HasSubstr("backups"), HasSubstr(kAllocation)));
}

TEST(AdoptPlanTest, AnotherTargetThanTheSnapshotsIsRefused) {
  PlanRequest request = AdoptRequest();
  request.to_version = "2.19.2";
  EXPECT_EQ(PlanOf(Interrupted(), request).status().code(), StatusCode::kInvalidArgument);
}

TEST(AdoptTest, TheRestIsDoneAndTheSettingsAreAsBeforeTheLostRollout) {
  Harness h = Resumed(*PlanOf(Interrupted()));
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  for (const auto& [name, member] : h.members) EXPECT_EQ(member.running_version, kNew) << name;
  EXPECT_EQ(h.Count("StopService os-2") + h.Count("UpService os-2"), 0);
  EXPECT_EQ(h.Count("UpService os-3"), 1);
  EXPECT_EQ(h.Count("StopService os-1"), 1);
  EXPECT_EQ(h.most_down, 1u);
  EXPECT_THAT(h.settings, UnorderedElementsAre(Pair(kRebalance, "all")));
  EXPECT_TRUE(h.policies_stopped.empty());
  EXPECT_THAT(h.KindsSaid(), Contains("rollout.adopted"));
}

TEST(AdoptTest, WhereAllMembersAreDoneOnlyTheSettingsArePutBack) {
  World world = Interrupted();
  world.cluster = HealthyWorld().cluster;
  world.cluster.persistent_settings = {{kAllocation, "primaries"}, {kRebalance, "none"}};
  for (NodeView& node : world.cluster.nodes) node.version = kNew;
  for (int i = 1; i <= 3; ++i) SetMember(&world, i, kNew, "running");
  const auto plan = PlanOf(world);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_TRUE(plan->Startable()) << Blocking(*plan);
  Harness h = Resumed(*plan);
  for (auto& [name, member] : h.members) {
    member.file_image = member.container->image = Image(kNew);
    member.container->state = "running";
    member.running = true;
    member.running_version = member.opened = kNew;
  }
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  for (const std::string& verb : h.verbs()) EXPECT_THAT(verb, HasSubstr("PullImage"));
  EXPECT_THAT(h.settings, UnorderedElementsAre(Pair(kRebalance, "all")));
}

TEST(AdoptTest, AnAbortStartsTheStoppedMemberAndPutsTheSettingsBack) {
  Harness h = Resumed(*PlanOf(Interrupted()));
  h.Ask(Request::kStart);
  h.Run([&h] { return h.rollout().phase == Phase::kRolling; });
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted) << h.rollout().reason;
  EXPECT_TRUE(h.members.at("os-3").running);
  EXPECT_THAT(h.settings, UnorderedElementsAre(Pair(kRebalance, "all")));
}

TEST(AdoptTest, ANewerSnapshotMakesThePlanStale) {
  Harness h = Resumed(*PlanOf(Interrupted()));
  h.world.adoptable->name = "drover-other";
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kFailed);
  EXPECT_EQ(h.rollout().refused, Refused::kStale);
  EXPECT_TRUE(h.verbs().empty());
}

}  // namespace
}  // namespace drover::rollout
