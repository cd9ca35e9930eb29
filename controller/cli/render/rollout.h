// The watch screen (design cli.md), also used once, without redrawing, by `rollout show`.
#ifndef DROVER_CONTROLLER_CLI_RENDER_ROLLOUT_H_
#define DROVER_CONTROLLER_CLI_RENDER_ROLLOUT_H_

#include "controller/cli/control.h"
#include "controller/cli/render/line.h"

namespace drover::cli {

// Never more than view.height lines where that is set.
Lines RenderRollout(const v1::Rollout& rollout, const View& view);

// How it ended or why it is paused, and what can be done now: for stderr where there is no screen.
Lines RenderEnding(const v1::Rollout& rollout, const View& view);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_RENDER_ROLLOUT_H_
