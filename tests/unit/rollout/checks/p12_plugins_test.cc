#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::ExpectPasses;
using testing::ExpectWarns;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::kOld;
using testing::Node;
using testing::Project;
using testing::RunOne;
using testing::UpgradeRequest;

TEST(P12Test, APluginThatTheImageLacks) {
  World world = HealthyWorld();
  Node(world, "os-2").plugins =
      std::map<std::string, std::string>{{"repository-s3", kOld}, {"prometheus-exporter", kOld}};
  ExpectBlocks(RunOne("P12", world), "os-2 runs prometheus-exporter");
}

TEST(P12Test, AnImageThatIsNotThereYetIsLookedAtLater) {
  World world = HealthyWorld();
  ImageView& image = Project(world, "h2").images[0];
  image.present = false;
  image.entries.reset();
  const CheckResult result = RunOne("P12", world);
  ExpectWarns(result, "is not on h2 yet");
  EXPECT_NE(result.evidence.find("after the prefetch"), std::string::npos);
  EXPECT_EQ(result.remedy, "nothing to do now");
}

TEST(P12Test, WhatCannotBeReadIsNoPass) {
  World world = HealthyWorld();
  Project(world, "h2").images[0].error = "Could not find the file";
  ExpectWarns(RunOne("P12", world), "h2: registry.test:5000/opensearch:2.19.1: Could not find");
  world = HealthyWorld();
  Project(world, "h2").images.clear();
  ExpectWarns(RunOne("P12", world), "on h2 is not known");
  world = HealthyWorld();
  Node(world, "os-1").plugins.reset();
  ExpectWarns(RunOne("P12", world), "plugins of os-1 are not known");
}

TEST(P12Test, ANodeWithoutPluginsNeedsNoLook) {
  World world = HealthyWorld();
  for (NodeView& node : world.cluster.nodes) node.plugins.emplace().clear();
  for (const char* host : {"h1", "h2", "h3"}) Project(world, host).images.clear();
  ExpectPasses(RunOne("P12", world), "every plugin");
}

TEST(P12Test, IsTheOneThatRunsAgainAfterThePrefetch) {
  const auto results = RunImageChecks(UpgradeRequest(), HealthySpec(), HealthyWorld());
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].id, "P12");
  EXPECT_EQ(results[0].verdict, Verdict::kPass);
}

}  // namespace
}  // namespace drover::rollout
