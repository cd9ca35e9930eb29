// The outside world as the driver acts on it.
#ifndef DROVER_CONTROLLER_DRIVER_EFFECTS_H_
#define DROVER_CONTROLLER_DRIVER_EFFECTS_H_

#include "controller/rollout/rollout.h"

namespace drover::driver {

class Effects {
 public:
  virtual ~Effects() = default;

  // Begins `action` and returns at once. Its result comes back as an event with its id; performing
  // it again (after a restart, or when an agent came back) has no further effect on the world.
  virtual void Perform(const rollout::Rollout& rollout, const rollout::Outstanding& action) = 0;
};

}  // namespace drover::driver

#endif  // DROVER_CONTROLLER_DRIVER_EFFECTS_H_
