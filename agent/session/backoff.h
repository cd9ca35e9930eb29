// How long the agent waits before it dials again (protocol.md, "Keepalive, limits").
#ifndef DROVER_AGENT_SESSION_BACKOFF_H_
#define DROVER_AGENT_SESSION_BACKOFF_H_

#include <algorithm>
#include <functional>

#include "common/base/time.h"
#include "common/rpc/limits.h"

namespace drover::agent {

// Full jitter: each delay is drawn from zero to a limit that doubles from 0.2 s to a maximum, 1.5 s
// in a fleet of a few hosts, 10 s from some hundred on and where the controller never told the size
// of its fleet. The limit is never below the window that the controller told, so that a large
// fleet spreads its return.
class Backoff {
 public:
  // `random` gives a number from [0, 1).
  explicit Backoff(std::function<double()> random) : random_(std::move(random)) {}

  // Zero: not known.
  void SetWindow(Millis window) { window_ = window; }

  // The connection stood: the next delay is short again.
  void Reset() { limit_ = rpc::kReconnectFirst; }

  Millis Next() {
    const Millis limit = std::max(std::min(limit_, Maximum()), window_);
    limit_ = std::min(limit_ * 2, Maximum());
    return Draw(limit);
  }

  // For a peer that has said no: near the maximum from the first time on.
  Millis NextSlow() {
    limit_ = rpc::kReconnectMax;
    const Millis half = std::max(limit_, window_) / 2;
    return half + Draw(half);
  }

 private:
  Millis Maximum() const {
    if (window_ <= Millis(0)) return rpc::kReconnectMax;
    return std::clamp(window_ * rpc::kReconnectMaxWindows, rpc::kReconnectMaxOfSmallFleet,
                      rpc::kReconnectMax);
  }

  Millis Draw(Millis limit) const {
    return Millis(static_cast<Millis::rep>(random_() * static_cast<double>(limit.count())));
  }

  const std::function<double()> random_;
  Millis limit_ = rpc::kReconnectFirst;
  Millis window_{0};
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_BACKOFF_H_
