#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::ExpectPasses;
using testing::ExpectWarns;
using testing::HealthySpec;
using testing::HealthyWorld;
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

ClusterSpec WithDashboards(const std::string& image) {
  ClusterSpec spec = HealthySpec();
  spec.companions = {{"h1", "search", "dashboards", image}};
  return spec;
}

CheckResult Pair(const std::string& image, const std::string& to) {
  return RunOne("P14", At("2.17.1"), WithDashboards(image), To(to));
}

TEST(P14Test, SameMajorAndNoNewerMinor) {
  ExpectPasses(Pair("registry/opensearch-dashboards:{version}", "2.19.1"), "fits");
  ExpectPasses(Pair("registry/opensearch-dashboards:2.18.0", "2.19.1"), "fits");
  ExpectBlocks(Pair("registry/opensearch-dashboards:2.19.1", "2.18.0"), "h1/search/dashboards");
  ExpectBlocks(Pair("registry/opensearch-dashboards:2.19.1", "3.0.0"), "does not work with 3.0.0");
  ExpectBlocks(Pair("registry/opensearch-dashboards:latest", "2.19.1"), "names no version");
}

TEST(P14Test, OneThatNobodyNamedIsAWarning) {
  World world = At("2.19.1");
  ServiceView dashboards;
  dashboards.name = "dash";
  dashboards.image = "registry/opensearch-dashboards:2.19.1";
  Project(world, "h1").services.push_back(dashboards);
  ExpectWarns(RunOne("P14", world, HealthySpec(), To("3.8.0")), "h1/search/dash");
}

}  // namespace
}  // namespace drover::rollout
