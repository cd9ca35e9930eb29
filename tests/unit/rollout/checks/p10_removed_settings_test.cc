#include <gtest/gtest.h>

#include <algorithm>

#include "controller/rollout/checks/checks.h"
#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::ExpectWarns;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::Node;
using testing::Project;
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

void ExpectFound(const World& world, const std::string& evidence) {
  ExpectBlocks(RunOne("P10", world, HealthySpec(), To("3.8.0")), evidence);
  // Within the major that still has them they are no problem.
  EXPECT_EQ(RunOne("P10", world, HealthySpec(), To("2.19.4")).verdict, Verdict::kPass);
}

TEST(P10Test, EveryPlaceIsLookedAt) {
  World world = At("2.19.1");
  world.cluster.persistent_settings["compatibility.override_main_response_version"] = "true";
  ExpectFound(world, "persistent: compatibility.override_main_response_version");
  world = At("2.19.1");
  world.cluster.transient_settings["knn.plugin.enabled"] = "true";
  ExpectFound(world, "transient: knn.plugin.enabled");
  world = At("2.19.1");
  world.cluster.indices[0].settings["index.knn.algo_param.m"] = "16";
  ExpectFound(world, "index logs: index.knn.algo_param.m");
  world = At("2.19.1");
  world.cluster.templates = {{"vectors", {{"index.knn.space_type", "l2"}}}};
  ExpectFound(world, "template vectors: index.knn.space_type");
  world = At("2.19.1");
  Node(world, "os-2").settings["thread_pool.test.search_queue_size"] = "10";
  ExpectFound(world, "opensearch.yml of os-2: thread_pool.test.search_queue_size");
  world = At("2.19.1");
  Project(world, "h3").services[0].environment["plugins.sql.delete.enabled"] = "true";
  ExpectFound(world, "Compose environment of h3/search/opensearch: plugins.sql.delete.enabled");
}

TEST(P10Test, ValuesAreNotShown) {
  World world = At("2.19.1");
  Node(world, "os-2").settings["opendistro.sql.token"] = "s3cret";
  const CheckResult result = RunOne("P10", world, HealthySpec(), To("3.8.0"));
  ExpectBlocks(result, "opendistro.sql.token");
  EXPECT_EQ(result.evidence.find("s3cret"), std::string::npos);
}

TEST(P10Test, OnlyTheValueThatIsGone) {
  World world = At("2.19.1");
  Node(world, "os-2").settings["transport.type"] = "netty4";
  EXPECT_EQ(RunOne("P10", world, HealthySpec(), To("3.8.0")).verdict, Verdict::kPass);
  Node(world, "os-2").settings["transport.type"] = "nio-transport-plugin";
  ExpectFound(world, "transport.type");
}

TEST(P10Test, SettingsOfTheIsmPluginThatWouldBeArchived) {
  World world = At("2.19.1");
  world.cluster.persistent_settings["plugins.index_state_management.template_migration.control"] =
      "-1";
  ExpectFound(world, "template_migration.control");
}

TEST(P10Test, TheDemoInstallerOfTwoTwelve) {
  World world = At("2.11.1");
  for (NodeView& node : world.cluster.nodes)
    node.plugins.emplace()["opensearch-security"] = "2.11.1.0";
  ExpectWarns(RunOne("P10", world, HealthySpec(), To("2.19.4")),
              "os-1, os-2 and os-3 would run it");
  Project(world, "h1").services[0].environment["DISABLE_INSTALL_DEMO_CONFIG"] = "true";
  Project(world, "h2").services[0].environment["DISABLE_SECURITY_PLUGIN"] = "true";
  ExpectWarns(RunOne("P10", world, HealthySpec(), To("2.19.4")), "and os-3 would run it");
  Node(world, "os-3").plugins->clear();
  EXPECT_EQ(RunOne("P10", world, HealthySpec(), To("2.19.4")).verdict, Verdict::kPass);
  // It was there before.
  world = At("2.17.1");
  for (NodeView& node : world.cluster.nodes)
    node.plugins.emplace()["opensearch-security"] = "2.17.1.0";
  EXPECT_EQ(RunOne("P10", world, HealthySpec(), To("2.19.4")).verdict, Verdict::kPass);
}

TEST(P10Test, TheEnvironmentIsAskedForTheirNames) {
  const auto& wanted = WantedEnvironment();
  EXPECT_NE(std::find(wanted.begin(), wanted.end(), "knn.plugin.enabled"), wanted.end());
}

}  // namespace
}  // namespace drover::rollout
