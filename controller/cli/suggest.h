// "Did you mean": the known word nearest to a typed one.
#ifndef DROVER_CONTROLLER_CLI_SUGGEST_H_
#define DROVER_CONTROLLER_CLI_SUGGEST_H_

#include <string>
#include <vector>

namespace drover::cli {

// Empty where none is near: more than a third of the letters, at least two, would have to change.
std::string Nearest(const std::string& typed, const std::vector<std::string>& known);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_SUGGEST_H_
