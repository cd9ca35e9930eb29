// Where a path of a container really is.
#ifndef DROVER_CONTROLLER_ROLLOUT_CHECKS_MOUNTS_H_
#define DROVER_CONTROLLER_ROLLOUT_CHECKS_MOUNTS_H_

#include <string>
#include <vector>

#include "controller/rollout/observation.h"
#include "controller/rollout/operation.h"

namespace drover::rollout {

// The mount that holds `path` in the container; null where it is the writable layer.
const MountView* MountOf(const ContainerView& container, const std::string& path);

// The node's data paths; the image's own where the node names none.
std::vector<std::string> DataPaths(const NodeView& node);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_CHECKS_MOUNTS_H_
