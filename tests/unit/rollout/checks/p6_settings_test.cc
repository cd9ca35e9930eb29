#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthyWorld;
using testing::RunOne;

TEST(P6Test, Leftovers) {
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"cluster.routing.allocation.enable", "primaries"},
                                          {"cluster.routing.rebalance.enable", "none"},
                                          {"cluster.routing.allocation.exclude._name", "os-2"},
                                          {"cluster.blocks.read_only", "true"},
                                          {"archived.plugins.x", "1"}}) {
    World world = HealthyWorld();
    world.cluster.persistent_settings[name] = value;
    ExpectBlocks(RunOne("P6", world), name);
    world = HealthyWorld();
    world.cluster.transient_settings[name] = value;
    ExpectBlocks(RunOne("P6", world), "transient " + name);
  }
}

TEST(P6Test, ATransientValueWouldBeatOurs) {
  World world = HealthyWorld();
  world.cluster.transient_settings["cluster.routing.allocation.enable"] = "all";
  ExpectBlocks(RunOne("P6", world), "transient cluster.routing.allocation.enable=all");
  world = HealthyWorld();
  world.cluster.persistent_settings["cluster.routing.allocation.enable"] = "all";
  EXPECT_EQ(RunOne("P6", world).verdict, Verdict::kPass);
}

}  // namespace
}  // namespace drover::rollout
