#ifndef DROVER_CONTROLLER_API_CLUSTER_CHANGES_H_
#define DROVER_CONTROLLER_API_CLUSTER_CHANGES_H_

#include <string>
#include <vector>

#include "common/base/status.h"
#include "controller/rollout/cluster_spec.h"
#include "controller/rollout/operation.h"

namespace drover::api {

// What is different between two versions of a cluster file, a line each, in the file's words.
std::vector<std::string> Changes(const rollout::ClusterSpec& before,
                                 const rollout::ClusterSpec& now);

// INVALID_ARGUMENT where the file names a host that is not enrolled: nothing could ever be done
// there. The message names the member and the hosts that are.
Status CheckHosts(const rollout::ClusterSpec& spec, const std::string& file_name,
                  const std::vector<rollout::HostView>& hosts);

// What may be wrong and is no error, because hosts come and go: an agent that is not connected, a
// project or service that its agent does not report. A line each, beginning with "warning: ".
std::vector<std::string> Warnings(const rollout::ClusterSpec& spec,
                                  const std::vector<rollout::HostView>& hosts);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_CLUSTER_CHANGES_H_
