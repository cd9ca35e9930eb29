#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthyWorld;
using testing::RunOne;

TEST(P29Test, ASecondRolloutOfTheCluster) {
  World world = HealthyWorld();
  world.other_rollout = "1b2c3d4e";
  const CheckResult result = RunOne("P29", world);
  ExpectBlocks(result, "rollout 1b2c3d4e of search-prod has not ended");
  EXPECT_NE(result.remedy.find("drover rollout watch 1b2c3d4e"), std::string::npos);
}

}  // namespace
}  // namespace drover::rollout
