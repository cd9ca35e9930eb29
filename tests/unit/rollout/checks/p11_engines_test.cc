#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::ExpectPasses;
using testing::ExpectWarns;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::Node;
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

World WithSetting(const std::string& from, const std::string& name, const std::string& value) {
  World world = At(from);
  world.cluster.indices[0].settings[name] = value;
  return world;
}

TEST(P11Test, SegmentReplicationAndRemoteStoreBeforeThree) {
  const World segments = WithSetting("2.19.1", "index.replication.type", "SEGMENT");
  ExpectBlocks(RunOne("P11", segments, HealthySpec(), To("3.8.0")), "logs has segment replication");
  ExpectPasses(RunOne("P11", segments, HealthySpec(), To("2.19.4")), "2.19.4");
  ExpectBlocks(RunOne("P11", WithSetting("2.19.1", "index.remote_store.enabled", "true"),
                      HealthySpec(), To("3.8.0")),
               "remote store");
}

TEST(P11Test, SearchableSnapshotsNeedAWarmNode) {
  World world = WithSetting("2.19.1", "index.store.type", "remote_snapshot");
  ExpectBlocks(RunOne("P11", world, HealthySpec(), To("3.8.0")), "role warm");
  Node(world, "os-3").roles.push_back("warm");
  EXPECT_EQ(RunOne("P11", world, HealthySpec(), To("3.8.0")).verdict, Verdict::kPass);
}

TEST(P11Test, TheCorrelationIndexBefore215) {
  World world = At("2.11.1");
  world.cluster.indices[0].name = ".opensearch-sap-correlation-metadata";
  ExpectBlocks(RunOne("P11", world, HealthySpec(), To("2.15.0")), "CorrelationCodec");
  ExpectPasses(RunOne("P11", world, HealthySpec(), To("2.14.0")), "2.14.0");
}

TEST(P11Test, TheEngineOfAKnnIndex) {
  World world = WithSetting("2.19.1", "index.knn", "true");
  ExpectWarns(RunOne("P11", world, HealthySpec(), To("3.8.0")), "was not read");
  world.inspection.nmslib_indices.emplace();
  EXPECT_EQ(RunOne("P11", world, HealthySpec(), To("3.8.0")).verdict, Verdict::kPass);
  world.inspection.nmslib_indices->insert("logs");
  ExpectWarns(RunOne("P11", world, HealthySpec(), To("3.8.0")), "of the engine nmslib");
}

TEST(P11Test, WhatCannotBeSeenIsAWarning) {
  ExpectWarns(
      RunOne("P11", WithSetting("3.2.0", "index.codec", "zstd"), HealthySpec(), To("3.3.2")),
      "codec zstd");
}

}  // namespace
}  // namespace drover::rollout
