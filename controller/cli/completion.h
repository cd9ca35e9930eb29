// Shell completion: a small script for each shell asks `drover __complete` for the candidates.
#ifndef DROVER_CONTROLLER_CLI_COMPLETION_H_
#define DROVER_CONTROLLER_CLI_COMPLETION_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "controller/cli/connection.h"

namespace drover::cli {

// The script to be sourced by "bash", "zsh" or "fish".
StatusOr<std::string> CompletionScript(const std::string& shell);

// Names of a type (HOST, CLUSTER, …; commands.h); `before` are the positionals typed before it.
using NameSource = std::function<std::vector<std::string>(const std::string& type,
                                                          const std::vector<std::string>& before)>;

// Candidates for the last of `words`, which may be empty; the words before it are whole.
std::vector<std::string> Complete(CLI::App& app, const std::vector<std::string>& words,
                                  const NameSource& names);

// Asks the controller, at most half a second in all; nothing on any error.
std::vector<std::string> LiveNames(Connection& connection, const std::string& type,
                                   const std::vector<std::string>& before);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_COMPLETION_H_
