// Runs other programs: an argument vector in, exit status and output out. No shell anywhere.
#ifndef DROVER_AGENT_PROCESS_COMMAND_RUNNER_H_
#define DROVER_AGENT_PROCESS_COMMAND_RUNNER_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::agent {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Command {
  // argv[0] is a path or a name looked up in PATH.
  std::vector<std::string> argv;
  // Set beside the agent's own environment; a name that is there already gets this value.
  std::vector<std::pair<std::string, std::string>> environment;
  // Empty: the agent's own.
  std::string working_dir;
};

enum class OutputStream { kOut, kErr };

struct RunOptions {
  // When the whole process group is gone at the latest: it gets TERM `grace` before and KILL then.
  std::optional<SteadyTime> deadline;
  // Ends the command early once true: TERM, and KILL after `grace`. Not owned; may be null.
  const std::atomic<bool>* cancel = nullptr;
  Millis grace{2000};
  // Each line without its end, as it comes, on the thread that called Run. Lines longer than 8 KiB
  // are cut into several. A carriage return ends a line as well.
  std::function<void(OutputStream, const std::string& line)> on_line;
  // What is kept of each stream: its last bytes.
  size_t capture_limit = 256 * 1024;
};

struct CommandResult {
  // As a shell has it: the exit status, or 128 + the signal that ended the program.
  int exit_status = 0;
  bool timed_out = false;
  bool canceled = false;
  std::string out;
  std::string err;
  // Older bytes of the stream were dropped.
  bool out_truncated = false;
  bool err_truncated = false;

  bool ok() const { return exit_status == 0 && !timed_out && !canceled; }
};

// Thread safe: any number of commands at once.
class CommandRunner {
 public:
  virtual ~CommandRunner() = default;

  // Blocks until the program has ended and was reaped. NOT_FOUND where the program or the working
  // directory does not exist, PERMISSION_DENIED where it may not be executed, INTERNAL where the
  // system lacks descriptors or processes. A program that ran is OK whatever its exit status.
  virtual StatusOr<CommandResult> Run(const Command& command, const RunOptions& options) = 0;
};

// The real one: posix_spawn in a process group of its own, /dev/null on stdin, no other descriptor
// of the agent inherited, both pipes drained all the time.
class PosixCommandRunner final : public CommandRunner {
 public:
  StatusOr<CommandResult> Run(const Command& command, const RunOptions& options) override;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_PROCESS_COMMAND_RUNNER_H_
