// The controller's clock as this host can know it.
#ifndef DROVER_AGENT_SESSION_CONTROLLER_CLOCK_H_
#define DROVER_AGENT_SESSION_CONTROLLER_CLOCK_H_

#include <chrono>
#include <optional>

#include "common/base/time.h"

namespace drover::agent {

// Deadlines are points in the controller's time, and a host's clock may be hours off: they are
// translated by what Welcome said and by the time that has passed here since. Not thread safe.
class ControllerClock {
 public:
  using Steady = std::chrono::steady_clock::time_point;

  // Until Set the two clocks are taken to agree, as with a controller that does not tell its time.
  void Clear() { set_.reset(); }
  // Welcome said `controller` when this host's clock showed `host`.
  void Set(Time controller, Time host, Steady now) { set_ = {controller, host, now}; }

  // A point in the controller's time by this host's clock, which shows `host` now. Nothing where
  // that clock was set, or this host slept, since: only a new Welcome tells what time it is.
  std::optional<Time> ToHost(Time controller, Time host, Steady now) const {
    if (!set_) return controller;
    const Millis passed = std::chrono::duration_cast<Millis>(now - set_->at);
    const Millis jump = host - set_->host - passed;
    if (jump > kLargestJump || jump < -kLargestJump) return std::nullopt;
    return controller + (set_->host - set_->controller) + jump;
  }

 private:
  // More than a clock that is being adjusted drifts in the life of a connection.
  static constexpr Millis kLargestJump{10'000};

  struct Reading {
    Time controller, host;
    Steady at;
  };
  std::optional<Reading> set_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_CONTROLLER_CLOCK_H_
