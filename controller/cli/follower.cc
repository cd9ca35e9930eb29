#include "controller/cli/follower.h"

namespace drover::cli {

std::string RetryNotice(int attempt, const FollowerLimits& limits) {
  std::string text =
      "connection to the controller lost; connecting again, try " + std::to_string(attempt);
  if (limits.tries == kTries) text += " of " + std::to_string(limits.tries);
  return text + " (" + FormatDuration(RetrySpan(attempt, limits)) + ")";
}

Millis RetrySpan(int attempt, const FollowerLimits& limits) {
  const int factor = std::min(12, 1 << std::min(attempt - 1, 4));
  return limits.retry_first * factor;
}

}  // namespace drover::cli
