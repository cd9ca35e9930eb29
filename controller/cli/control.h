// The control API's messages, under the short name that the CLI uses for them.
#ifndef DROVER_CONTROLLER_CLI_CONTROL_H_
#define DROVER_CONTROLLER_CLI_CONTROL_H_

#include "drover/control/v1/cluster.pb.h"
#include "drover/control/v1/common.pb.h"
#include "drover/control/v1/event.pb.h"
#include "drover/control/v1/fleet.pb.h"
#include "drover/control/v1/index.pb.h"
#include "drover/control/v1/rehearsal.pb.h"
#include "drover/control/v1/rollout.pb.h"
#include "drover/control/v1/snapshot.pb.h"

namespace drover::cli {

namespace v1 = ::drover::control::v1;

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_CONTROL_H_
