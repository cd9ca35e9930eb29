#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::RunOne;
using testing::UpgradeRequest;

TEST(P8Test, RefusesWhatTheTableRefuses) {
  PlanRequest request = UpgradeRequest();
  for (const char* to : {"2.17.1", "2.17.0", "4.0.0", "3.8.0"}) {
    request.to_version = to;
    ExpectBlocks(RunOne("P8", HealthyWorld(), HealthySpec(), request), "");
  }
}

}  // namespace
}  // namespace drover::rollout
