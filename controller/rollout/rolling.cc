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

std::string Names(const Engine& e, const std::vector<int>& batch) {
  std::string names;
  for (int i : batch) names += (names.empty() ? "" : ", ") + e.planned(i).name;
  return names;
}

void EnterAll(Engine& e, const std::vector<int>& batch, MemberStep step) {
  for (int i : batch) e.EnterStep(i, step);
}

RecordedSetting* Setting(Engine& e, const std::string& name) {
  for (RecordedSetting& setting : e.r().settings) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

// Puts `wanted` and remembers in the same commit that it may differ from before.
void Put(Engine& e, const std::string& step, const Settings& wanted) {
  for (const auto& [name, value] : wanted) {
    if (RecordedSetting* setting = Setting(e, name)) {
      setting->now = value;
      setting->changed = true;
    }
  }
  e.Do(kOwnSlot, step, PutSettings{wanted});
}

void Freeze(Engine& e) {
  Settings wanted = {{kAllocation, "primaries"}};
  // Once, for the whole rollout: primaries must not drift to new nodes.
  const RecordedSetting* rebalance = Setting(e, kRebalance);
  if (rebalance != nullptr && !rebalance->changed) wanted[kRebalance] = "none";
  const RecordedSetting* concurrency = Setting(e, kConcurrency);
  if (concurrency != nullptr && !concurrency->changed) {
    wanted[kConcurrency] = std::to_string(e.rules().recovery_concurrency);
  }
  e.WaitFor(kOwnSlot, "replica allocation to be frozen", std::nullopt,
            "the settings read back as they were put");
  Put(e, "freeze", wanted);
}

void Thaw(Engine& e) {
  const RecordedSetting* allocation = Setting(e, kAllocation);
  e.WaitFor(kOwnSlot, "replica allocation to be put back", std::nullopt,
            "the settings read back as they were");
  Put(e, "thaw", {{kAllocation, allocation == nullptr ? std::nullopt : allocation->before}});
}

bool ShouldPauseAfter(const Engine& e, const std::vector<int>& batch) {
  for (const std::string& rule : e.rules().pause_after) {
    if (rule == "each" || (rule == "first" && e.r().batch == 0)) return true;
    for (int i : batch) {
      if (e.planned(i).name == rule) return true;
    }
  }
  return false;
}

void FinishBatch(Engine& e, const std::vector<int>& batch) {
  for (int i : batch) {
    e.EndCell(i, Cell::kRecover);
    e.EnterStep(i, MemberStep::kDone);
  }
  e.r().wait.reset();
  e.r().progress_at.reset();
  const bool pause = ShouldPauseAfter(e, batch);
  ++e.r().batch;
  if (e.r().batch >= e.plan().batches) {
    e.r().resume_phase = Phase::kFinishing;
    return e.Enter(Phase::kFinishing);
  }
  if (pause) {
    BeginRestore(e, Phase::kPaused,
                 "rules.pause_after: " + Names(e, batch) +
                     " done; look at it, then drover rollout resume " + e.r().id.str());
  }
}

// A member of the batch that runs the new version already (an earlier try, or an operator's hand)
// only has to recover.
bool SkipDone(Engine& e, const std::vector<int>& batch, const ClusterObservation& cluster) {
  for (int i : batch) {
    const NodeView* node = cluster.NodeNamed(e.planned(i).name);
    if (node == nullptr || node->version != e.plan().request.to_version) return false;
  }
  for (int i : batch) {
    e.member(i).version = e.plan().request.to_version;
    e.member(i).stopped = false;
    e.EnterStep(i, MemberStep::kThaw);
  }
  return true;
}

void OnGate(Engine& e, const std::vector<int>& batch, const World& world, MemberStep next) {
  if (!world.cluster_error.empty()) {
    e.WaitFor(kOwnSlot, "the cluster: " + world.cluster_error, std::nullopt, "the cluster answers");
    return e.RetryLater(kOwnSlot, kGateRetry);
  }
  if (next == MemberStep::kFreeze && SkipDone(e, batch, world.cluster)) return;
  std::set<std::string> ids;
  for (int i : batch) {
    if (const NodeView* node = world.cluster.NodeNamed(e.planned(i).name)) ids.insert(node->id);
  }
  const GateVerdict verdict = MayStop(world.cluster, ids);
  if (verdict.holds) {
    e.r().progress_at.reset();
    return EnterAll(e, batch, next);
  }
  const std::string why = Names(e, batch) + " may not stop yet: " + verdict.reasons.front();
  if (e.Stalled(why + std::to_string(verdict.reasons.size()), e.rules().recover_stall)) {
    return BeginRestore(e, Phase::kPaused, why);
  }
  // In the frozen window only primaries are allocated: a copy that is missing can only come back
  // after a thaw (an index created in between has one copy, ECK#5040).
  if (next == MemberStep::kStop) EnterAll(e, batch, MemberStep::kPending);
  e.WaitFor(kOwnSlot, "the gate: " + why, *e.r().progress_at + e.rules().recover_stall,
            "the gate holds");
  e.RetryLater(kOwnSlot, kGateRetry);
}

void OnBatchFailed(Engine& e, const std::vector<int>& batch) {
  std::string reason;
  for (int i : batch) {
    const MemberState& m = e.member(i);
    if (e.Busy(i)) return;
    const bool settled = m.step == MemberStep::kFailed || m.step == MemberStep::kThaw;
    if (!settled) return AdvanceMember(e, i);
    if (m.failure && reason.empty()) reason = e.planned(i).name + ": " + m.failure->reason;
  }
  e.r().resume_phase = Phase::kRolling;
  BeginRestore(e, Phase::kPaused, reason);
}

void AdvanceTogether(Engine& e, const std::vector<int>& batch) {
  if (e.Busy(kOwnSlot)) return;
  const RecordedSetting* allocation = Setting(e, kAllocation);
  if (AllAt(e, batch, MemberStep::kPending)) {
    e.r().resume_phase = Phase::kRolling;
    if (e.r().pause_asked) {
      return BeginRestore(e, Phase::kPaused, "an operator asked for it");
    }
    if (allocation != nullptr && allocation->changed && allocation->now != allocation->before) {
      return Thaw(e);
    }
    e.WaitFor(kOwnSlot, "the gate: whether " + Names(e, batch) + " may stop now", std::nullopt,
              "the gate holds");
    e.Do(kOwnSlot, "gate", ObserveWorld{false, false});
  } else if (AllAt(e, batch, MemberStep::kFreeze)) {
    Freeze(e);
  } else if (AllAt(e, batch, MemberStep::kFlush)) {
    if (e.r().flushed) {
      e.Do(kOwnSlot, "gate", ObserveWorld{false, false});
    } else {
      e.WaitFor(kOwnSlot, "the flush", std::nullopt, "the flush ends");
      e.Do(kOwnSlot, "flush", Flush{});
    }
  } else if (AllAt(e, batch, MemberStep::kThaw)) {
    for (int i : batch) e.StartCell(i, Cell::kRecover);
    Thaw(e);
  } else if (AllAt(e, batch, MemberStep::kRecovered)) {
    for (int i : batch) {
      e.StartCell(i, Cell::kRecover);
      e.WaitFor(i, "its shards to recover", std::nullopt, "the cluster is green");
    }
    HealthCondition green{std::nullopt, "green", true, true};
    e.Do(kOwnSlot, "recovered", AwaitHealth{green, kRecoverWait, {}});
  }
}

}  // namespace

