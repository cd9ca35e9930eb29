// Passes a stop signal on where an image does not (opensearch.md 1.4 "SIGTERM").
#ifndef DROVER_AGENT_COMPOSE_SIGNAL_RELAY_H_
#define DROVER_AGENT_COMPOSE_SIGNAL_RELAY_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "agent/docker/engine.h"

namespace drover::agent {

// While Compose stops a container: as soon as the Engine has signalled its main process, each
// process named `process` that is not the main one gets SIGTERM as well. A shell as the main
// process keeps the signal to itself, and the Engine would kill the container when the time is
// over. It comes after the Engine's signal and not before: a container that ends without one is
// started again by its restart policy.
class SignalRelay {
 public:
  using Terminate = std::function<Status(int64_t pid, const std::function<bool()>& is_still_it)>;

  // Begins at once, on a thread of its own. `engine` outlives this. An empty `process` passes
  // nothing on.
  SignalRelay(Engine* engine, std::string container, std::string process, Terminate terminate);
  ~SignalRelay();
  SignalRelay(const SignalRelay&) = delete;
  SignalRelay& operator=(const SignalRelay&) = delete;

  // Ends the watch, which takes no longer than a call of the Engine, and says what was passed on to
  // whom, or why it could not be; empty where there was nothing to pass on.
  std::string Finish();

 private:
  void Watch();
  void PassOn();

  Engine* const engine_;
  const std::string container_, process_;
  const Terminate terminate_;
  std::unique_ptr<EventStream> events_;
  std::string said_;  // of the thread, until it is joined
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_SIGNAL_RELAY_H_
