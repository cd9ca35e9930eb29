// How long the parts of earlier rollouts took, from their stored states.
#ifndef DROVER_CONTROLLER_STORE_TIMINGS_H_
#define DROVER_CONTROLLER_STORE_TIMINGS_H_

#include <cstddef>
#include <vector>

#include "controller/rollout/rollout.h"

namespace drover::store {

// How many rollouts the timings rest on.
inline constexpr size_t kTimedRollouts = 5;

// RolloutStore::TimingsOf, of `succeeded`.
rollout::History Timings(const std::vector<rollout::Rollout>& succeeded);

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_TIMINGS_H_
