// The durable state of one rollout. Step() is its only writer.
#ifndef DROVER_CONTROLLER_ROLLOUT_ROLLOUT_H_
#define DROVER_CONTROLLER_ROLLOUT_ROLLOUT_H_

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/action.h"
#include "controller/rollout/plan.h"

namespace drover::rollout {

enum class Phase {
  kPlanned,
  kChecking,
  kSnapshotting,
  kPrefetching,
  kRolling,
  kFinishing,
  kRestoring,  // putting settings back and starting stopped members, on the way to `after_restore`
  kPaused,
  kSucceeded,
  kFailed,
  kAborted,
  kRollingBack,
  kRolledBack
};

bool HasEnded(Phase phase);

enum class MemberStep {
  kPending,
  kFreeze,
  kFlush,
  kStop,
  kLeft,
  kCopy,
  kSetImage,
  kUp,
  kJoined,
  kThaw,
  kRecovered,
  kDone,
  kFailed
};

std::string Name(Phase phase);      // "ROLLING"
std::string Name(MemberStep step);  // "SET_IMAGE"

// The columns of the watch screen; each with its own clock.
enum class Cell { kPrefetch, kStop, kUp, kJoin, kRecover };
inline constexpr int kCells = 5;
struct CellTimes {
  std::optional<Time> started_at, ended_at;
  bool failed = false;
  std::string text;
  bool operator==(const CellTimes&) const = default;
};

struct Wait {
  std::string reason;
  Time since{};
  std::optional<Time> until;
  std::string ends_when;
  bool operator==(const Wait&) const = default;
};

// What is done about a failed member before the rollout pauses, in this order.
enum class Aftermath { kLog, kLook, kStop, kSettled };

struct MemberFailure {
  MemberStep step = MemberStep::kPending;
  std::string reason, evidence;
  std::vector<std::string> log_lines;
  Aftermath aftermath = Aftermath::kLog;
  bool operator==(const MemberFailure&) const = default;
};

struct MemberState {
  MemberStep step = MemberStep::kPending;
  std::array<CellTimes, kCells> cells;
  bool prefetched = false;
  std::string digest;     // of the prefetched image
  std::string version;    // that the node reported after it joined
  OperationId set_image;  // the SetImage that changed the file; empty before, and once put back
  // A SetImage was ordered and has not succeeded: the file may name either image.
  bool file_uncertain = false;
  // A StopService of ours was ordered, and the member has not been seen in the cluster since.
  bool stopped = false;
  // The new image may have opened the volume: an UpService with it was ordered, and it was not
  // proved that no container of it ever started. Then the old image never starts again there.
  bool new_image_ran = false;
  bool new_image_sure = false;  // and this is known, not only possible
  // The UpService that makes its container again has succeeded since it was last stopped.
  bool renewed = false;
  bool unclean_stop = false;
  std::string cold_copy;  // where on its host its volume was copied to; empty: it was not
  // A change of its volume was ordered: the image from before never starts on it again.
  bool volume_changed = false;
  std::string aside;      // where on its host its volume from before is, once it was changed
  std::string container;  // id of the one that the last UpService made; empty where unknown
  bool skipped = false;   // an operator asked to leave it as it is
  bool held = false;      // waits in its batch for members that are down already
  bool examined = false;  // RESTORING has seen that its container may start with the old image
  bool awaited = false;   // RESTORING started it again; it is waited for
  std::string fate;       // what RESTORING did with it, a sentence; empty: nothing
  // Of the present step: what was last seen of it, and when that last changed.
  std::string progress_mark;
  std::optional<Time> progress_at;
  std::optional<Wait> wait;
  std::optional<MemberFailure> failure;
  int attempts = 0;                // of the present step
  int late_stops = 0;              // how often a stop that did not happen sent it back to its gate
  std::optional<Time> step_since;  // when the present step began
  bool operator==(const MemberState&) const = default;
};

// A cluster setting that the rollout changes: what it was before, durable before the first change.
struct RecordedSetting {
  std::string name;
  std::optional<std::string> before;  // nothing: it was not set
  std::optional<std::string> now;     // what the rollout put last; nothing: default
  bool changed = false;               // now differs from before in the cluster, as far as we know
  // The value of ours that was put last. Seen again after it was put back, it landed late.
  std::optional<std::string> ours = std::nullopt;
  bool operator==(const RecordedSetting&) const = default;
};

// A node whose vote the rollout moved away: durable before the call.
struct VotingExclusion {
  std::string node;
  bool set = false;  // in the cluster, as far as we know
  bool operator==(const VotingExclusion&) const = default;
};

struct SnapshotProgress {
  std::string state;
  int shards_done = 0, shards_total = 0, shards_failed = 0;
  uint64_t bytes_done = 0, bytes_total = 0;
  std::optional<Time> started_at, ended_at;
  Time progress_at{};  // last time a number moved
  bool operator==(const SnapshotProgress&) const = default;
};

// An action whose result has not come yet: the outbox. After a restart it is performed again with
// the same id.
struct Outstanding {
  ActionId id;
  Action action;
  int member = -1;  // index in the plan's members; -1: the rollout's own
  bool operator==(const Outstanding&) const = default;
};

enum class Refused { kNone, kCheck, kPolicy, kStale, kHosts };

struct Rollout {
  RolloutId id;
  std::shared_ptr<const Plan> plan;  // never changes; stored once

