// What a rehearsal found.
#ifndef DROVER_CONTROLLER_CLI_RENDER_REHEARSAL_H_
#define DROVER_CONTROLLER_CLI_RENDER_REHEARSAL_H_

#include "controller/cli/control.h"
#include "controller/cli/render/line.h"

namespace drover::cli {

// A table of the indexes; then each that did not come up, and each finding, with the node's own
// words and what to do. `all` holds what the whole stream said.
Lines RenderRehearsal(const v1::RehearseResponse& all, const View& view);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_RENDER_REHEARSAL_H_
