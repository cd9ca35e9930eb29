#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthyWorld;
using testing::RunOne;

TEST(P3Test, Movement) {
  for (int HealthView::*field :
       {&HealthView::initializing, &HealthView::relocating, &HealthView::in_flight_fetch}) {
    World world = HealthyWorld();
    world.cluster.health.*field = 1;
    ExpectBlocks(RunOne("P3", world), "1 ");
  }
  World world = HealthyWorld();
  world.cluster.health.pending_tasks = 50;
  ExpectBlocks(RunOne("P3", world), "50 pending");
}

}  // namespace
}  // namespace drover::rollout
