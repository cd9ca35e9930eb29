#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthyWorld;
using testing::Node;
using testing::Project;
using testing::RunOne;

TEST(P15Test, DataInTheContainer) {
  World world = HealthyWorld();
  std::vector<MountView>& mounts = Project(world, "h2").services[0].container->mounts;
  mounts[0].anonymous = true;
  ExpectBlocks(RunOne("P15", world), "os-2: /usr/share/opensearch/data is on an anonymous volume");
  mounts.erase(mounts.begin());
  ExpectBlocks(RunOne("P15", world), "in the container's own layer");
}

TEST(P15Test, HonoursPathData) {
  World world = HealthyWorld();
  Node(world, "os-2").data_paths = {"/data2"};
  ExpectBlocks(RunOne("P15", world), "/data2");
}

}  // namespace
}  // namespace drover::rollout
