// The connected agents, as the driver and the control services see them.
#ifndef DROVER_CONTROLLER_FLEET_AGENTS_H_
#define DROVER_CONTROLLER_FLEET_AGENTS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "controller/rollout/operation.h"

namespace drover::fleet {

// One event of an operation, from the agent's journal. It comes again after every reconnect until
// it is acknowledged.
struct OperationEvent {
  OperationId operation_id;
  uint64_t sequence = 0;
  rollout::OperationState state = rollout::OperationState::kAccepted;
  bool is_progress = false;
  rollout::OperationProgress progress;  // where is_progress
  bool is_end = false;
  rollout::OperationEnd end;  // where is_end
};

// What shows that another controller commands this one's agents.
struct Fenced {
  std::string host;          // whose agent has it seen
  uint64_t epoch = 0;        // of the other controller; 0 where the agent does not say
  uint64_t own_epoch = 0;    // of this one
  std::string Text() const;  // a sentence for the log and for operators
};

// Called from the fleet's threads; must not block. Per host the order is the agent's.
class AgentListener {
 public:
  virtual ~AgentListener() = default;
  virtual void OnAgentConnected(const std::string& host) = 0;
  virtual void OnAgentLost(const std::string& host, const std::string& reason) = 0;
  // The listener calls Agents::Acknowledge once the event is durable.
  virtual void OnOperationEvent(const std::string& host, const OperationEvent& event) = 0;
  // An agent has obeyed another controller: this one must not act any more, from this call on. It
  // may come from several threads, and beside the other calls.
  virtual void OnFenced(const Fenced& fenced) = 0;
};

struct LogChunk {
  std::vector<std::string> lines;
  bool gap = false;  // output was left out before these lines
};

// What is asked about a project beside its configuration.
struct ProjectQuestion {
  std::vector<std::string> environment_keys;  // whose values are wanted; no other leaves the host
  std::vector<std::string> images;            // that are meant to run: does the policy allow them?
  std::vector<std::string> verbs = {};        // that are meant to be ordered; none: an upgrade's
  // A folder inside those images whose entries are wanted, where a host has the image; empty: none.
  std::string image_folder = {};
  bool processes = false;  // what runs in each container
};

// Thread safe; no call blocks.
class Agents {
 public:
  virtual ~Agents() = default;

  // All hosts that are enrolled, connected or not, by name.
  virtual std::vector<rollout::HostView> Hosts() = 0;

  // Sends the order with this controller's epoch. UNAVAILABLE where the agent is not connected: the
  // caller sends it again after OnAgentConnected. FAILED_PRECONDITION where the host is cordoned or
  // revoked, NOT_FOUND where there is none of that name.
  virtual Status Start(const rollout::OperationOrder& order) = 0;
  virtual Status Cancel(const std::string& host, const OperationId& id) = 0;
  virtual void Acknowledge(const std::string& host, const OperationId& id, uint64_t sequence) = 0;

  // Resolves a project afresh; `done` is called once, from another thread, DEADLINE_EXCEEDED after
  // `timeout`.
  virtual void InspectProject(const std::string& host, const std::string& project,
                              const ProjectQuestion& question, Millis timeout,
                              std::function<void(StatusOr<rollout::ProjectView>)> done) = 0;

  virtual void TailLog(const std::string& host, const std::string& project,
                       const std::string& service, int lines, Millis timeout,
                       std::function<void(StatusOr<LogChunk>)> done) = 0;

  // Follows a log until `sink` returns false or the agent ends it; then `done` is called once.
  virtual void FollowLog(const std::string& host, const std::string& project,
                         const std::string& service, int lines,
                         std::function<bool(const LogChunk&)> sink,
                         std::function<void(Status)> done) = 0;
};

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_AGENTS_H_
