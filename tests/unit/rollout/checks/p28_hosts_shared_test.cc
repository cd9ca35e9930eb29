#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectWarns;
using testing::HealthySpec;
using testing::HealthyWorld;
using testing::Project;
using testing::RunOne;

TEST(P28Test, NoRestartPolicy) {
  World world = HealthyWorld();
  Project(world, "h2").services[0].container->restart_policy = "no";
  ExpectWarns(RunOne("P28", world), "no restart policy: os-2");
  Project(world, "h2").services[0].container->restart_policy = "";
  ExpectWarns(RunOne("P28", world), "restart policy of os-2 is not known");
}

TEST(P28Test, TwoMembersOnOneHost) {
  World world = HealthyWorld();
  ClusterSpec spec = HealthySpec();
  spec.members[1] = {"h1", "search", "second", ""};
  ServiceView second = Project(world, "h2").services[0];
  second.name = "second";
  Project(world, "h1").services.push_back(second);
  ExpectWarns(RunOne("P28", world, spec), "os-1 and os-2 share host h1");
}

}  // namespace
}  // namespace drover::rollout
