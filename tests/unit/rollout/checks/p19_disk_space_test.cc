#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthyWorld;
using testing::Node;
using testing::RunOne;

TEST(P19Test, FullDisk) {
  World world = HealthyWorld();
  Node(world, "os-3").disk_used_percent = 86;
  ExpectBlocks(RunOne("P19", world), "os-3 86%");
  world.cluster.low_disk_watermark = "90%";
  EXPECT_EQ(RunOne("P19", world).verdict, Verdict::kPass);
}

}  // namespace
}  // namespace drover::rollout
