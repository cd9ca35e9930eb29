// The transition under construction: what the parts of the engine share. Not for other rooms.
#ifndef DROVER_CONTROLLER_ROLLOUT_ENGINE_H_
#define DROVER_CONTROLLER_ROLLOUT_ENGINE_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/rollout/gates.h"
#include "controller/rollout/rollback.h"
#include "controller/rollout/step.h"

namespace drover::rollout {

// Each slot has at most one outstanding action: the rollout's own, and one per member.
inline constexpr int kOwnSlot = -1;
// For the one timer that runs beside whatever else is outstanding: the limit of RESTORING.
inline constexpr int kClockSlot = -2;
// How often a step is tried before the rollout stops and asks.
inline constexpr int kMaxAttempts = 3;
inline constexpr Millis kRetryDelay{2'000};
// OpenSearch's program. Images up to 2.14 run it below a shell that keeps the stop signal to itself
// (opensearch.md 1.4 "SIGTERM").
inline constexpr char kServerProcess[] = "java";

class Engine {
 public:
  Engine(const Rollout& before, Time now);

  Rollout& r() { return out_.next; }
  const Rollout& r() const { return out_.next; }
  const Plan& plan() const { return *out_.next.plan; }
  const Rules& rules() const { return plan().spec.rules; }
  // Of a member, or behind the last of them of a companion.
  MemberState& member(int i) {
    return IsCompanion(i) ? r().companions[Index(i)] : r().members[Index(i)];
  }
  const MemberState& member(int i) const {
    return IsCompanion(i) ? r().companions[Index(i)] : r().members[Index(i)];
  }
  const PlannedMember& planned(int i) const {
    return IsCompanion(i) ? plan().companions[Index(i)] : plan().members[Index(i)];
  }
  Time now() const { return now_; }

  int members() const { return static_cast<int>(plan().members.size()); }
  // Members and companions: each has a slot.
  int slots() const { return members() + static_cast<int>(plan().companions.size()); }
  bool IsCompanion(int i) const { return i >= members(); }
  // Indices of the members of the present batch that are worked on now: neither done, skipped nor
  // held back.
  std::vector<int> Batch() const;
  // Whether the agent of `host` is away.
  bool Lost(const std::string& host) const;
  // How many nodes the cluster has while the members in `out`, and those that were down already,
  // are not in it.
  int NodesWithout(const std::vector<int>& out) const;

  bool Busy(int slot) const;
  // Adds an action to the outbox. `step` becomes part of its id.
  ActionId Do(int slot, const std::string& step, Action action);
  // Orders a verb for member `i`; the agent ends it after `limit`. Where it rests on a look at the
  // cluster, it begins within `begin_within` or not at all.
  OperationId Order(int i, const std::string& step, Verb verb, Millis limit,
                    std::optional<Millis> begin_within = std::nullopt);
  // An action without a result.
  void Perform(Action action);
  // Performs an outstanding action once more, with its id.
  void PerformAgain(const Outstanding& outstanding);
  void RetryLater(int slot, Millis delay);
  // Takes the action out of the outbox; nothing where it is not there: its result is late.
  std::optional<Outstanding> Take(const ActionId& id);
  const Outstanding* Find(const ActionId& id) const;
  // Forgets the slot's outstanding action: its result will be late.
  void Drop(int slot);

  void Enter(Phase phase);
  void EnterStep(int i, MemberStep step);
  void Say(const std::string& kind, const std::string& text, int i = kOwnSlot,
           std::map<std::string, std::string> fields = {});

  void StartCell(int i, Cell cell);
  void EndCell(int i, Cell cell, bool failed = false);

  // Promise 10. A wait that goes on keeps its `since`.
  void WaitFor(int slot, const std::string& reason, std::optional<Time> until,
               const std::string& ends_when);

  // True where `mark` has not changed for `limit`; a changed mark is progress.
  bool Stalled(const std::string& mark, Millis limit);
  // The same where nothing is seen: silence is no progress, and no other mark.
  bool Stalled(Millis limit);

  // Limits of a member's step count from its last progress. A changed `mark` is progress.
  void NoteProgress(int i, const std::string& mark);
  Time ProgressSince(int i) const;
  // Never while the member's agent is away: its silence is no sign of the member.
  bool Expired(int i, Millis limit) const;
  // The controller or an agent was away: no time has passed for the waits. -1: for all of them.
  void RestartClocks(int i);

  // Waits whose slot is idle are over; an outstanding action without a wait gets one.
  void TidyWaits();

  // What was asked for and dropped again in the same step is not performed.
  Transition Finish() &&;

 private:
  size_t Index(int i) const { return static_cast<size_t>(IsCompanion(i) ? i - members() : i); }

  Time now_;
  Transition out_;
};

// preparing.cc
void AdvanceChecking(Engine& e);
// The settings that a rollout changes, and the policies that it stops, as they are now.
void RecordSettings(Engine& e, const ClusterObservation& cluster);
void AdvanceSnapshotting(Engine& e);
void AdvancePrefetching(Engine& e);
void OnPrefetchingObserved(Engine& e, const World& world);
void OnCheckingObserved(Engine& e, const World& world);
void OnSnapshotSeen(Engine& e, const Outstanding& action, const SnapshotSeen& seen);
void OnPullEnded(Engine& e, int i, const OperationEnd& end);

// rolling.cc: what a batch does as one
void AdvanceRolling(Engine& e);
void OnRollingObserved(Engine& e, const ObserveWorld& asked, const Observed& seen);
void OnRollingCallEnded(Engine& e, const Action& action, const std::string& error);
void OnRecoveredHealth(Engine& e, const HealthSeen& seen);

// members.cc: what each member does
void AdvanceMember(Engine& e, int i);
void OnMemberOperationEnded(Engine& e, int i, const Outstanding& action, const OperationEnd& end);
void OnMemberHealth(Engine& e, int i, const HealthSeen& seen);
void OnMemberNodes(Engine& e, int i, const NodesSeen& seen);
void OnMemberContainer(Engine& e, int i, const ContainerSeen& seen);
void FailMember(Engine& e, int i, const std::string& reason, const std::string& evidence);
// The member is listed by the cluster with the target's version, whoever started it.
void MarkUpgraded(Engine& e, int i);
// Whether nothing serves while the member is down: the only cluster manager.
bool TakesClusterDown(const Plan& plan, int i);
// Where a member goes on once it is down: a restart edits no file.
MemberStep StepAfterStop(const Engine& e, int i);
// What a SetImage's success says about the file.
void OnImageSet(Engine& e, int i, const OperationId& id, const OperationEnd& end);

// volumes.cc
// What is done with the volume of a member that is down: a copy, or the change that a rollback
// makes.
void OrderVolume(Engine& e, int i);
void OnVolumeChanged(Engine& e, int i, const OperationEnd& end);
void OnCopied(Engine& e, int i, const OperationEnd& end);

// companions.cc: what follows the last member
bool OweCompanions(const Engine& e);
void AdvanceCompanions(Engine& e);
void OnCompanionDone(Engine& e, int i, const Verb& verb, const OperationEnd& end);
void OnCompanionContainer(Engine& e, int i, const ContainerSeen& seen);
// RESTORING on its way to an end: true while it has something to do.
bool AdvanceCompanionStart(Engine& e, int i);
void OnCompanionStarted(Engine& e, int i);
// Names of those that do not run the new image by this rollout, comma separated.
std::string CompanionsLeft(const Engine& e);

// failing.cc: what is done about a failed member before the rollout pauses
void AdvanceFailed(Engine& e, int i);
void OnFailedLog(Engine& e, int i, const LogSeen& seen);
void OnFailedContainer(Engine& e, int i, const ContainerSeen& seen);
void OnFailedOperationEnded(Engine& e, int i, const OperationEnd& end);
// Decides new_image_ran of a member whose UpService did not succeed by what its host shows.
void DecideWhetherItRan(Engine& e, int i, const std::optional<ContainerView>& container);
// Whether the container ended, or keeps ending.
bool Crashes(const ContainerView& container);

// gate_step.cc: who of a batch may go on, and how
void OnGate(Engine& e, const std::vector<int>& batch, const World& world, MemberStep next);
// True where nothing is heard of the cluster, or refusals only, for longer than it may take.
bool PausesOfSilence(Engine& e, const std::string& error);
// Where the only cluster manager is down nobody says so: its host does, and it goes up.
void LookAtSoleManager(Engine& e, const std::vector<int>& batch);
void OnGateContainer(Engine& e, int i, const ContainerSeen& seen);
// Moves on to the next batch that has something to do; false where there is none: the companions,
// then FINISHING.
bool EnsureGroup(Engine& e);
std::string NamesOf(const Engine& e, const std::vector<int>& members);

// What of a gate the full stop uses too.
bool IsDone(const Engine& e, int i, const NodeView& node);
void PassUpgraded(Engine& e, const std::vector<int>& group);
GateVerdict AgentsAreThere(const Engine& e);
void OnGateClosed(Engine& e, const std::vector<int>& batch, const GateVerdict& verdict,
                  const RecoveryView& recovery, MemberStep next);
void OnNoAnswer(Engine& e, const std::vector<int>& batch, const std::string& error);

// full_stop.cc: every member at once
// Whether the member may begin the step at which it stands: others have to have come further first.
bool MayBegin(const Engine& e, int i);
void OnFullStopGate(Engine& e, const std::vector<int>& batch, const World& world, MemberStep next);
// Where members that start again would be of two versions: none may then.
bool MixesVersions(const Engine& e);
// Why the rollout cannot be left as it is, and what can be done; empty where it can.
std::string StandsBetween(const Rollout& rollout);
// Remembers how many operations the copies hold.
void NoteOperations(Engine& e, const ClusterObservation& cluster);

// fresh_cluster.cc: true while there is something to ask of a cluster that began empty.
bool AdvanceFreshCluster(Engine& e);
void OnFreshClusterCall(Engine& e, const Action& action);
void OnFreshClusterHealth(Engine& e, const HealthSeen& seen);

// finishing.cc
void AdvanceFinishing(Engine& e);
void OnFinishingObserved(Engine& e, const Observed& seen);
void OnFinishingCallEnded(Engine& e, const Action& action, const std::string& error);

// restoring.cc
// Leaves whatever runs, puts back what was changed, then enters `after`.
void BeginRestore(Engine& e, Phase after, const std::string& reason);
void AdvanceRestoring(Engine& e);
void OnRestoringCallEnded(Engine& e, const Action& action, const CallEnded& ended);
void OnRestoringOperationEnded(Engine& e, int i, const Outstanding& action,
                               const OperationEnd& end);
void OnRestoringHealth(Engine& e, const HealthSeen& seen);
void OnRestoringNodes(Engine& e, const NodesSeen& seen);
void OnRestoringContainer(Engine& e, int i, const ContainerSeen& seen);
void OnRestoringSnapshot(Engine& e, const Outstanding& action);
// Says where the cluster takes nothing back before an operator acts: its only manager is down.
std::string SoleManagerDown(const Engine& e);

// pausing.cc
// Says that an operator is waited for, and what is not put back yet.
void AwaitOperator(Engine& e);
void AdvancePaused(Engine& e);
void OnPausedCallEnded(Engine& e, const Action& action, const std::string& error);
void TryDebtLater(Engine& e);

// leaving.cc: what a rollout leaves behind, from what is seen
void OnRestoringObserved(Engine& e, const World& world);
// A line of versions and one for each member that is not in the cluster or differs.
std::vector<std::string> WhoRunsWhat(const Engine& e, const World& world);

// settings.cc
// The recorded settings that differ from before, as they were.
Settings SettingsToRestore(const Rollout& rollout);
// Puts `wanted` and remembers in the same commit that it may differ from before. Where archived
// settings are in the way they are taken away first; then it has to be called again.
void PutRecorded(Engine& e, const std::string& step, const Settings& wanted);
// `put` is in the cluster: what is as before is no longer changed.
void MarkPut(Engine& e, const Settings& put);
RecordedSetting* FindSetting(Engine& e, const std::string& name);
// A call that changes the cluster ended with an error: whether and when it lands is not known.
void NoteLostAnswer(Engine& e);
// Waits, before the last look at what is left behind, while such a call may still land.
bool AwaitsLostAnswer(Engine& e);
// A value of ours that shows although it was put back: an earlier call landed late. Marks it
// changed again; false where there is none, or where it was tried often enough.
bool MarkLate(Engine& e, const ClusterObservation& cluster);
// Names of recorded settings that are neither as before nor ours, comma separated.
std::string ForeignSettings(const Engine& e, const ClusterObservation& cluster);

// voting.cc
bool IsManager(const PlannedMember& member);
// The node among those that stop whose vote has to go to another one first; empty: none.
std::string VoteToMove(const Engine& e, const ClusterObservation& cluster,
                       const std::set<std::string>& stopping);
void MoveVote(Engine& e, const std::string& node);
// Remembers that the node may be excluded now.
void RecordExclusion(Engine& e, const std::string& node);
// Whether exclusions have to be taken back; of nodes that are not in `batch`.
bool OweExclusions(const Rollout& rollout);
bool OweExclusionsOfOthers(const Engine& e, const std::vector<int>& batch);
void ClearExclusions(Engine& e);
void MarkExclusionsCleared(Engine& e);
// The same as MarkLate for exclusions.
bool MarkLateExclusions(Engine& e, const ClusterObservation& cluster);

// majors.cc: what an upgrade to the next major version needs besides (opensearch.md M2)
bool CrossesMajor(const Plan& plan);
// True where the stop of `stopping` is the point of no return and the rollout pauses before it.
bool PausesBeforeNoReturn(Engine& e, const std::vector<int>& stopping,
                          const ClusterObservation& cluster);
// A refusal that names archived settings: they are taken away before the next try.
void NoteArchived(Engine& e, const std::string& error);
void OnArchivedCleared(Engine& e, const CallEnded& ended);

// rollback.cc
// Remembers which way back there is by what was seen.
void NoteWayBack(Engine& e, const World& world);

// undoing.cc: how a rollback begins
// What the undone rollout owes is owed by the rollback from its first moment.
void TakeOverDebts(const Undo& undo, Rollout* rollout);
void OnUndoChecked(Engine& e, const World& world);

// control.cc
void OnAsked(Engine& e, const Asked& asked);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_ENGINE_H_
