#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthyWorld;
using testing::RunOne;

TEST(P7Test, IndexAllocation) {
  World world = HealthyWorld();
  world.cluster.indices[0].settings["index.routing.allocation.require._name"] = "os-1";
  ExpectBlocks(RunOne("P7", world), "require._name=os-1");
  world.cluster.indices[0].settings = {
      {"index.routing.allocation.include._tier_preference", "data_content"}};
  EXPECT_EQ(RunOne("P7", world).verdict, Verdict::kPass);
}

}  // namespace
}  // namespace drover::rollout
