// The transition under construction: what the parts of the engine share. Not for other rooms.
#ifndef DROVER_CONTROLLER_ROLLOUT_ENGINE_H_
#define DROVER_CONTROLLER_ROLLOUT_ENGINE_H_

#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/step.h"

namespace drover::rollout {

// Each slot has at most one outstanding action: the rollout's own, and one per member.
inline constexpr int kOwnSlot = -1;
// How often a step is tried before the rollout stops and asks.
inline constexpr int kMaxAttempts = 3;
inline constexpr Millis kRetryDelay{2'000};

class Engine {
 public:
  Engine(const Rollout& before, Time now);

  Rollout& r() { return out_.next; }
  const Rollout& r() const { return out_.next; }
  const Plan& plan() const { return *out_.next.plan; }
  const Rules& rules() const { return plan().spec.rules; }
  MemberState& member(int i) { return r().members[static_cast<size_t>(i)]; }
  const PlannedMember& planned(int i) const { return plan().members[static_cast<size_t>(i)]; }
  Time now() const { return now_; }

  int members() const { return static_cast<int>(plan().members.size()); }
  // Indices of the members of the present batch.
  std::vector<int> Batch() const;

  bool Busy(int slot) const;
  // Adds an action to the outbox. `step` becomes part of its id.
  ActionId Do(int slot, const std::string& step, Action action);
  // Orders a verb for member `i`; the agent ends it after `limit`.
  OperationId Order(int i, const std::string& step, Verb verb, Millis limit);
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

  Transition Finish() && { return std::move(out_); }

 private:
  Time now_;
  Transition out_;
};

// preparing.cc
void AdvanceChecking(Engine& e);
void AdvanceSnapshotting(Engine& e);
void AdvancePrefetching(Engine& e);
void OnCheckingObserved(Engine& e, const World& world);
void OnSnapshotSeen(Engine& e, const Outstanding& action, const SnapshotSeen& seen);
void OnPullEnded(Engine& e, int i, const OperationEnd& end);

// rolling.cc: what a batch does as one
void AdvanceRolling(Engine& e);
void OnRollingObserved(Engine& e, const Observed& seen);
void OnRollingCallEnded(Engine& e, const Action& action, const std::string& error);
void OnRecoveredHealth(Engine& e, const HealthSeen& seen);

// members.cc: what each member does
void AdvanceMember(Engine& e, int i);
void OnMemberOperationEnded(Engine& e, int i, const Outstanding& action, const OperationEnd& end);
void OnMemberHealth(Engine& e, int i);
void OnMemberNodes(Engine& e, int i, const NodesSeen& seen);
void OnMemberContainer(Engine& e, int i, const ContainerSeen& seen);
void OnMemberLog(Engine& e, int i, const LogSeen& seen);
void FailMember(Engine& e, int i, const std::string& reason, const std::string& evidence);

// finishing.cc
void AdvanceFinishing(Engine& e);
void OnFinishingObserved(Engine& e, const Observed& seen);
void OnFinishingCallEnded(Engine& e, const Action& action, const std::string& error);

// restoring.cc
// Leaves whatever runs, puts back what was changed, then enters `after`.
void BeginRestore(Engine& e, Phase after, const std::string& reason);
void AdvanceRestoring(Engine& e);
void OnRestoringCallEnded(Engine& e, const Action& action, const std::string& error);
void OnRestoringOperationEnded(Engine& e, int i, const Outstanding& action,
                               const OperationEnd& end);
void OnRestoringHealth(Engine& e, const HealthSeen& seen);
// The recorded settings that differ from before, as they were.
Settings SettingsToRestore(const Rollout& rollout);
void MarkRestored(Engine& e);

// control.cc
void OnAsked(Engine& e, const Asked& asked);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_ENGINE_H_
