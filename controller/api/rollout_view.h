// What the watch screen says about a rollout, worked out from its state. Pure.
#ifndef DROVER_CONTROLLER_API_ROLLOUT_VIEW_H_
#define DROVER_CONTROLLER_API_ROLLOUT_VIEW_H_

#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "controller/rollout/rollout.h"

namespace drover::api {

// "allocation primaries, rebalance none (ours)"; empty while nothing is changed.
std::string ChangedSettings(const rollout::Rollout& rollout);

// What a rollback would be now: "tier 1, rebuild os-1 from its replicas, no loss". Empty where
// there is nothing to roll back (a restart, or it ended before a new image ran).
std::string RollbackNow(const rollout::Rollout& rollout);

// How long it will go on; nothing where that can't be said (paused, ended, later than expected).
std::optional<Millis> ExpectedLeft(const rollout::Rollout& rollout, Time now);

// Commands that make sense in this state, the likeliest first.
std::vector<std::string> NextCommands(const rollout::Rollout& rollout);

// The batch that is being worked on, 1 is the first; 0 before the members' turn.
int BatchNow(const rollout::Rollout& rollout);

// Why a member stands where it stands; with "next" where it is the one that comes now.
std::string MemberNote(const rollout::Rollout& rollout, size_t member);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_ROLLOUT_VIEW_H_