void AdvanceRolling(Engine& e) {
  const std::vector<int> batch = e.Batch();
  if (AnyAt(e, batch, MemberStep::kFailed)) return OnBatchFailed(e, batch);
  AdvanceTogether(e, batch);
  if (e.r().phase != Phase::kRolling) return;
  for (int i : batch) AdvanceMember(e, i);
}

void OnRollingObserved(Engine& e, const Observed& seen) {
  const std::vector<int> batch = e.Batch();
  if (AllAt(e, batch, MemberStep::kPending)) {
    OnGate(e, batch, seen.world, MemberStep::kFreeze);
  } else if (AllAt(e, batch, MemberStep::kFlush)) {
    e.r().flushed = false;
    OnGate(e, batch, seen.world, MemberStep::kStop);
  } else if (AllAt(e, batch, MemberStep::kRecovered)) {
    const ClusterObservation& cluster = seen.world.cluster;
    if (!seen.world.cluster_error.empty()) return e.RetryLater(kOwnSlot, kGateRetry);
    const GateVerdict verdict = HasRecovered(cluster);
    if (verdict.holds) return FinishBatch(e, batch);
    const HealthView& h = cluster.health;
    const std::string mark = std::to_string(h.unassigned) + " unassigned, " +
                             std::to_string(h.initializing) + " initializing, " +
                             std::to_string(h.relocating) + " relocating";
    if (e.Stalled(mark, e.rules().recover_stall)) {
      return BeginRestore(e, Phase::kPaused,
                          "no recovery progress for " + FormatDuration(e.rules().recover_stall) +
                              ": " + verdict.reasons.front());
    }
    for (int i : batch) {
      e.WaitFor(i, mark + ": " + verdict.reasons.front(),
                *e.r().progress_at + e.rules().recover_stall, "the cluster is green");
    }
  }
}

void OnRollingCallEnded(Engine& e, const Action& action, const std::string& error) {
  const std::vector<int> batch = e.Batch();
  if (std::holds_alternative<Flush>(action)) {
    // A flush that fails costs recovery time, no data: M1 step 8 warns only.
    e.r().flushed = true;
    return;
  }
  if (!std::holds_alternative<PutSettings>(action)) return;
  if (!error.empty()) {
    e.WaitFor(kOwnSlot, "the cluster: " + error, std::nullopt, "the cluster takes the settings");
    const bool freezing = AllAt(e, batch, MemberStep::kFreeze);
    if (freezing && ++e.r().attempts >= kMaxAttempts) {
      return BeginRestore(e, Phase::kPaused, "the cluster refused the settings: " + error);
    }
    return e.RetryLater(kOwnSlot, kRetryDelay);
  }
  e.r().attempts = 0;
  if (AllAt(e, batch, MemberStep::kFreeze)) EnterAll(e, batch, MemberStep::kFlush);
  if (AllAt(e, batch, MemberStep::kThaw)) EnterAll(e, batch, MemberStep::kRecovered);
  for (RecordedSetting& setting : e.r().settings) {
    if (setting.now == setting.before) setting.changed = false;
  }
}

void OnRecoveredHealth(Engine& e, const HealthSeen& seen) {
  const std::vector<int> batch = e.Batch();
  if (!AllAt(e, batch, MemberStep::kRecovered)) return;
  const bool green = seen.error.empty() && !seen.health.timed_out && seen.health.status == "green";
  if (green) return FinishBatch(e, batch);
  e.Do(kOwnSlot, "recovering", ObserveWorld{false, false});
}

}  // namespace drover::rollout
