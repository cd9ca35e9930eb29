#include "controller/rollout/checks/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using ::testing::HasSubstr;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::Node;
using testing::Project;
using testing::RunOne;
using testing::UpgradeRequest;

// The check blocks with `evidence` in its evidence and says what to do.
void ExpectBlocks(const CheckResult& result, const std::string& evidence) {
  EXPECT_EQ(result.verdict, Verdict::kBlock) << result.evidence;
  EXPECT_THAT(result.evidence, HasSubstr(evidence));
  EXPECT_FALSE(result.remedy.empty());
}

TEST(ChecksTest, AHealthyWorldPassesAll) {
  const auto results = RunChecks(UpgradeRequest(), HealthySpec(), HealthyWorld());
  EXPECT_EQ(results.size(), AllChecks().size());
  for (const CheckResult& result : results) {
    EXPECT_EQ(result.verdict, Verdict::kPass) << result.id << " " << result.evidence;
    EXPECT_FALSE(result.evidence.empty()) << result.id;
  }
}

TEST(ChecksTest, WithoutATargetThePathIsNotChecked) {
  PlanRequest request = UpgradeRequest();
  request.to_version.clear();
  for (const CheckResult& result : RunChecks(request, HealthySpec(), HealthyWorld())) {
    EXPECT_NE(result.id, "P8");
  }
}

TEST(ChecksTest, AClusterThatDoesNotAnswerIsP1AndHostsAreStillChecked) {
  World world = HealthyWorld();
  world.cluster = {};
  world.cluster_error = "no endpoint answers: connection refused";
  ExpectBlocks(RunOne("P1", world), "connection refused");
  RunOne("P23", world);
}

TEST(ChecksTest, P1TwoClusters) {
  World world = HealthyWorld();
  world.cluster.endpoints[2].cluster_uuid = "uuid-2";
  ExpectBlocks(RunOne("P1", world), "uuid-2");
}

TEST(ChecksTest, P1NotFormed) {
  World world = HealthyWorld();
  for (EndpointView& endpoint : world.cluster.endpoints) endpoint.cluster_uuid = "_na_";
  ExpectBlocks(RunOne("P1", world), "not formed");
}

TEST(ChecksTest, P1ADeadEndpointWarns) {
  World world = HealthyWorld();
  world.cluster.endpoints[1].error = "connection refused";
  EXPECT_EQ(RunOne("P1", world).verdict, Verdict::kWarn);
}

TEST(ChecksTest, P2RedAndYellow) {
  World world = HealthyWorld();
  world.cluster.health.status = "red";
  ExpectBlocks(RunOne("P2", world), "red");
  world.cluster.health.status = "yellow";
  ExpectBlocks(RunOne("P2", world), "yellow");
}

TEST(ChecksTest, P3Movement) {
  for (int HealthView::*field :
       {&HealthView::initializing, &HealthView::relocating, &HealthView::in_flight_fetch}) {
    World world = HealthyWorld();
    world.cluster.health.*field = 1;
    ExpectBlocks(RunOne("P3", world), "1 ");
  }
  World world = HealthyWorld();
  world.cluster.health.pending_tasks = 50;
  ExpectBlocks(RunOne("P3", world), "50 pending");
}

TEST(ChecksTest, P4UnmatchedMemberIsNeverGuessed) {
  World world = HealthyWorld();
  Project(world, "h2").services[0].environment["node.name"] = "other";
  ExpectBlocks(RunOne("P4", world), "h2/search/opensearch");
}

TEST(ChecksTest, P4TwoMembersOfOneNode) {
  World world = HealthyWorld();
  Project(world, "h2").services[0].environment["node.name"] = "os-1";
  ExpectBlocks(RunOne("P4", world), "matched by h1/search/opensearch as well");
}

TEST(ChecksTest, P4NodeOutsideTheFile) {
  ClusterSpec spec = HealthySpec();
  spec.members.pop_back();
  ExpectBlocks(RunOne("P4", HealthyWorld(), spec), "os-3");
}

TEST(ChecksTest, P4MixedVersions) {
  World world = HealthyWorld();
  Node(world, "os-2").version = "2.18.0";
  ExpectBlocks(RunOne("P4", world), "2.18.0");
}

