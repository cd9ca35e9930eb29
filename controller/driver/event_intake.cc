#include "controller/driver/event_intake.h"

#include <utility>

#include "common/base/log.h"

namespace drover::driver {

void EventIntake::Take(Give give) {
  waiting_.push_back(std::move(give));
  // With others before it, it waits for their retry.
  if (waiting_.size() == 1) Drain();
}

void EventIntake::Drain() {
  while (!waiting_.empty()) {
    const Status status = waiting_.front()();
    const bool done = status.ok() || status.code() == StatusCode::kNotFound ||
                      status.code() == StatusCode::kFailedPrecondition;
    if (!done) {
      LogError("driver", "an event could not be committed and is given again: " + Message(status));
      loop_.PostAt(clock_.Now() + retry_, [this] { Drain(); });
      return;
    }
    waiting_.pop_front();
  }
}

}  // namespace drover::driver
