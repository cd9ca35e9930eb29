#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::ExpectPasses;
using testing::ExpectWarns;
using testing::HealthyWorld;
using testing::Project;
using testing::RunOne;

World Unpulled() {
  World world = HealthyWorld();
  for (const char* host : {"h1", "h2", "h3"}) Project(world, host).images[0].present = false;
  return world;
}

TEST(P24Test, NoRoomForTheImage) {
  World world = Unpulled();
  ExpectPasses(RunOne("P24", world), "room");
  world.hosts[1].disks[0].free_bytes = 1'500'000'000;
  ExpectBlocks(RunOne("P24", world), "h2 has 1430 MB at /var/lib/docker");
  Project(world, "h2").images[0].present = true;
  ExpectPasses(RunOne("P24", world), "room");
}

TEST(P24Test, WhatIsNotKnownIsNoPass) {
  World world = Unpulled();
  world.hosts[2].disks.clear();
  ExpectWarns(RunOne("P24", world), "on h3 is not known");
  world = Unpulled();
  Project(world, "h1").services[0].container->image_bytes = 0;
  ExpectWarns(RunOne("P24", world), "on h1 is not known");
}

}  // namespace
}  // namespace drover::rollout
