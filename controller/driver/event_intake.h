// Events on their way into the rollouts: where a commit fails (a full disk) none is lost, and none
// overtakes another.
#ifndef DROVER_CONTROLLER_DRIVER_EVENT_INTAKE_H_
#define DROVER_CONTROLLER_DRIVER_EVENT_INTAKE_H_

#include <deque>
#include <functional>

#include "common/base/status.h"
#include "controller/driver/event_loop.h"

namespace drover::driver {

// Used on the loop only.
class EventIntake {
 public:
  // Gives one event to the driver. OK and NOT_FOUND: it is done with (a rollout that has ended
  // needs none). FAILED_PRECONDITION: this controller acts no more. Anything else: it is given
  // again.
  using Give = std::function<Status()>;

  // `loop` and `clock` must outlive it. `retry` passes between two tries.
  EventIntake(EventLoop& loop, Clock& clock, Millis retry = Millis(1'000))
      : loop_(loop), clock_(clock), retry_(retry) {}

  void Take(Give give);
  size_t waiting() const { return waiting_.size(); }

 private:
  void Drain();

  EventLoop& loop_;
  Clock& clock_;
  Millis retry_;
  std::deque<Give> waiting_;
};

}  // namespace drover::driver

#endif  // DROVER_CONTROLLER_DRIVER_EVENT_INTAKE_H_
