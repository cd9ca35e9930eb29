#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectBlocks;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::Project;
using testing::RunOne;
using testing::UpgradeRequest;

TEST(P23Test, Hosts) {
  World world = HealthyWorld();
  world.hosts[1].connected = false;
  ExpectBlocks(RunOne("P23", world), "h2 is not connected");

  world = HealthyWorld();
  world.hosts[1].cordoned = true;
  ExpectBlocks(RunOne("P23", world), "cordoned");

  world = HealthyWorld();
  world.hosts[1].compose_versions.clear();
  ExpectBlocks(RunOne("P23", world), "neither docker compose nor docker-compose");
}

TEST(P23Test, FilesAndImages) {
  World world = HealthyWorld();
  Project(world, "h2").error = "docker-compose.yml:3:5: mapping values are not allowed here";
  ExpectBlocks(RunOne("P23", world), "docker-compose.yml:3:5");

  world = HealthyWorld();
  Project(world, "h2").services.clear();
  ExpectBlocks(RunOne("P23", world), "has no service opensearch");

  world = HealthyWorld();
  Project(world, "h2").services[0].image = "registry.test:5000/opensearch:2.18.0";
  ExpectBlocks(RunOne("P23", world), "the container runs registry.test:5000/opensearch:2.17.1");

  world = HealthyWorld();
  Project(world, "h2").services[0].container->state = "exited";
  ExpectBlocks(RunOne("P23", world), "exited");
}

TEST(P23Test, WhatTheHostsPolicyDenies) {
  World world = HealthyWorld();
  Project(world, "h2").denials = {"/etc/drover/agent.yaml does not allow the image x"};
  ExpectBlocks(RunOne("P23", world), "does not allow the image x");
}

TEST(P23Test, ATagThatIsNotTheVersionNeedsAnImage) {
  World world = HealthyWorld();
  ServiceView& service = Project(world, "h2").services[0];
  service.image = service.container->image = "registry.test:5000/opensearch:latest";
  ExpectBlocks(RunOne("P23", world), "latest");
  PlanRequest request = UpgradeRequest();
  request.image = "registry.test:5000/opensearch:2.19.1";
  EXPECT_EQ(RunOne("P23", world, HealthySpec(), request).verdict, Verdict::kPass);
}

}  // namespace
}  // namespace drover::rollout
