#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::ExpectPasses;
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

World WithIndex(const std::string& created, bool open = true, bool hidden = false) {
  World world = At("2.19.1");
  IndexView index;
  index.name = "old";
  index.open = open;
  index.hidden = hidden;
  index.created_version = created;
  world.cluster.indices.push_back(index);
  return world;
}

TEST(P9Test, OpenClosedAndHiddenIndexesOf13BeforeThree) {
  ExpectBlocks(RunOne("P9", WithIndex("1.3.20"), HealthySpec(), To("3.8.0")),
               "old (created by 1.3.20)");
  ExpectBlocks(RunOne("P9", WithIndex("1.3.20", false), HealthySpec(), To("3.8.0")),
               "old (closed, created by 1.3.20)");
  const CheckResult hidden =
      RunOne("P9", WithIndex("1.3.20", true, true), HealthySpec(), To("3.8.0"));
  ExpectBlocks(hidden, "old (hidden, created by 1.3.20)");
  EXPECT_EQ(hidden.remedy.substr(0, 38), "drover index reindex search-prod old m");
}

TEST(P9Test, WhatTheTargetReadsPasses) {
  ExpectPasses(RunOne("P9", WithIndex("2.0.0"), HealthySpec(), To("3.8.0")), "reads");
  World world = WithIndex("1.0.0");
  for (NodeView& node : world.cluster.nodes) node.version = "1.3.20";
  world.cluster.indices.back().created_version = "elasticsearch-7.10.2";
  ExpectPasses(RunOne("P9", world, HealthySpec(), To("2.19.1")), "reads");
}

TEST(P9Test, WhatElasticsearchWrote) {
  World world = WithIndex("elasticsearch-6.8.0");
  for (NodeView& node : world.cluster.nodes) node.version = "1.3.20";
  ExpectBlocks(RunOne("P9", world, HealthySpec(), To("2.19.1")), "elasticsearch-6.8.0");
  ExpectBlocks(RunOne("P9", WithIndex("elasticsearch-7.10.2"), HealthySpec(), To("3.8.0")),
               "elasticsearch-7.10.2");
}

TEST(P9Test, AVersionThatIsNotKnownBlocks) {
  ExpectBlocks(RunOne("P9", WithIndex(""), HealthySpec(), To("3.8.0")), "not known");
}

TEST(P9Test, WithinAMajorItDoesNotMatter) {
  ExpectPasses(RunOne("P9", WithIndex("1.3.20"), HealthySpec(), To("2.19.4")), "one major");
}

}  // namespace
}  // namespace drover::rollout
