#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::ExpectPasses;
using testing::ExpectWarns;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::OldMajorWorld;
using testing::Project;
using testing::RunOne;
using testing::UpgradeRequest;

constexpr uint64_t kGiga = 1024ULL * 1024 * 1024;

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

CheckResult ToTheNextMajor(const World& world) {
  PlanRequest request = UpgradeRequest();
  request.to_version = testing::kNewMajor;
  return RunOne("P24", world, HealthySpec(), request);
}

TEST(P24Test, NoRoomForTheColdCopies) {
  World world = OldMajorWorld();
  ExpectPasses(ToTheNextMajor(world), "room for the cold copies");
  world.inspection.stored_bytes["id-2"] = 900 * kGiga;
  ExpectBlocks(ToTheNextMajor(world), "h2 has");
  // Nothing is copied on the way to a minor version.
  EXPECT_EQ(RunOne("P24", world).verdict, Verdict::kPass);
  world.hosts[1].disks.push_back({"/srv/copies", 2000 * kGiga, 1000 * kGiga, true});
  world.hosts[1].disks[0].holds_copies = false;
  ExpectPasses(ToTheNextMajor(world), "room for the cold copies");
  world.hosts[1].disks[1].free_bytes = 1;
  ExpectBlocks(ToTheNextMajor(world), "h2 has 0 MB at /srv/copies");
}

TEST(P24Test, WhatANodeStoresIsNotKnown) {
  World world = OldMajorWorld();
  world.inspection.stored_bytes.erase("id-3");
  ExpectWarns(ToTheNextMajor(world), "on h3 is not known");
  world = OldMajorWorld();
  world.hosts[0].disks[0].holds_copies = false;
  ExpectWarns(ToTheNextMajor(world), "on h1 is not known");
}

}  // namespace
}  // namespace drover::rollout
