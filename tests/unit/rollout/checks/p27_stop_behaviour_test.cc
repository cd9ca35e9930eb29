#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectPasses;
using testing::ExpectWarns;
using testing::HealthyWorld;
using testing::Node;
using testing::Project;
using testing::RunOne;

ContainerView& Container(World& world, const std::string& host) {
  return *Project(world, host).services[0].container;
}

TEST(P27Test, AServerBelowAShell) {
  World world = HealthyWorld();
  // The name of a script's process is that of the script, cut to 15 characters.
  Container(world, "h2").processes = {{10, 0, "opensearch-dock"}, {20, 10, "java"}};
  ExpectWarns(RunOne("P27", world), "os-2 (opensearch-dock above java)");
  Container(world, "h2").processes = {{10, 0, "tini"}, {15, 10, "bash"}, {20, 15, "java"}};
  ExpectWarns(RunOne("P27", world), "os-2 (bash above java)");
}

TEST(P27Test, AnInitPassesItOn) {
  World world = HealthyWorld();
  Container(world, "h2").processes = {{10, 0, "tini"}, {20, 10, "java"}, {30, 20, "controller"}};
  ExpectPasses(RunOne("P27", world), "SIGTERM reaches");
}

TEST(P27Test, WhatIsNotKnownIsNoPass) {
  World world = HealthyWorld();
  Container(world, "h3").processes.clear();
  Node(world, "os-3").version = "2.14.0";
  ExpectWarns(RunOne("P27", world), "os-3 (an image of that kind) is not known");
}

}  // namespace
}  // namespace drover::rollout
