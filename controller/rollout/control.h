// What an operator may ask of a rollout in which state.
#ifndef DROVER_CONTROLLER_ROLLOUT_CONTROL_H_
#define DROVER_CONTROLLER_ROLLOUT_CONTROL_H_

#include "common/base/status.h"
#include "controller/rollout/event.h"
#include "controller/rollout/rollout.h"

namespace drover::rollout {

// FAILED_PRECONDITION where the request makes no sense now; says what would.
Status CanAsk(const Rollout& rollout, Request request);
// The same with what the request names: INVALID_ARGUMENT for a member to skip that is none,
// FAILED_PRECONDITION for one that is not in the present batch.
Status CanAsk(const Rollout& rollout, const Asked& asked);

// Whether a full stop stands between two versions: it goes on, or back, and is not left like that.
bool MustGoOnOrBack(const Rollout& rollout);

std::string Name(Request request);  // "pause"

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_CONTROL_H_
