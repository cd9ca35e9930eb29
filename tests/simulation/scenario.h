// What goes wrong in one run, and when: made from a seed, printed, and made shorter where it fails.
#ifndef DROVER_TESTS_SIMULATION_SCENARIO_H_
#define DROVER_TESTS_SIMULATION_SCENARIO_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/time.h"

namespace drover::simulation {

enum class FaultKind {
  // The controller. `count` says which commit or action, from the start of the run.
  kControllerDiesBeforeCommit,
  kControllerDiesAfterCommit,
  kControllerDiesBeforeAction,
  kControllerDiesAfterAction,
  kControllerDies,    // at a time
  kCommitsFail,       // the disk under the database is full
  kSecondController,  // a copy of the data folder is started elsewhere
  // The agent of a host. `count` says which write of its journal.
  kAgentDiesBeforeWrite,
  kAgentDiesAfterWrite,
  kAgentDies,
  // The connection of a host.
  kLinkDown,
  kMessagesDoubled,
  kMessagesLate,  // they outlive their connection
  // A host.
  kHostReboots,
  kHostSlow,
  kEngineDown,
  kDiskFull,
  kRegistryDown,
  kImageMissing,
  // The member of a host, the next time its container starts.
  kNodeNeverJoins,
  kNodeEndsAtBoot,
  kNodeCrashLoops,
  kNodeJoinsAndLeaves,
  kNodeBootsSlowly,
  kWrongVersion,
  kStartFails,  // the new container cannot be started: its JVM never runs
  kNodeKilled,  // at a time, whatever it does
  // The cluster.
  kIndexRed,
  kRecoveryStuck,
  kSettingsRefused,
  kNoManager,
  kCallsFail,
  kRepliesLost,
  kCallsLate,  // executed after the caller has given up
  kCallsSlow,
  // The snapshot.
  kSnapshotFails,
  kSnapshotPartial,
  kSnapshotStalls,
  // The operator.
  kPause,
  kResume,
  kAbort,
  kApprove,
};
inline constexpr int kFaultKinds = static_cast<int>(FaultKind::kApprove) + 1;

struct Fault {
  FaultKind kind{};
  Millis at{};     // from the start of the run
  int count = 0;   // for faults that strike at the n-th write
  int host = 0;    // index
  Millis lasts{};  // for faults that end by themselves
};

struct Scenario {
  uint64_t seed = 0;
  int members = 3;
  int max_unavailable = 1;
  bool pause_after_first = false;
  bool unreplicated_index = false;
  // A value that somebody set before: it must be there again at the end.
  bool allocation_was_set = false;
  // How many nodes may be cluster manager. Of one, its downtime is accepted; of two, one votes.
  int managers = 3;
  int companions = 0;        // on the first hosts
  bool restart = false;      // in place of an upgrade
  bool restart_one = false;  // of the second member alone
  // To the next major version, which archives a setting that the cluster holds.
  bool major = false;
  bool full_stop = false;  // every member down at the same time
  std::vector<Fault> faults;
};

// The same seed, the same scenario.
Scenario MakeScenario(uint64_t seed);

std::string Name(FaultKind kind);
// "h2 LinkDown at 12.3 s for 20 s"
std::string Describe(const Fault& fault);
std::string Describe(const Scenario& scenario);

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_SCENARIO_H_
