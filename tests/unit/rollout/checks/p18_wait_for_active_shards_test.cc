#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::ExpectPasses;
using testing::HealthyWorld;
using testing::RunOne;

CheckResult With(const std::string& wait, int replicas) {
  World world = HealthyWorld();
  world.cluster.indices[0].wait_for_active_shards = wait;
  world.cluster.indices[0].replicas = replicas;
  return RunOne("P18", world);
}

TEST(P18Test, WritesThatWouldWait) {
  ExpectBlocks(With("all", 1), "logs (all of 2 copies)");
  ExpectBlocks(With("2", 1), "logs (2 of 2 copies)");
  ExpectPasses(With("2", 2), "no index");
  ExpectPasses(With("1", 1), "no index");
  ExpectPasses(With("", 1), "no index");
}

}  // namespace
}  // namespace drover::rollout
