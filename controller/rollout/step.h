// The engine: from a state and an event to the next state and what to do.
#ifndef DROVER_CONTROLLER_ROLLOUT_STEP_H_
#define DROVER_CONTROLLER_ROLLOUT_STEP_H_

#include <memory>
#include <vector>

#include "controller/rollout/event.h"
#include "controller/rollout/rollout.h"

namespace drover::rollout {

struct Transition {
  Rollout next;
  // To be performed only after `next` is durable. Each one is also in next.outstanding, unless it
  // has no result.
  std::vector<Outstanding> actions;
  std::vector<Record> records;
};

// The state before the first event. `plan` must be startable.
Rollout NewRollout(std::shared_ptr<const Plan> plan, Time now);

// Pure: no clock, no I/O, no randomness; the same input gives the same output. The table of state
// and event is docs/state-machine.md.
Transition Step(const Rollout& rollout, const Event& event);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_STEP_H_
