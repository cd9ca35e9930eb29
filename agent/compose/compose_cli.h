// Compose through its command line, in either spelling.
#ifndef DROVER_AGENT_COMPOSE_COMPOSE_CLI_H_
#define DROVER_AGENT_COMPOSE_COMPOSE_CLI_H_

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/compose/compose.h"

namespace drover::agent {

class ComposeCli final : public Compose {
 public:
  // `runner` outlives this. `engine_socket` becomes DOCKER_HOST of every command, so that the CLI
  // and the Engine client speak to the same Engine.
  ComposeCli(CommandRunner* runner, std::string engine_socket);

  std::vector<ComposeSpelling> Spellings() override;
  void Forget() override;
  StatusOr<CommandResult> Config(const ProjectPlace& project,
                                 const std::vector<std::string>& profiles,
                                 const RunOptions& options) override;
  StatusOr<CommandResult> Stop(const ProjectPlace& project, const std::string& service,
                               int64_t timeout_seconds, const RunOptions& options) override;
  StatusOr<CommandResult> Up(const ProjectPlace& project, const std::string& service, bool recreate,
                             const RunOptions& options) override;
  StatusOr<CommandResult> Down(const ProjectPlace& project, int64_t timeout_seconds,
                               const RunOptions& options) override;
  StatusOr<CommandResult> Pull(const std::string& image, const RunOptions& options) override;

 private:
  // The plugin, unless v1 made the project's containers and is here: their names and hashes differ.
  StatusOr<ComposeSpelling> Choose(const ProjectPlace& project);
  StatusOr<CommandResult> Run(const ProjectPlace& project, const ComposeSpelling& spelling,
                              const std::vector<std::string>& verb, const RunOptions& options);
  std::optional<ComposeSpelling> Ask(const std::vector<std::string>& argv, bool* answered);

  CommandRunner* const runner_;
  const std::string engine_socket_;
  std::mutex mutex_;
  std::optional<std::vector<ComposeSpelling>> spellings_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_COMPOSE_CLI_H_
