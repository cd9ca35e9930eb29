// Compose as Drover uses it: a handful of verbs on one project.
#ifndef DROVER_AGENT_COMPOSE_COMPOSE_H_
#define DROVER_AGENT_COMPOSE_COMPOSE_H_

#include <string>
#include <vector>

#include "agent/compose/project_files.h"
#include "agent/process/command_runner.h"
#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::agent {

// A Compose of this host.
struct ComposeSpelling {
  std::vector<std::string> argv;  // {"docker", "compose"} or {"docker-compose"}
  std::string spelling;           // "docker compose" or "docker-compose"
  std::string version;            // "2.26.1"
  int major = 0;

  bool is_v1() const { return major == 1; }
};

// Each call blocks; its RunOptions bound it. A call that ran is OK whatever its exit status;
// FAILED_PRECONDITION where this host has no Compose, otherwise CommandRunner's errors. Thread
// safe.
class Compose {
 public:
  virtual ~Compose() = default;

  // What is there, found by asking; remembered until Forget.
  virtual std::vector<ComposeSpelling> Spellings() = 0;
  virtual void Forget() = 0;

  // The resolved configuration, services of `profiles` included: JSON from v2, YAML from v1.
  virtual StatusOr<CommandResult> Config(const ProjectPlace& project,
                                         const std::vector<std::string>& profiles,
                                         const RunOptions& options) = 0;
  // `timeout_seconds` below zero leaves the service's own grace period.
  virtual StatusOr<CommandResult> Stop(const ProjectPlace& project, const std::string& service,
                                       int64_t timeout_seconds, const RunOptions& options) = 0;
  virtual StatusOr<CommandResult> Up(const ProjectPlace& project, const std::string& service,
                                     bool recreate, const RunOptions& options) = 0;
  // Never with volumes.
  virtual StatusOr<CommandResult> Down(const ProjectPlace& project, int64_t timeout_seconds,
                                       const RunOptions& options) = 0;
  // `docker pull`, with the credentials of the CLI's configuration.
  virtual StatusOr<CommandResult> Pull(const std::string& image, const RunOptions& options) = 0;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_COMPOSE_H_
