#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthyWorld;
using testing::RunOne;

TEST(P1Test, TwoClusters) {
  World world = HealthyWorld();
  world.cluster.endpoints[2].cluster_uuid = "uuid-2";
  ExpectBlocks(RunOne("P1", world), "uuid-2");
}

TEST(P1Test, NotFormed) {
  World world = HealthyWorld();
  for (EndpointView& endpoint : world.cluster.endpoints) endpoint.cluster_uuid = "_na_";
  ExpectBlocks(RunOne("P1", world), "not formed");
}

TEST(P1Test, ADeadEndpointWarns) {
  World world = HealthyWorld();
  world.cluster.endpoints[1].error = "connection refused";
  EXPECT_EQ(RunOne("P1", world).verdict, Verdict::kWarn);
}

}  // namespace
}  // namespace drover::rollout
