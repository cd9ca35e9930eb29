// Rollouts to undo, their rollbacks, and what a rollback finds.
#ifndef DROVER_TESTS_UNIT_ROLLOUT_UNDO_RUNS_H_
#define DROVER_TESTS_UNIT_ROLLOUT_UNDO_RUNS_H_

#include "tests/unit/rollout/harness.h"

namespace drover::rollout::testing {

// An upgrade by a full stop, started; each index had 100 operations.
Harness FullStop();

// Every cluster manager is told how a cluster begins.
World Told(World world);

// The plan that undoes the harness's rollout as its world is now; `tier` 0: the best.
StatusOr<Plan> UndoOf(const Harness& undone, int tier = 0);

// The rollback, on what the undone rollout left.
Harness Back(const Harness& undone, const Plan& plan);

}  // namespace drover::rollout::testing

#endif  // DROVER_TESTS_UNIT_ROLLOUT_UNDO_RUNS_H_
