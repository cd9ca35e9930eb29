// ROLLING: what the members of a batch do together: gate, freeze, flush, thaw, recover
// (opensearch.md M1 steps 5–9, 15–18).
#include <algorithm>

#include "controller/rollout/engine.h"
#include "controller/rollout/gates.h"

namespace drover::rollout {
namespace {

constexpr char kAllocation[] = "cluster.routing.allocation.enable";
constexpr char kRebalance[] = "cluster.routing.rebalance.enable";
constexpr char kConcurrency[] = "cluster.routing.allocation.node_concurrent_recoveries";
constexpr Millis kRecoverWait{5'000};
constexpr Millis kGateRetry{1'000};

bool AllAt(const Engine& e, const std::vector<int>& batch, MemberStep step) {
  return std::all_of(batch.begin(), batch.end(),
                     [&](int i) { return e.r().members[static_cast<size_t>(i)].step == step; });
}

bool AnyAt(const Engine& e, const std::vector<int>& batch, MemberStep step) {
  return std::any_of(batch.begin(), batch.end(),
                     [&](int i) { return e.r().members[static_cast<size_t>(i)].step == step; });
}

void EnterAll(Engine& e, const std::vector<int>& batch, MemberStep step) {
  for (int i : batch) e.EnterStep(i, step);
}

void Freeze(Engine& e) {
  Settings wanted = {{kAllocation, "primaries"}};
  // Once, for the whole rollout: primaries must not drift to new nodes.
  const RecordedSetting* rebalance = FindSetting(e, kRebalance);
  if (rebalance != nullptr && !rebalance->changed) wanted[kRebalance] = "none";
  const RecordedSetting* concurrency = FindSetting(e, kConcurrency);
  if (concurrency != nullptr && !concurrency->changed) {
    wanted[kConcurrency] = std::to_string(e.rules().recovery_concurrency);
  }
  e.WaitFor(kOwnSlot, "replica allocation to be frozen", std::nullopt,
            "the settings read back as they were put");
  PutRecorded(e, "freeze", wanted);
}

void Thaw(Engine& e) {
  const RecordedSetting* allocation = FindSetting(e, kAllocation);
  e.WaitFor(kOwnSlot, "replica allocation to be put back", std::nullopt,
            "the settings read back as they were");
  PutRecorded(e, "thaw",
              {{kAllocation, allocation == nullptr ? std::nullopt : allocation->before}});
}

bool AnyStopped(const Engine& e) {
  return std::any_of(e.r().members.begin(), e.r().members.end(),
                     [](const MemberState& m) { return m.stopped; });
}

// True where every member of the planned batch is done or was left out.
bool Complete(const Engine& e) {
  for (int i = 0; i < e.members(); ++i) {
    const MemberState& m = e.r().members[static_cast<size_t>(i)];
    if (e.planned(i).batch != e.r().batch) continue;
    if (m.step != MemberStep::kDone && !m.skipped) return false;
  }
  return true;
}

bool ShouldPauseAfter(const Engine& e, const std::vector<int>& group, bool complete) {
  for (const std::string& rule : e.rules().pause_after) {
    if (complete && (rule == "each" || (rule == "first" && e.r().batch == 0))) return true;
    for (int i : group) {
      if (e.planned(i).name == rule) return true;
    }
  }
  return false;
}

void FinishBatch(Engine& e, const std::vector<int>& batch) {
  for (int i : batch) {
    e.EndCell(i, Cell::kRecover);
    e.EnterStep(i, MemberStep::kDone);
    e.member(i).failure.reset();
  }
  e.r().wait.reset();
  e.r().progress_at.reset();
  e.r().rerouted = false;
  const bool complete = Complete(e);
  const bool pause = ShouldPauseAfter(e, batch, complete);
  if (complete) ++e.r().batch;
  if (!EnsureGroup(e)) return;
  if (pause) {
    BeginRestore(e, Phase::kPaused,
                 "rules.pause_after: " + NamesOf(e, batch) +
                     " done; look at it, then drover rollout resume " + e.r().id.str());
  }
}

// The line stops: the others of the batch come to a step where they can rest, then it pauses.
void OnBatchFailed(Engine& e, const std::vector<int>& batch) {
  std::string reason;
  bool settled = true;
  for (int i : batch) {
    const MemberState& m = e.member(i);
    if (m.step == MemberStep::kFailed) {
      AdvanceFailed(e, i);
      settled = settled && !e.Busy(i) && m.failure->aftermath == Aftermath::kSettled;
      reason += (reason.empty() ? "" : "; ") + e.planned(i).name + ": " + m.failure->reason;
    } else if (e.plan().StopsAll()) {
      // The others would wait for it: what each does now comes to its end.
      settled = settled && !e.Busy(i);
    } else if (m.step != MemberStep::kThaw) {
      AdvanceMember(e, i);
      settled = false;
    }
  }
  if (!settled) return;
  e.r().resume_phase = Phase::kRolling;
  BeginRestore(e, Phase::kPaused, reason);
}

// A gate that holds at once has no progress to count from yet.
void AwaitGate(Engine& e, const std::string& what) {
  const Time since = e.r().progress_at.value_or(e.now());
  if (e.r().wait && e.r().wait->ends_when == "the gate holds") return;
  e.WaitFor(kOwnSlot, "the gate: " + what, since + e.rules().recover_stall, "the gate holds");
}

Time RecoverUntil(const Engine& e) {
  return e.r().progress_at.value_or(e.now()) + e.rules().recover_stall;
}

void AdvanceTogether(Engine& e, const std::vector<int>& batch) {
  if (e.Busy(kOwnSlot)) return;
  const RecordedSetting* allocation = FindSetting(e, kAllocation);
  if (AllAt(e, batch, MemberStep::kPending)) {
    if (std::any_of(batch.begin(), batch.end(), [&e](int i) { return e.Busy(i); })) return;
    e.r().resume_phase = Phase::kRolling;
    if (e.r().pause_asked) {
      return BeginRestore(e, Phase::kPaused, "an operator asked for it");
    }
    // After a pause they run again, and a snapshot must not meet a member that restarts.
    const bool down = e.plan().StopsAll() && AnyStopped(e);
    if (!e.r().stopped_policies.empty() && !e.r().policies_stopped && !down) {
      e.r().policies_stopped = true;
      e.Do(kOwnSlot, "policies", StopPolicies{e.r().stopped_policies});
      return;
    }
    const bool frozen =
        allocation != nullptr && allocation->changed && allocation->now != allocation->before;
    if (frozen && !e.plan().StopsAll()) return Thaw(e);
    if (OweExclusionsOfOthers(e, batch)) return ClearExclusions(e);
    AwaitGate(e, "whether " + NamesOf(e, batch) + " may stop now");
    e.Do(kOwnSlot, "gate", ObserveWorld{false, false});
  } else if (AllAt(e, batch, MemberStep::kFreeze)) {
    Freeze(e);
  } else if (AllAt(e, batch, MemberStep::kFlush)) {
    if (e.r().flushed) {
      AwaitGate(e, "whether " + NamesOf(e, batch) + " may still stop");
      e.Do(kOwnSlot, "gate", ObserveWorld{false, false});
    } else {
      e.WaitFor(kOwnSlot, "the flush", std::nullopt, "the flush ends");
      // A second one commits what was written during the first (M3 step 3).
      e.Do(kOwnSlot, "flush", Flush{e.plan().StopsAll() ? 2 : 1});
    }
  } else if (AllAt(e, batch, MemberStep::kThaw)) {
    for (int i : batch) e.StartCell(i, Cell::kRecover);
    if (AdvanceFreshCluster(e)) return;
    if (allocation == nullptr) {  // nothing was frozen
      EnterAll(e, batch, MemberStep::kRecovered);
      return AdvanceTogether(e, batch);
    }
    Thaw(e);
  } else if (AllAt(e, batch, MemberStep::kRecovered)) {
    for (int i : batch) {
      e.StartCell(i, Cell::kRecover);
      if (e.member(i).wait) continue;
      e.WaitFor(i, "its shards to recover", RecoverUntil(e), "the cluster is green");
    }
    e.WaitFor(kOwnSlot, "the shards of " + NamesOf(e, batch) + " to recover", RecoverUntil(e),
              "the cluster is green");
    HealthCondition green{e.NodesWithout({}), "green", true, true};
    e.Do(kOwnSlot, "recovered", AwaitHealth{green, kRecoverWait, {}});
  }
}

}  // namespace

void AdvanceRolling(Engine& e) {
  if (!EnsureGroup(e)) {
    if (e.r().phase == Phase::kRolling) AdvanceCompanions(e);
    return;
  }
  const std::vector<int> batch = e.Batch();
  if (AnyAt(e, batch, MemberStep::kFailed)) return OnBatchFailed(e, batch);
  AdvanceTogether(e, batch);
  if (e.r().phase != Phase::kRolling) return;
  for (int i : batch) AdvanceMember(e, i);
}

namespace {

std::string RecoveryText(const ClusterObservation& cluster) {
  const HealthView& h = cluster.health;
  const RecoveryView& r = cluster.recovery;
  std::string text = std::to_string(h.unassigned) + " unassigned, " +
                     std::to_string(h.initializing) + " initializing, " +
                     std::to_string(h.relocating) + " relocating";
  if (r.shards == 0) return text;
  constexpr uint64_t kMegabyte = 1'000'000;
  return text + ", " + std::to_string(r.bytes_done / kMegabyte) + " of " +
         std::to_string(r.bytes_total / kMegabyte) + " MB copied";
}

// What moves while shards recover. One huge shard moves by its bytes alone.
std::string RecoveryMark(const ClusterObservation& cluster) {
  const RecoveryView& r = cluster.recovery;
  return RecoveryText(cluster) + "/" + std::to_string(r.bytes_done) + "/" +
         std::to_string(r.files_done) + "/" + std::to_string(r.translog_done);
}

// First the cluster is asked to try again what it has given up; then the operator.
void OnRecoveryStalled(Engine& e, const ObserveWorld& asked, const ClusterObservation& cluster,
                       const std::string& why) {
  if (!e.r().rerouted) {
    e.r().rerouted = true;
    e.r().progress_at = e.now();
    e.Say("recovery.retry", "no recovery progress for " + FormatDuration(e.rules().recover_stall) +
                                "; the cluster is asked to try failed shards again");
    e.Do(kOwnSlot, "reroute", RetryFailedShards{});
  } else if (!asked.with_explanation) {
    e.Do(kOwnSlot, "explain", ObserveWorld{false, false, true});
  } else {
    std::string reason =
        "no recovery progress for " + FormatDuration(e.rules().recover_stall) + ": " + why;
    if (!cluster.explanation.empty()) reason += "; the cluster says: " + cluster.explanation;
    BeginRestore(e, Phase::kPaused, reason);
  }
}

void OnRecovering(Engine& e, const std::vector<int>& batch, const ObserveWorld& asked,
                  const World& world) {
  if (!world.cluster_error.empty()) {
    if (PausesOfSilence(e, world.cluster_error)) return;
    for (int i : batch) {
      e.WaitFor(i, "the cluster: " + world.cluster_error, RecoverUntil(e), "the cluster answers");
    }
    return e.RetryLater(kOwnSlot, kGateRetry);
  }
  GateVerdict verdict = HasRecovered(world.cluster, e.plan().homeless);
  for (int i : batch) {
    if (world.cluster.NodeNamed(e.planned(i).name) != nullptr) continue;
    verdict.holds = false;
    verdict.reasons.insert(verdict.reasons.begin(), e.planned(i).name + " left the cluster again");
  }
  if (verdict.holds) {
    for (const std::string& why : verdict.explained) {
      e.Say("recovery.yellow", "the roll goes on although the cluster is yellow: " + why);
    }
    return FinishBatch(e, batch);
  }
  // A member that is away for reasons of its own explains most of what does not recover.
  for (int i = 0; i < e.members(); ++i) {
    const std::string& name = e.planned(i).name;
    const bool of_batch = std::find(batch.begin(), batch.end(), i) != batch.end();
    if (of_batch || world.cluster.NodeNamed(name) != nullptr) continue;
    verdict.reasons.front() = name + " is not in the cluster; " + verdict.reasons.front();
  }
  if (e.Stalled(RecoveryMark(world.cluster), e.rules().recover_stall)) {
    return OnRecoveryStalled(e, asked, world.cluster, verdict.reasons.front());
  }
  for (int i : batch) {
    e.WaitFor(i, RecoveryText(world.cluster) + ": " + verdict.reasons.front(), RecoverUntil(e),
              "the cluster is green");
  }
}

}  // namespace

void OnRollingObserved(Engine& e, const ObserveWorld& asked, const Observed& seen) {
  const std::vector<int> batch = e.Batch();
  NoteWayBack(e, seen.world);
  if (AllAt(e, batch, MemberStep::kPending)) {
    OnGate(e, batch, seen.world, MemberStep::kFreeze);
  } else if (AllAt(e, batch, MemberStep::kFlush)) {
    e.r().flushed = false;
    OnGate(e, batch, seen.world, MemberStep::kStop);
  } else if (AllAt(e, batch, MemberStep::kRecovered)) {
    OnRecovering(e, batch, asked, seen.world);
  }
}

namespace {

void OnPoliciesStopped(Engine& e, const std::string& error) {
  if (error.empty()) {
    e.r().attempts = 0;
    return;
  }
  NoteLostAnswer(e);
  if (++e.r().attempts >= kMaxAttempts) {
    return BeginRestore(e, Phase::kPaused, "snapshot policies cannot be stopped: " + error);
  }
  e.r().policies_stopped = false;
  e.RetryLater(kOwnSlot, kRetryDelay);
}

void OnVoteMoved(Engine& e, const std::string& error) {
  if (error.empty()) {
    e.r().attempts = 0;
    return;
  }
  NoteLostAnswer(e);
  if (++e.r().attempts >= kMaxAttempts) {
    return BeginRestore(e, Phase::kPaused,
                        "the vote could not be moved to the other cluster manager: " + error);
  }
  e.RetryLater(kOwnSlot, kRetryDelay);
}

// A change of settings, or of the vote. Nothing has stopped where a freeze is refused; what was
// frozen or moved is put back with a limit that counts from the first refusal.
void OnRefused(Engine& e, const std::vector<int>& batch, const std::string& error) {
  NoteLostAnswer(e);
  const bool freezing = AllAt(e, batch, MemberStep::kFreeze);
  if (++e.r().attempts == 1) e.r().progress_at.reset();
  if (freezing && e.r().attempts >= kMaxAttempts) {
    return BeginRestore(e, Phase::kPaused, "the cluster refused the settings: " + error);
  }
  if (PausesOfSilence(e, error)) return;
  if (AllAt(e, batch, MemberStep::kPending)) LookAtSoleManager(e, batch);
  e.WaitFor(kOwnSlot, "the cluster: " + error, RecoverUntil(e), "the cluster takes the settings");
  e.RetryLater(kOwnSlot, kRetryDelay);
}

}  // namespace

void OnRollingCallEnded(Engine& e, const Action& action, const std::string& error) {
  const std::vector<int> batch = e.Batch();
  if (std::holds_alternative<Flush>(action)) {
    // A flush that fails costs recovery time, no data: M1 step 8 warns only.
    e.r().flushed = true;
    return;
  }
  if (std::holds_alternative<StopPolicies>(action)) return OnPoliciesStopped(e, error);
  if (std::holds_alternative<AddVotingExclusion>(action)) return OnVoteMoved(e, error);
  if (std::holds_alternative<ClearVotingExclusions>(action)) {
    if (!error.empty()) return OnRefused(e, batch, error);
    e.r().attempts = 0;
    return MarkExclusionsCleared(e);
  }
  const auto* put = std::get_if<PutSettings>(&action);
  const bool fresh = std::holds_alternative<RegisterRepository>(action) ||
                     std::holds_alternative<RestoreSnapshot>(action);
  if (put == nullptr && !fresh) return;
  if (!error.empty()) return OnRefused(e, batch, error);
  if (fresh) return OnFreshClusterCall(e, action);
  e.r().attempts = 0;
  MarkPut(e, put->persistent);
  if (AllAt(e, batch, MemberStep::kFreeze)) EnterAll(e, batch, MemberStep::kFlush);
  if (AllAt(e, batch, MemberStep::kThaw)) EnterAll(e, batch, MemberStep::kRecovered);
}

void OnRecoveredHealth(Engine& e, const HealthSeen& seen) {
  const std::vector<int> batch = e.Batch();
  if (AllAt(e, batch, MemberStep::kThaw)) return OnFreshClusterHealth(e, seen);
  if (!AllAt(e, batch, MemberStep::kRecovered)) return;
  const bool green = seen.error.empty() && !seen.health.timed_out && seen.health.status == "green";
  if (green) return FinishBatch(e, batch);
  e.Do(kOwnSlot, "recovering", ObserveWorld{false, false});
}

}  // namespace drover::rollout