TEST(ChecksTest, P4MatchesByClusterFileThenHostNameThenAddress) {
  World world = HealthyWorld();
  ClusterSpec spec = HealthySpec();
  Project(world, "h1").services[0].environment.clear();
  spec.members[0].node = "os-1";
  Project(world, "h2").services[0].environment.clear();
  Project(world, "h2").services[0].container->hostname = "os-2";
  Project(world, "h3").services[0].environment.clear();
  Project(world, "h3").services[0].container->hostname = "0a1b2c";
  Project(world, "h3").services[0].container->ports = {{"192.0.2.3", 9200, 9200}};
  EXPECT_EQ(RunOne("P4", world, spec).verdict, Verdict::kPass);
}

TEST(ChecksTest, P5Exclusions) {
  World world = HealthyWorld();
  world.cluster.voting_exclusions = {"os-3"};
  ExpectBlocks(RunOne("P5", world), "os-3");
}

TEST(ChecksTest, P5TwoVotersCannotRoll) {
  World world = HealthyWorld();
  world.cluster.last_committed_config = world.cluster.last_accepted_config = {"id-1"};
  ExpectBlocks(RunOne("P5", world), "1 voters of 3 cluster-manager nodes");
}

TEST(ChecksTest, P5VoterThatIsGone) {
  World world = HealthyWorld();
  world.cluster.last_committed_config.push_back("id-9");
  world.cluster.last_accepted_config = world.cluster.last_committed_config;
  ExpectBlocks(RunOne("P5", world), "id-9");
}

TEST(ChecksTest, P6Leftovers) {
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"cluster.routing.allocation.enable", "primaries"},
                                          {"cluster.routing.rebalance.enable", "none"},
                                          {"cluster.routing.allocation.exclude._name", "os-2"},
                                          {"cluster.blocks.read_only", "true"},
                                          {"archived.plugins.x", "1"}}) {
    World world = HealthyWorld();
    world.cluster.persistent_settings[name] = value;
    ExpectBlocks(RunOne("P6", world), name);
    world = HealthyWorld();
    world.cluster.transient_settings[name] = value;
    ExpectBlocks(RunOne("P6", world), "transient " + name);
  }
}

TEST(ChecksTest, P6ATransientValueWouldBeatOurs) {
  World world = HealthyWorld();
  world.cluster.transient_settings["cluster.routing.allocation.enable"] = "all";
  ExpectBlocks(RunOne("P6", world), "transient cluster.routing.allocation.enable=all");
  world = HealthyWorld();
  world.cluster.persistent_settings["cluster.routing.allocation.enable"] = "all";
  EXPECT_EQ(RunOne("P6", world).verdict, Verdict::kPass);
}

TEST(ChecksTest, P7IndexAllocation) {
  World world = HealthyWorld();
  world.cluster.indices[0].settings["index.routing.allocation.require._name"] = "os-1";
  ExpectBlocks(RunOne("P7", world), "require._name=os-1");
  world.cluster.indices[0].settings = {
      {"index.routing.allocation.include._tier_preference", "data_content"}};
  EXPECT_EQ(RunOne("P7", world).verdict, Verdict::kPass);
}

TEST(ChecksTest, P8RefusesWhatTheTableRefuses) {
  PlanRequest request = UpgradeRequest();
  for (const char* to : {"2.17.1", "2.17.0", "4.0.0", "3.8.0"}) {
    request.to_version = to;
    ExpectBlocks(RunOne("P8", HealthyWorld(), HealthySpec(), request), "");
  }
}

TEST(ChecksTest, P15DataInTheContainer) {
  World world = HealthyWorld();
  std::vector<MountView>& mounts = Project(world, "h2").services[0].container->mounts;
  mounts[0].anonymous = true;
  ExpectBlocks(RunOne("P15", world), "os-2: /usr/share/opensearch/data is on an anonymous volume");
  mounts.erase(mounts.begin());
  ExpectBlocks(RunOne("P15", world), "in the container's own layer");
}

TEST(ChecksTest, P15HonoursPathData) {
  World world = HealthyWorld();
  Node(world, "os-2").data_paths = {"/data2"};
  ExpectBlocks(RunOne("P15", world), "/data2");
}

TEST(ChecksTest, P16NoReplicaWarns) {
  World world = HealthyWorld();
  world.cluster.indices[0].replicas = 0;
  EXPECT_EQ(RunOne("P16", world).verdict, Verdict::kWarn);
}

