// What happened, as the engine is told it. Time comes in with the event; the engine has no clock.
#ifndef DROVER_CONTROLLER_ROLLOUT_EVENT_H_
#define DROVER_CONTROLLER_ROLLOUT_EVENT_H_

#include <string>
#include <variant>
#include <vector>

#include "controller/rollout/action.h"
#include "controller/rollout/plan.h"

namespace drover::rollout {

enum class Request {
  kStart,
  kPause,
  kResume,
  kAbort,
  kApprove,
  // A paused rollout leaves what is left to the rollback that undoes it.
  kHandOver
};

struct Asked {
  Request request = Request::kStart;
  std::string by;
  std::string reason;
  // Of kResume: the name of a member to leave as it is; empty: none.
  std::string skip = {};
};
struct AgentConnected {
  std::string host;
};
struct AgentLost {
  std::string host, reason;
};
struct OperationProgressed {
  OperationId id;
  OperationProgress progress;
};
struct OperationEnded {
  OperationId id;
  OperationEnd end;
};
struct Observed {
  ActionId id;
  World world;
};
struct SnapshotSeen {
  ActionId id;
  SnapshotView snapshot;
  std::string error;
};
struct CallEnded {
  ActionId id;
  std::string error;  // empty: done
  // ClearArchived: of the settings that are gone. DeleteSnapshot: what stays behind, a sentence.
  std::vector<std::string> names = {};
};
struct HealthSeen {
  ActionId id;
  HealthView health;
  std::string error;
};
struct NodesSeen {
  ActionId id;
  std::vector<NodeView> nodes;
  std::string error;
};
struct ContainerSeen {
  ActionId id;
  bool connected = false;  // the agent is connected and answered; else `container` is from before
  std::optional<ContainerView> container;
};
struct LogSeen {
  ActionId id;
  std::vector<std::string> lines;
};
struct TimerFired {
  ActionId id;
};
// The first event after a start of the controller: what was outstanding is performed again.
struct Recovered {};

using EventBody = std::variant<Asked, AgentConnected, AgentLost, OperationProgressed,
                               OperationEnded, Observed, SnapshotSeen, CallEnded, HealthSeen,
                               NodesSeen, ContainerSeen, LogSeen, TimerFired, Recovered>;

struct Event {
  Time at{};
  EventBody body;
};

// One line of the rollout's history, for people and programs (drover events).
struct Record {
  std::string kind;  // "rollout.state", "member.step", "operation.ended", …
  std::string member, host;
  std::string text;
  std::map<std::string, std::string> fields;
  bool operator==(const Record&) const = default;
};

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_EVENT_H_
