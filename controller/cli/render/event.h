// Events as one line for a person, and as one JSON object a line for a program.
#ifndef DROVER_CONTROLLER_CLI_RENDER_EVENT_H_
#define DROVER_CONTROLLER_CLI_RENDER_EVENT_H_

#include <string>

#include "controller/cli/control.h"
#include "controller/cli/render/line.h"

namespace drover::cli {

// "2026-11-23T02:13:54.123Z  os-1 (h1): stopped in 0.6 s". With `with_rollout` the rollout's id is
// in front.
Line RenderEvent(const v1::Event& event, bool with_rollout);

// The stable schema of docs/cli.md, without a line feed: sequence, time, rollout_id, cluster,
// member, host, kind, text, fields; always all of them, in this order.
std::string EventJson(const v1::Event& event);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_RENDER_EVENT_H_
