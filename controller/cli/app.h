// The command line: from arguments to an exit code.
#ifndef DROVER_CONTROLLER_CLI_APP_H_
#define DROVER_CONTROLLER_CLI_APP_H_

#include <string>
#include <vector>

#include "controller/cli/environment.h"
#include "controller/cli/exit_code.h"

namespace drover::cli {

// Runs `drover` with `arguments` (without the program's name). Everything it says goes through
// `env`.
Exit Run(const std::vector<std::string>& arguments, Environment& env);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_APP_H_
