// Builds the real HostVerbs: the Engine behind its socket, the Compose CLIs of this host.
#ifndef DROVER_AGENT_COMPOSE_MAKE_HOST_VERBS_H_
#define DROVER_AGENT_COMPOSE_MAKE_HOST_VERBS_H_

#include <memory>
#include <string>

#include "agent/compose/verbs.h"
#include "common/base/status.h"

namespace drover::agent {

struct HostVerbsOptions {
  // The host's policy; read again whenever the file changes.
  std::string policy_path = "/etc/drover/agent.yaml";
  // Folder for the bytes that SetImage replaced; made with mode 0700 where it is missing.
  std::string state_dir;
  // The Engine's unix socket; empty: what DOCKER_HOST or Docker's default names.
  std::string engine_socket;
};

// INVALID_ARGUMENT where DOCKER_HOST is not a unix socket or state_dir cannot be made. An Engine
// that is down or a host without Compose is no error here: verbs and reports say so.
StatusOr<std::unique_ptr<HostVerbs>> MakeHostVerbs(const HostVerbsOptions& options);

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_MAKE_HOST_VERBS_H_
