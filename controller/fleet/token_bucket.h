// A limit on how often something may happen.
#ifndef DROVER_CONTROLLER_FLEET_TOKEN_BUCKET_H_
#define DROVER_CONTROLLER_FLEET_TOKEN_BUCKET_H_

#include <algorithm>
#include <mutex>

#include "common/base/time.h"

namespace drover::fleet {

// Lets `burst` through at once and then one each `refill`. Thread safe.
class TokenBucket {
 public:
  TokenBucket(int burst, Millis refill) : burst_(burst), refill_(refill), left_(burst) {}

  // False where it is too often. `now` may go backwards; then nothing is refilled.
  bool Take(Time now) {
    const std::lock_guard lock(mutex_);
    if (now > last_) {
      const auto refilled = (now - last_) / refill_;
      left_ = static_cast<int>(std::min<int64_t>(burst_, left_ + refilled));
      // What did not make a whole one counts the next time.
      last_ = left_ == burst_ ? now : last_ + refilled * refill_;
    }
    if (left_ == 0) return false;
    --left_;
    return true;
  }

 private:
  const int burst_;
  const Millis refill_;
  std::mutex mutex_;
  int left_;
  Time last_{};
};

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_TOKEN_BUCKET_H_
