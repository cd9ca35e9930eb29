#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::ExpectPasses;
using testing::ExpectWarns;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::RunOne;
using testing::UpgradeRequest;

PlanRequest To(const std::string& version) {
  PlanRequest request = UpgradeRequest();
  request.to_version = version;
  return request;
}

// All nodes at `version`.
World At(const std::string& version) {
  World world = HealthyWorld();
  for (NodeView& node : world.cluster.nodes) node.version = version;
  return world;
}

World Secured(const std::string& version) {
  World world = At(version);
  for (NodeView& node : world.cluster.nodes)
    node.plugins = std::map<std::string, std::string>{{"opensearch-security", version}};
  return world;
}

CheckResult Hop(const World& world, const std::string& to) {
  return RunOne("P13", world, HealthySpec(), To(to));
}

TEST(P13Test, From13ToTwoNeeds137) {
  ExpectBlocks(Hop(Secured("1.3.6"), "2.19.1"), "users");
  ExpectPasses(Hop(Secured("1.3.7"), "2.10.0"), "both sides");
}

TEST(P13Test, TheOddVersions) {
  ExpectBlocks(Hop(Secured("2.10.0"), "2.13.0"), "security#4494");
  ExpectBlocks(Hop(Secured("2.13.0"), "2.14.0"), "security#4494");
  ExpectPasses(Hop(Secured("2.11.0"), "2.13.0"), "both sides");
  ExpectPasses(Hop(Secured("2.10.0"), "2.14.0"), "both sides");
  ExpectWarns(Hop(Secured("2.13.0"), "2.19.1"), "security#4741");
}

TEST(P13Test, WithoutThePluginItIsNoMatterAndUnknownIsNoPass) {
  ExpectPasses(Hop(At("2.10.0"), "2.13.0"), "no node runs");
  World world = At("2.10.0");
  for (NodeView& node : world.cluster.nodes) node.plugins.reset();
  ExpectWarns(Hop(world, "2.13.0"), "is not known");
}

}  // namespace
}  // namespace drover::rollout
