// What rollouts left behind: cold copies and kept volumes on hosts, snapshots in repositories.
#ifndef DROVER_CONTROLLER_API_LEFTOVERS_H_
#define DROVER_CONTROLLER_API_LEFTOVERS_H_

#include <string>

#include "controller/api/authorize.h"
#include "controller/api/busy_clusters.h"
#include "controller/api/convert.h"
#include "controller/api/parts.h"

namespace drover::api {

// Of one cluster, or of all hosts and clusters where `cluster` is empty. What cannot be looked at
// is named in the answer and is no error. Blocks while hosts and clusters are asked.
Status ListLeftovers(const Parts& parts, const std::string& cluster,
                     pb::ListLeftoversResponse* response);

// Removes one from its host and records who did. Blocks while it is removed.
grpc::Status RemoveLeftover(const Parts& parts, BusyClusters& busy, const Caller& caller,
                            const pb::RemoveLeftoverRequest& request,
                            pb::RemoveLeftoverResponse* response);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_LEFTOVERS_H_
