#ifndef DROVER_CONTROLLER_API_LOG_TAIL_H_
#define DROVER_CONTROLLER_API_LOG_TAIL_H_

#include <memory>

#include "controller/api/convert.h"
#include "controller/api/stream.h"
#include "controller/fleet/agents.h"
#include "controller/fleet/fleet_admin.h"

namespace drover::api {

// The end of a container's log and, with follow, what comes after it. What a slow reader does not
// take is dropped, oldest first, and the message after it says so (gap). NOT_FOUND names the hosts,
// projects or services that exist, UNAVAILABLE says that the agent is not connected.
// `fleet` and `agents` must outlive the source.
StatusOr<std::unique_ptr<Source<pb::TailLogResponse>>> MakeLogTail(
    fleet::FleetAdmin& fleet, fleet::Agents& agents, const pb::TailLogRequest& request,
    const std::shared_ptr<Stream<pb::TailLogResponse>>& stream);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_LOG_TAIL_H_
