#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::Project;
using testing::RunOne;

TEST(P17Test, Repository) {
  World world = HealthyWorld();
  world.repository.verify_error = "store location [/snap] is not accessible on the node [os-2]";
  ExpectBlocks(RunOne("P17", world), "not accessible on the node [os-2]");

  world = HealthyWorld();
  world.repository.verified_node_ids.pop_back();
  ExpectBlocks(RunOne("P17", world), "not verified by os-3");

  world = HealthyWorld();
  world.repository.settings["readonly"] = "true";
  ExpectBlocks(RunOne("P17", world), "read-only");

  world = HealthyWorld();
  world.repository.type = "url";
  ExpectBlocks(RunOne("P17", world), "can only be read");

  ClusterSpec spec = HealthySpec();
  spec.snapshot.repository.clear();
  ExpectBlocks(RunOne("P17", HealthyWorld(), spec), "no snapshot repository");
}

TEST(P17Test, ARepositoryThatDoesNotExist) {
  World world = HealthyWorld();
  world.repository = {};
  EXPECT_EQ(RunOne("P17", world).verdict, Verdict::kPass);  // the file says how to register it
  ClusterSpec spec = HealthySpec();
  spec.snapshot.type.clear();
  ExpectBlocks(RunOne("P17", world, spec), "no such repository");
}

TEST(P17Test, AShallowSnapshotIsNoWayBack) {
  for (const char* setting : {"remote_store_index_shallow_copy", "shallow_snapshot_v2"}) {
    World world = HealthyWorld();
    world.repository.settings[setting] = "true";
    ExpectBlocks(RunOne("P17", world), setting);
    world.repository.settings[setting] = "false";
    EXPECT_EQ(RunOne("P17", world).verdict, Verdict::kPass);
    // The same where the cluster file will have it registered so.
    world.repository = {};
    ClusterSpec spec = HealthySpec();
    spec.snapshot.settings[setting] = "true";
    ExpectBlocks(RunOne("P17", world, spec), setting);
  }
}

TEST(P17Test, ANodeLocalPlace) {
  World world = HealthyWorld();
  std::vector<MountView>& mounts = Project(world, "h2").services[0].container->mounts;
  mounts.pop_back();
  ExpectBlocks(RunOne("P17", world), "/snap is in the container's own layer");

  world = HealthyWorld();
  world.repository.settings["location"] = "/usr/share/opensearch/data/snap";
  ExpectBlocks(RunOne("P17", world), "own data volume");
}

}  // namespace
}  // namespace drover::rollout
