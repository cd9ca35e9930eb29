#include <gtest/gtest.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using testing::ExpectWarns;
using testing::HealthyWorld;
using testing::Node;
using testing::RunOne;

TEST(P20Test, HeapAndBreakersWarn) {
  World world = HealthyWorld();
  Node(world, "os-2").heap_used_percent = 82;
  ExpectWarns(RunOne("P20", world), "os-2 uses 82% of its heap");
  world = HealthyWorld();
  Node(world, "os-3").breaker_trips = 4;
  ExpectWarns(RunOne("P20", world), "os-3 has tripped a breaker 4 times");
}

TEST(P20Test, WhatIsNotKnownIsNoPass) {
  World world = HealthyWorld();
  Node(world, "os-3").heap_used_percent.reset();
  ExpectWarns(RunOne("P20", world), "os-3 are not known");
}

}  // namespace
}  // namespace drover::rollout
