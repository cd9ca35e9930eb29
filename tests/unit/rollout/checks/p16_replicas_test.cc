#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthyWorld;
using testing::RunOne;

TEST(P16Test, NoReplicaBlocks) {
  World world = HealthyWorld();
  world.cluster.indices[0].replicas = 0;
  ExpectBlocks(RunOne("P16", world), "index logs has no replica");
}

}  // namespace
}  // namespace drover::rollout
