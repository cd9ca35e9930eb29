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

TEST(P30Test, TheSecurityIndexOfAnOldVersion) {
  World world = At("2.19.1");
  IndexView guarded;
  guarded.name = ".opendistro_security";
  guarded.created_version = "1.3.7";
  world.cluster.indices.push_back(guarded);
  ExpectBlocks(RunOne("P30", world, HealthySpec(), To("3.8.0")), ".opendistro_security");
  ClusterSpec spec = HealthySpec();
  spec.tls.client_certificate = "/etc/drover/admin.pem";
  ExpectWarns(RunOne("P30", world, spec, To("3.8.0")), "did not say whether");
  world.inspection.admin = true;
  ExpectPasses(RunOne("P30", world, spec, To("3.8.0")), "/etc/drover/admin.pem is the admin's");
  world.inspection.admin = false;
  ExpectBlocks(RunOne("P30", world, spec, To("3.8.0")), "/etc/drover/admin.pem is not the admin's");
  ExpectPasses(RunOne("P30", world, HealthySpec(), To("2.19.4")), "no index needs");
}

}  // namespace
}  // namespace drover::rollout
