#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectPasses;
using testing::ExpectWarns;
using testing::HealthyWorld;
using testing::RunOne;

TEST(P22Test, LeadersAfterFollowers) {
  World world = HealthyWorld();
  world.cluster.replicated_indices = 3;
  ExpectWarns(RunOne("P22", world), "3 indexes are followed");
  world.cluster.indices[0].settings["index.plugins.replication.follower.leader_index"] = "logs";
  ExpectWarns(RunOne("P22", world), "follows others (1 indexes) and is followed");
  world.cluster.replicated_indices = 0;
  ExpectPasses(RunOne("P22", world), "upgraded before them");
}

}  // namespace
}  // namespace drover::rollout
