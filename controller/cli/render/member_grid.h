// The middle of the watch screen: a row a member, a column a phase.
#ifndef DROVER_CONTROLLER_CLI_RENDER_MEMBER_GRID_H_
#define DROVER_CONTROLLER_CLI_RENDER_MEMBER_GRID_H_

#include <string>

#include "controller/cli/control.h"
#include "controller/cli/render/line.h"

namespace drover::cli {

// At most `rows` rows beside the header (0: no limit): finished members and those far from their
// turn are summed up first. A view too narrow for the columns gets one line a member.
Lines RenderMemberGrid(const v1::Rollout& rollout, int rows, const View& view);

// "◷ 3 s / 10 min: waits for os-2 in the cluster".
std::string WaitText(const v1::Wait& wait, Time now);

// The same sentence start whether or not the reason brings its verb: "waits for …".
std::string WaitReason(const v1::Wait& wait);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_RENDER_MEMBER_GRID_H_
