#include "tests/unit/rollout/undo_runs.h"

#include <gtest/gtest.h>

#include "controller/rollout/undo_plan.h"

namespace drover::rollout::testing {

Harness FullStop() {
  PlanRequest request = UpgradeRequest();
  request.strategy = Strategy::kFull;
  StatusOr<Plan> plan = MakePlan(PlanId("7f3c9a1e"), request, HealthySpec(), HealthyWorld(), {});
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  Harness h(*plan, HealthyWorld());
  for (IndexView& index : h.world.cluster.indices) index.operations = 100;
  h.Ask(Request::kStart);
  return h;
}

World Told(World world) {
  for (auto& [key, project] : world.projects) {
    project.services.front().environment["cluster.initial_cluster_manager_nodes"] =
        "os-1,os-2,os-3";
  }
  return world;
}

StatusOr<Plan> UndoOf(const Harness& h, int tier) {
  World world = Told(h.Now());
  bool answers = false;
  for (const auto& [name, member] : h.members) answers = answers || member.running;
  if (!answers) {
    world.cluster = {};
    world.cluster_error = "no endpoint answers";
  }
  StatusOr<PlanRequest> request = UndoRequest(h.rollout(), tier, world);
  if (!request.ok()) return request.status();
  return MakeUndoPlan(PlanId("b0b0b0b0"), *request, h.rollout(), HealthySpec(), world, {});
}

Harness Back(const Harness& undone, const Plan& plan) {
  Harness h(plan, Told(undone.world));
  h.members = undone.members;
  h.settings = undone.settings;
  h.snapshot = undone.snapshot;
  h.policies_stopped = undone.policies_stopped;
  return h;
}

}  // namespace drover::rollout::testing
