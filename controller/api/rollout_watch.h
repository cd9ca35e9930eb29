#ifndef DROVER_CONTROLLER_API_ROLLOUT_WATCH_H_
#define DROVER_CONTROLLER_API_ROLLOUT_WATCH_H_

#include <memory>
#include <string>

#include "controller/api/convert.h"
#include "controller/api/parts.h"
#include "controller/api/stream.h"

namespace drover::api {

// Watches a rollout (id or prefix) until it ended: its newest state, coalesced for a slow reader,
// and every event after `since`, read from the store so that none is missed. `parts` must outlive
// the source. NOT_FOUND where there is no such rollout.
StatusOr<std::unique_ptr<Source<pb::WatchRolloutResponse>>> MakeRolloutWatch(
    const Parts& parts, const std::string& id, uint64_t since,
    const std::shared_ptr<Stream<pb::WatchRolloutResponse>>& stream);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_ROLLOUT_WATCH_H_
