// A plan as an operator reads it before saying yes (design cli.md, "A plan, as printed").
#ifndef DROVER_CONTROLLER_CLI_RENDER_PLAN_H_
#define DROVER_CONTROLLER_CLI_RENDER_PLAN_H_

#include "controller/cli/control.h"
#include "controller/cli/render/line.h"

namespace drover::cli {

Lines RenderPlan(const v1::Plan& plan, const View& view);

// True where StartRollout would refuse the plan because of a check.
bool IsBlocked(const v1::Plan& plan);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_RENDER_PLAN_H_
