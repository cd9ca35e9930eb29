#ifndef DROVER_CONTROLLER_API_HOST_WATCH_H_
#define DROVER_CONTROLLER_API_HOST_WATCH_H_

#include <memory>

#include "controller/api/convert.h"
#include "controller/api/stream.h"
#include "controller/fleet/fleet_admin.h"

namespace drover::api {

// First every host, then each that changes, without an end. Of a host that changes faster than it
// is read only the newest state is sent. `fleet` must outlive the source.
std::unique_ptr<Source<pb::WatchHostsResponse>> MakeHostWatch(
    fleet::FleetAdmin& fleet, const std::shared_ptr<Stream<pb::WatchHostsResponse>>& stream);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_HOST_WATCH_H_
