// HTTP/1.1 over a unix socket with a deadline for every step.
#ifndef DROVER_AGENT_DOCKER_ENGINE_HTTP_H_
#define DROVER_AGENT_DOCKER_ENGINE_HTTP_H_

#include <map>
#include <memory>
#include <string>

#include "agent/docker/engine.h"
#include "common/base/status.h"

namespace drover::agent {

struct HttpRequest {
  std::string method = "GET";
  std::string target;
  std::map<std::string, std::string> headers;
  std::string json = {};  // its body; empty: none
};

// One connection, one request, its answer in pieces. Not thread safe.
class HttpExchange {
 public:
  HttpExchange();
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;
  ~HttpExchange();

  // Connects, sends, and reads the answer's header. UNAVAILABLE where nobody answers.
  Status Begin(const std::string& socket_path, const HttpRequest& request,
               const CallLimits& limits);
  int status_code() const;
  // More of the body, empty at its end. After DEADLINE_EXCEEDED it may be called again.
  StatusOr<std::string> Read(const CallLimits& limits);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The whole exchange; the body is at most `limit` bytes.
struct HttpAnswer {
  int status_code = 0;
  std::string body;
};
StatusOr<HttpAnswer> Exchange(const std::string& socket_path, const HttpRequest& request,
                              const CallLimits& limits, size_t limit = 16 * 1024 * 1024);

}  // namespace drover::agent

#endif  // DROVER_AGENT_DOCKER_ENGINE_HTTP_H_
