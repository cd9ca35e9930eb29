// Everything the CLI knows of the process it runs in, so that tests can stand in for it.
#ifndef DROVER_CONTROLLER_CLI_ENVIRONMENT_H_
#define DROVER_CONTROLLER_CLI_ENVIRONMENT_H_

#include <functional>
#include <istream>
#include <ostream>
#include <string>

#include "common/base/time.h"
#include "controller/cli/interrupts.h"

namespace drover::cli {

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

// The pointers are borrowed and never null.
struct Environment {
  std::istream* in;
  std::ostream* out;
  std::ostream* err;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  // The size of the terminal that `out` or `err` is, asked anew for each screen.
  std::function<TerminalSize()> size;
  // The value of an environment variable; empty where it is not set.
  std::function<std::string(const std::string&)> variable;
  Clock* clock;
  Interrupts* interrupts;
  // First wait before a lost watch is connected again; it doubles up to twelve times this.
  Millis retry_first{1000};
  std::string version;

  // Questions need both: an answer to read and a place to ask.
  bool CanAsk() const { return in_is_terminal && err_is_terminal; }
};

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_ENVIRONMENT_H_
