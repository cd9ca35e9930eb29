// event → Step → commit → act, for every rollout that has not ended (architecture.md, "The
// engine").
#ifndef DROVER_CONTROLLER_DRIVER_ROLLOUT_DRIVER_H_
#define DROVER_CONTROLLER_DRIVER_ROLLOUT_DRIVER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "controller/driver/effects.h"
#include "controller/rollout/event.h"
#include "controller/rollout/step.h"
#include "controller/store/rollout_store.h"

namespace drover::driver {

// Used from one thread only. Has no thread, clock or socket of its own, so that the simulator runs
// this very class.
class RolloutDriver {
 public:
  // Called after each commit with the new state and the records it added.
  using Observer =
      std::function<void(const rollout::Rollout&, const std::vector<store::StoredRecord>&)>;

  // `store` and `effects` must outlive the driver.
  RolloutDriver(store::RolloutStore& store, Effects& effects, Observer observer);

  // Loads the rollouts that have not ended and performs again what they wait for.
  Status Recover(Time now);

  // A new rollout of a saved plan; nothing happens before it is asked to start. FAILED_PRECONDITION
  // where a rollout of the same cluster has not ended.
  StatusOr<rollout::Rollout> Begin(std::shared_ptr<const rollout::Plan> plan, Time now);

  // NOT_FOUND where no such rollout is active. Where the commit fails nothing is performed, the
  // state stays as it was, and the error is returned: the event may be given again.
  Status Handle(const RolloutId& id, const rollout::Event& event);

  // The active rollouts' ids.
  std::vector<RolloutId> Active() const;
  const rollout::Rollout* Find(const RolloutId& id) const;

 private:
  store::RolloutStore& store_;
  Effects& effects_;
  Observer observer_;
  std::map<RolloutId, rollout::Rollout> active_;
};

}  // namespace drover::driver

#endif  // DROVER_CONTROLLER_DRIVER_ROLLOUT_DRIVER_H_
