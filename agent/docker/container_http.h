// HTTP/1.1 to a container of this host, by its address in a network of the Engine.
#ifndef DROVER_AGENT_DOCKER_CONTAINER_HTTP_H_
#define DROVER_AGENT_DOCKER_CONTAINER_HTTP_H_

#include <cstdint>
#include <string>

#include "agent/docker/engine_http.h"

namespace drover::agent {

struct ContainerCall {
  std::string address;  // IPv4
  uint16_t port = 0;
  std::string method = "GET";
  std::string target = "/";
  std::string json = {};  // its body; empty: none
};

// One exchange over a connection of its own; `limits.cancel` is not looked at. UNAVAILABLE where
// nobody answers, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED for a body above `limit` bytes.
StatusOr<HttpAnswer> CallContainer(const ContainerCall& call, const CallLimits& limits,
                                   size_t limit);

}  // namespace drover::agent

#endif  // DROVER_AGENT_DOCKER_CONTAINER_HTTP_H_