  Phase phase = Phase::kPlanned;
  Phase resume_phase = Phase::kPlanned;   // where kPaused goes on
  Phase after_restore = Phase::kPlanned;  // kPaused, kAborted or kFailed
  std::string reason;                     // of a pause, a failure, an abort
  bool pause_asked = false;
  Refused refused = Refused::kNone;  // of a rollout that FAILED before anything was touched
  std::vector<std::string> changes;  // kStale: what is different from the plan

  int batch = 0;
  std::vector<MemberState> members;     // like plan->members
  std::vector<MemberState> companions;  // like plan->companions; of the steps some
  std::vector<RecordedSetting> settings;
  std::vector<VotingExclusion> exclusions;
  // Before the next change of settings, those that a newer version archived are taken away.
  bool clear_archived = false;
  // It was said, by a pause or an event, that the next stop is the one of the last old-major node.
  bool no_return_announced = false;
  std::vector<std::string> stopped_policies;  // that were running before
  bool policies_stopped = false;
  SnapshotProgress snapshot;
  bool snapshot_done = false;
  bool flushed = false;   // the present batch was flushed, its gate is looked at again
  bool looked = false;    // RESTORING has looked at what it leaves
  bool rerouted = false;  // the present batch: RetryFailedShards was tried
  std::optional<Time> restore_since;
  int attempts = 0;                 // of the rollout's own present action
  std::optional<Time> progress_at;  // of the present gate: last time a number moved
  std::string progress_mark;        // those numbers
  // Until when a call that ended with an error may still change the cluster.
  std::optional<Time> settle_until;
  std::string health;
  std::optional<Wait> wait;
  std::vector<Outstanding> outstanding;
  // Agents that are not connected now, of hosts of this rollout.
  std::vector<std::string> lost_hosts;
  // Which way back there is, as of the last look at the cluster (opensearch.md M4); empty before.
  std::string rollback;
  // Of a full stop that is done: index → operations that its primaries had at the stop. What they
  // have more was written by clients since.
  std::optional<std::map<std::string, uint64_t>> operations;
  // Of a rollback to a fresh cluster: the repository is registered there, and how many groups of
  // indexes were asked for.
  bool repository_registered = false;
  int restored_groups = 0;

  uint64_t next_action = 1;
  uint64_t sequence = 0;  // of the last event committed
  Time created_at{};
  std::optional<Time> started_at, ended_at;
  std::string started_by;
  std::vector<std::string> outcome;
  std::vector<CheckResult> checks;  // of the last time they ran
};

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_ROLLOUT_H_
