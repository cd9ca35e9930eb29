#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthyWorld;
using testing::RunOne;

TEST(P5Test, Exclusions) {
  World world = HealthyWorld();
  world.cluster.voting_exclusions = {"os-3"};
  ExpectBlocks(RunOne("P5", world), "os-3");
}

TEST(P5Test, TwoVotersCannotRoll) {
  World world = HealthyWorld();
  world.cluster.last_committed_config = world.cluster.last_accepted_config = {"id-1"};
  ExpectBlocks(RunOne("P5", world), "1 voters of 3 cluster-manager nodes");
}

TEST(P5Test, VoterThatIsGone) {
  World world = HealthyWorld();
  world.cluster.last_committed_config.push_back("id-9");
  world.cluster.last_accepted_config = world.cluster.last_committed_config;
  ExpectBlocks(RunOne("P5", world), "id-9");
}

}  // namespace
}  // namespace drover::rollout
