#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::ExpectPasses;
using testing::ExpectWarns;
using testing::HealthyWorld;
using testing::RunOne;

CheckResult With(int shards, int limit) {
  World world = HealthyWorld();
  world.cluster.indices[0].shards = shards;
  world.cluster.indices[0].replicas = 0;
  world.cluster.max_shards_per_node = limit;
  return RunOne("P21", world);
}

TEST(P21Test, TheLimitNowAndWithAMemberDown) {
  ExpectPasses(With(199, 100), "199 shards");
  ExpectWarns(With(200, 100), "200 while a member is down");
  ExpectBlocks(With(300, 100), "allows 300 on 3 data nodes");
}

TEST(P21Test, ALimitThatIsNotKnownIsNoPass) {
  World world = HealthyWorld();
  world.cluster.max_shards_per_node.reset();
  ExpectWarns(RunOne("P21", world), "not known");
}

}  // namespace
}  // namespace drover::rollout
