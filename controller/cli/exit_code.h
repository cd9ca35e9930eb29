// What the shell sees (docs/cli.md, "Exit codes").
#ifndef DROVER_CONTROLLER_CLI_EXIT_CODE_H_
#define DROVER_CONTROLLER_CLI_EXIT_CODE_H_

#include "controller/cli/control.h"

namespace drover::cli {

enum class Exit {
  kOk = 0,
  // An error of the call or of the connection.
  kError = 1,
  // Refused by a check or a policy.
  kRefused = 2,
  kStale = 3,
  kFailed = 4,
  // Paused: waits for an operator.
  kPaused = 5,
  kRolledBack = 6,
  kAborted = 7,
  kHostsUnreachable = 8,
  // The watch ended before the rollout did; the rollout goes on.
  kWatchEnded = 9,
};

// For a rollout that has ended or is paused; kWatchEnded for one that goes on.
inline Exit ExitOf(v1::RolloutState state) {
  switch (state) {
    case v1::ROLLOUT_STATE_SUCCEEDED:
      return Exit::kOk;
    case v1::ROLLOUT_STATE_FAILED:
      return Exit::kFailed;
    case v1::ROLLOUT_STATE_PAUSED:
      return Exit::kPaused;
    case v1::ROLLOUT_STATE_ROLLED_BACK:
      return Exit::kRolledBack;
    case v1::ROLLOUT_STATE_ABORTED:
      return Exit::kAborted;
    default:
      return Exit::kWatchEnded;
  }
}

// The same of a rollout: one that a check refused before anything was stopped is refused.
inline Exit ExitOf(const v1::Rollout& rollout) {
  const bool by_check = rollout.state() == v1::ROLLOUT_STATE_FAILED &&
                        rollout.refusal() == v1::ERROR_REASON_REFUSED_BY_CHECK;
  return by_check ? Exit::kRefused : ExitOf(rollout.state());
}

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_EXIT_CODE_H_
