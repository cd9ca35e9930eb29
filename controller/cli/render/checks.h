// Preflight results: counts in one line, then each check that did not pass.
#ifndef DROVER_CONTROLLER_CLI_RENDER_CHECKS_H_
#define DROVER_CONTROLLER_CLI_RENDER_CHECKS_H_

#include <google/protobuf/repeated_field.h>

#include "controller/cli/control.h"
#include "controller/cli/render/line.h"

namespace drover::cli {

using Checks = google::protobuf::RepeatedPtrField<v1::CheckResult>;

// Blocking checks first. With view.verbose the passed ones are shown too.
Lines RenderChecks(const Checks& checks, const View& view);

// One line a check that an operator waived: which, who, why.
Lines RenderWaived(const Checks& checks, const View& view);

// All checks that there are: id, title, and why one cannot be waived.
Lines RenderDefinitions(const google::protobuf::RepeatedPtrField<v1::CheckDefinition>& checks,
                        const View& view);

bool AnyBlocks(const Checks& checks);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_RENDER_CHECKS_H_
