// What the engine asks the driver to do. Every action carries an id; performing it again with the
// same id has no further effect, and its result comes back as an event with that id.
#ifndef DROVER_CONTROLLER_ROLLOUT_ACTION_H_
#define DROVER_CONTROLLER_ROLLOUT_ACTION_H_

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.h"
#include "common/base/time.h"
#include "controller/rollout/observation.h"
#include "controller/rollout/operation.h"

namespace drover::rollout {

// rollout/member/step/attempt; an operation's id is the id of the action that starts it.
using ActionId = OperationId;

// Setting → value; no value: the default.
using Settings = std::map<std::string, std::optional<std::string>>;

struct ObserveWorld {  // → Observed
  // Resolve the members' projects afresh as well; else only the cluster is looked at.
  bool with_hosts = true;
  // Register the repository where it is missing and the cluster file says how, and have every node
  // verify it. What was registered for a verification that failed is taken away again.
  bool with_repository = true;
  // Ask the cluster as well for what it says in words: ClusterObservation::explanation and
  // security_upgrade.
  bool with_explanation = false;
  // Look into the new image on each host.
  bool with_images = false;
  // Ask the cluster as well for IndexView::operations.
  bool with_operations = false;
  bool operator==(const ObserveWorld&) const = default;
};
struct StartOperation {  // → OperationProgressed…, OperationEnded
  OperationOrder order;
  bool operator==(const StartOperation&) const = default;
};
struct CancelOperation {  // no result of its own: the operation ends
  std::string host;
  OperationId operation;
  bool operator==(const CancelOperation&) const = default;
};
// Begins the snapshot unless it exists, and follows it.
struct TakeSnapshot {  // → SnapshotSeen…, the last one with a state that is not IN_PROGRESS
  std::string repository, name;
  // Where it is named: `repository` is first made below this one for this snapshot alone, and
  // verified by every node (own_repository.h). Empty: it is there.
  std::string parent = {};
  bool operator==(const TakeSnapshot&) const = default;
};
struct DeleteSnapshot {  // → CallEnded, with a sentence in `names` where something stays behind
  std::string repository, name;
  // The repository was made for it alone: its registration goes as well.
  bool with_repository = false;
  bool operator==(const DeleteSnapshot&) const = default;
};
struct PutSettings {  // → CallEnded
  Settings persistent;
  bool operator==(const PutSettings&) const = default;
};
// Takes away the settings that a newer version has archived: while there is one, every change of
// cluster settings is refused (opensearch.md 1.4).
struct ClearArchived {  // → CallEnded
  bool operator==(const ClearArchived&) const = default;
};
struct Flush {  // → CallEnded
  int times = 1;
  bool operator==(const Flush&) const = default;
};
// Registers a repository from which is only read.
struct RegisterRepository {  // → CallEnded
  std::string name, type;
  std::map<std::string, std::string> settings;
  bool operator==(const RegisterRepository&) const = default;
};
// Begins to restore those of the indexes that the cluster lacks.
struct RestoreSnapshot {  // → CallEnded
  std::string repository, snapshot;
  std::vector<std::string> indices;
  bool global_state = false;
  bool operator==(const RestoreSnapshot&) const = default;
};
// Has the cluster try again the shards that it has given up (five failed tries each).
struct RetryFailedShards {  // → CallEnded
  bool operator==(const RetryFailedShards&) const = default;
};
// Moves the vote away from these nodes and waits until it is elsewhere (opensearch.md 1.2).
struct AddVotingExclusion {  // → CallEnded
  std::vector<std::string> nodes;
  bool operator==(const AddVotingExclusion&) const = default;
};
// Takes every voting exclusion back, whether or not its node is in the cluster.
struct ClearVotingExclusions {  // → CallEnded
  bool operator==(const ClearVotingExclusions&) const = default;
};
struct StopPolicies {  // → CallEnded
  std::vector<std::string> names;
  bool operator==(const StopPolicies&) const = default;
};
struct StartPolicies {  // → CallEnded
  std::vector<std::string> names;
  bool operator==(const StartPolicies&) const = default;
};
// Waits in the cluster until `condition` holds or `timeout` is over.
struct AwaitHealth {  // → HealthSeen
  HealthCondition condition;
  Millis timeout{};
  std::vector<std::string> avoid_nodes;
  bool operator==(const AwaitHealth&) const = default;
};
struct ReadNodes {  // → NodesSeen
  bool operator==(const ReadNodes&) const = default;
};
// The container as its agent last reported it; `fresh`: as the agent sees it when it is asked,
// which costs the host a resolved configuration.
struct ReadContainer {  // → ContainerSeen
  std::string host, project, service;
  bool fresh = false;
  bool operator==(const ReadContainer&) const = default;
};
struct ReadLog {  // → LogSeen
  std::string host, project, service;
  int lines = 10;
  bool operator==(const ReadLog&) const = default;
};
// A timer that outlives the process: on recovery it is set again.
struct SetTimer {  // → TimerFired
  Time at{};
  bool operator==(const SetTimer&) const = default;
};

using Action =
    std::variant<ObserveWorld, StartOperation, CancelOperation, TakeSnapshot, DeleteSnapshot,
                 PutSettings, ClearArchived, Flush, RetryFailedShards, AddVotingExclusion,
                 ClearVotingExclusions, StopPolicies, StartPolicies, AwaitHealth, ReadNodes,
                 ReadContainer, ReadLog, SetTimer, RegisterRepository, RestoreSnapshot>;

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_ACTION_H_
