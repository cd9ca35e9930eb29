// Throw-away containers on hosts, made after a member's own, and what they serve.
#ifndef DROVER_CONTROLLER_FLEET_REHEARSAL_HOSTS_H_
#define DROVER_CONTROLLER_FLEET_REHEARSAL_HOSTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::fleet {

struct RehearsalOrder {
  std::string project, service;  // whose container it is made after
  std::string image;
  std::map<std::string, std::string> environment;
  // Names, or beginnings of names that end in '*', of variables whose values the host takes over.
  std::vector<std::string> inherited_environment;
  std::vector<std::string> left_out_mounts;  // paths in the container
  uint64_t memory_bytes = 0;
  int port = 0;
  Millis lease{};  // not asked about for so long, the host removes it by itself
};

struct RehearsalView {
  enum class State { kPreparing, kRunning, kEnded };
  State state = State::kPreparing;
  std::string progress;
  std::string container;  // its name
  int exit_code = 0;
  bool oom_killed = false;
  std::vector<std::string> log;  // its last lines, where it ended by itself
  Status error;                  // not OK: why there is no container
};

struct NodeCall {
  std::string method, path, body;
  Millis timeout{};
};

struct NodeAnswer {
  int status = 0;
  std::string body;
};

// Thread safe; no call blocks. Each `done` is called once, from another thread: UNAVAILABLE where
// the agent is not connected, DEADLINE_EXCEEDED where it does not answer, NOT_FOUND for a rehearsal
// that its host does not have (any more), PERMISSION_DENIED by the host's policy.
class RehearsalHosts {
 public:
  using Looked = std::function<void(StatusOr<RehearsalView>)>;

  virtual ~RehearsalHosts() = default;

  // Begins; again for the same id it only looks. FAILED_PRECONDITION while another one runs there.
  virtual void StartRehearsal(const std::string& host, const std::string& id,
                              const RehearsalOrder& order, Looked done) = 0;
  virtual void LookAtRehearsal(const std::string& host, const std::string& id, Looked done) = 0;
  // Removes the container, or leaves it without a lease. One that is gone is no error.
  virtual void EndRehearsal(const std::string& host, const std::string& id, bool keep,
                            Looked done) = 0;
  virtual void CallRehearsal(const std::string& host, const std::string& id, const NodeCall& call,
                             std::function<void(StatusOr<NodeAnswer>)> done) = 0;
};

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_REHEARSAL_HOSTS_H_
