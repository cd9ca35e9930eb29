#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::Node;
using testing::Project;
using testing::RunOne;

TEST(P4Test, UnmatchedMemberIsNeverGuessed) {
  World world = HealthyWorld();
  Project(world, "h2").services[0].environment["node.name"] = "other";
  ExpectBlocks(RunOne("P4", world), "h2/search/opensearch");
}

TEST(P4Test, TwoMembersOfOneNode) {
  World world = HealthyWorld();
  Project(world, "h2").services[0].environment["node.name"] = "os-1";
  ExpectBlocks(RunOne("P4", world), "matched by h1/search/opensearch as well");
}

TEST(P4Test, NodeOutsideTheFile) {
  ClusterSpec spec = HealthySpec();
  spec.members.pop_back();
  ExpectBlocks(RunOne("P4", HealthyWorld(), spec), "os-3");
}

TEST(P4Test, MixedVersions) {
  World world = HealthyWorld();
  Node(world, "os-2").version = "2.18.0";
  ExpectBlocks(RunOne("P4", world), "2.18.0");
}

TEST(P4Test, MatchesByClusterFileThenHostNameThenAddress) {
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

}  // namespace
}  // namespace drover::rollout