TEST(ChecksTest, P17Repository) {
  World world = HealthyWorld();
  world.repository.verify_error = "store location [/snap] is not accessible on the node [os-2]";
  ExpectBlocks(RunOne("P17", world), "not accessible on the node [os-2]");

  world = HealthyWorld();
  world.repository.verified_node_ids.pop_back();
  ExpectBlocks(RunOne("P17", world), "not verified by os-3");

  world = HealthyWorld();
  world.repository.settings["readonly"] = "true";
  ExpectBlocks(RunOne("P17", world), "read-only");

  ClusterSpec spec = HealthySpec();
  spec.snapshot.repository.clear();
  ExpectBlocks(RunOne("P17", HealthyWorld(), spec), "no snapshot repository");
}

TEST(ChecksTest, P17ARepositoryThatDoesNotExist) {
  World world = HealthyWorld();
  world.repository = {};
  EXPECT_EQ(RunOne("P17", world).verdict, Verdict::kPass);  // the file says how to register it
  ClusterSpec spec = HealthySpec();
  spec.snapshot.type.clear();
  ExpectBlocks(RunOne("P17", world, spec), "no such repository");
}

TEST(ChecksTest, P17ANodeLocalPlace) {
  World world = HealthyWorld();
  std::vector<MountView>& mounts = Project(world, "h2").services[0].container->mounts;
  mounts.pop_back();
  ExpectBlocks(RunOne("P17", world), "/snap is in the container's own layer");

  world = HealthyWorld();
  world.repository.settings["location"] = "/usr/share/opensearch/data/snap";
  ExpectBlocks(RunOne("P17", world), "own data volume");
}

TEST(ChecksTest, P19FullDisk) {
  World world = HealthyWorld();
  Node(world, "os-3").disk_used_percent = 86;
  ExpectBlocks(RunOne("P19", world), "os-3 86%");
  world.cluster.low_disk_watermark = "90%";
  EXPECT_EQ(RunOne("P19", world).verdict, Verdict::kPass);
}

TEST(ChecksTest, P23Hosts) {
  World world = HealthyWorld();
  world.hosts[1].connected = false;
  ExpectBlocks(RunOne("P23", world), "h2 is not connected");

  world = HealthyWorld();
  world.hosts[1].cordoned = true;
  ExpectBlocks(RunOne("P23", world), "cordoned");

  world = HealthyWorld();
  world.hosts[1].compose_versions.clear();
  ExpectBlocks(RunOne("P23", world), "neither docker compose nor docker-compose");
}

TEST(ChecksTest, P23FilesAndImages) {
  World world = HealthyWorld();
  Project(world, "h2").error = "docker-compose.yml:3:5: mapping values are not allowed here";
  ExpectBlocks(RunOne("P23", world), "docker-compose.yml:3:5");

  world = HealthyWorld();
  Project(world, "h2").services.clear();
  ExpectBlocks(RunOne("P23", world), "has no service opensearch");

  world = HealthyWorld();
  Project(world, "h2").services[0].image = "registry.test:5000/opensearch:2.18.0";
  ExpectBlocks(RunOne("P23", world), "the container runs registry.test:5000/opensearch:2.17.1");

  world = HealthyWorld();
  Project(world, "h2").services[0].container->state = "exited";
  ExpectBlocks(RunOne("P23", world), "exited");
}

TEST(ChecksTest, P23WhatTheHostsPolicyDenies) {
  World world = HealthyWorld();
  Project(world, "h2").denials = {"/etc/drover/agent.yaml does not allow the image x"};
  ExpectBlocks(RunOne("P23", world), "does not allow the image x");
}

TEST(ChecksTest, P23ATagThatIsNotTheVersionNeedsAnImage) {
  World world = HealthyWorld();
  ServiceView& service = Project(world, "h2").services[0];
  service.image = service.container->image = "registry.test:5000/opensearch:latest";
  ExpectBlocks(RunOne("P23", world), "latest");
  PlanRequest request = UpgradeRequest();
  request.image = "registry.test:5000/opensearch:2.19.1";
  EXPECT_EQ(RunOne("P23", world, HealthySpec(), request).verdict, Verdict::kPass);
}

}  // namespace
}  // namespace drover::rollout
