// A Docker Engine of recorded answers on a unix socket.
#ifndef DROVER_TESTS_UNIT_AGENT_DOCKER_FAKE_ENGINE_SERVER_H_
#define DROVER_TESTS_UNIT_AGENT_DOCKER_FAKE_ENGINE_SERVER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace drover::agent {

// An answer in pieces: each is one chunk of a chunked body, sent as soon as the one before is out.
struct FakeAnswer {
  int status = 200;
  std::vector<std::string> pieces;
  // Keeps the connection open after the last piece, as a stream of events does.
  bool stay_open = false;
};

class FakeEngineServer {
 public:
  FakeEngineServer();
  ~FakeEngineServer();

  const std::string& socket_path() const;
  // Answers "METHOD target" so from now on; the target may be given without its query.
  void Set(const std::string& request, FakeAnswer answer);
  // What was asked for, in order: "GET /v1.41/containers/json?all=1…".
  std::vector<std::string> Requests() const;
  // Closes the socket: nobody answers any more.
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace drover::agent

#endif  // DROVER_TESTS_UNIT_AGENT_DOCKER_FAKE_ENGINE_SERVER_H_
