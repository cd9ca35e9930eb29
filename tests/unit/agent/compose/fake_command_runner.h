// Commands that are recorded and answered by a function instead of being run.
#ifndef DROVER_TESTS_UNIT_AGENT_COMPOSE_FAKE_COMMAND_RUNNER_H_
#define DROVER_TESTS_UNIT_AGENT_COMPOSE_FAKE_COMMAND_RUNNER_H_

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "agent/process/command_runner.h"

namespace drover::agent {

class FakeCommandRunner final : public CommandRunner {
 public:
  using Handler = std::function<StatusOr<CommandResult>(const std::string& line)>;

  // `handler` gets the argument vector joined by spaces; without one every command succeeds.
  explicit FakeCommandRunner(Handler handler = nullptr) : handler_(std::move(handler)) {}

  StatusOr<CommandResult> Run(const Command& command, const RunOptions& options) override {
    std::string line;
    for (const std::string& word : command.argv) line += (line.empty() ? "" : " ") + word;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      commands_.push_back(command);
      lines_.push_back(line);
      deadlines_set_ = deadlines_set_ && options.deadline.has_value();
    }
    return handler_ ? handler_(line) : StatusOr<CommandResult>(CommandResult());
  }

  std::vector<std::string> lines() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return lines_;
  }
  std::vector<Command> commands() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return commands_;
  }
  bool deadlines_set() const { return deadlines_set_; }

 private:
  Handler handler_;
  mutable std::mutex mutex_;
  std::vector<Command> commands_;
  std::vector<std::string> lines_;
  bool deadlines_set_ = true;
};

inline CommandResult Printed(const std::string& out, int exit_status = 0,
                             const std::string& err = "") {
  CommandResult result;
  result.out = out;
  result.err = err;
  result.exit_status = exit_status;
  return result;
}

}  // namespace drover::agent

#endif  // DROVER_TESTS_UNIT_AGENT_COMPOSE_FAKE_COMMAND_RUNNER_H_
