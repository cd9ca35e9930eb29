#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::ExpectPasses;
using testing::ExpectWarns;
using testing::HealthyWorld;
using testing::Node;
using testing::RunOne;

TEST(P25Test, ALowMapCount) {
  World world = HealthyWorld();
  world.hosts[1].kernel_settings["vm.max_map_count"] = "65530";
  ExpectBlocks(RunOne("P25", world), "vm.max_map_count of h2 is 65530");
  Node(world, "os-2").settings["node.store.allow_mmap"] = "false";
  ExpectPasses(RunOne("P25", world), "262144");
}

TEST(P25Test, FewOpenFiles) {
  World world = HealthyWorld();
  Node(world, "os-3").max_file_descriptors = 1024;
  ExpectBlocks(RunOne("P25", world), "os-3 may open 1024 files");
}

TEST(P25Test, WhatIsNotKnownIsNoPass) {
  World world = HealthyWorld();
  world.hosts[0].kernel_settings.clear();
  ExpectWarns(RunOne("P25", world), "vm.max_map_count of h1");
  world = HealthyWorld();
  Node(world, "os-1").max_file_descriptors.reset();
  ExpectWarns(RunOne("P25", world), "open files of os-1");
}

}  // namespace
}  // namespace drover::rollout
