#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthyWorld;
using testing::RunOne;

TEST(P2Test, RedAndYellow) {
  World world = HealthyWorld();
  world.cluster.health.status = "red";
  ExpectBlocks(RunOne("P2", world), "red");
  world.cluster.health.status = "yellow";
  ExpectBlocks(RunOne("P2", world), "yellow");
}

}  // namespace
}  // namespace drover::rollout
