// PAUSED. A cluster that does not take back what was changed keeps nobody waiting in RESTORING: the
// operator is asked, and it is tried on meanwhile (promise 6). What is owed is not forgotten: once
// the cluster takes it, RESTORING does the rest.
#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

constexpr Millis kDebtRetry{10'000};

// What is not as it was, a comma-separated list; empty: nothing.
std::string Owed(const Rollout& rollout) {
  std::string owed;
  const auto add = [&owed](const std::string& what) { owed += (owed.empty() ? "" : ", ") + what; };
  for (const auto& [name, value] : SettingsToRestore(rollout)) add(name);
  if (OweExclusions(rollout)) add("voting exclusions");
  if (rollout.policies_stopped) add("snapshot policies");
  return owed;
}

}  // namespace

void AwaitOperator(Engine& e) {
  std::string reason = "an operator: " + e.r().reason;
  if (const std::string owed = Owed(e.r()); !owed.empty()) {
    reason +=
        "; not put back yet, and tried on until the cluster takes it: " + owed + SoleManagerDown(e);
  }
  e.WaitFor(kOwnSlot, reason, std::nullopt,
            "drover rollout resume " + e.r().id.str() + ", or abort");
}

void AdvancePaused(Engine& e) {
  if (e.Busy(kOwnSlot) || Owed(e.r()).empty()) return;
  if (const Settings settings = SettingsToRestore(e.r()); !settings.empty()) {
    PutRecorded(e, "restore", settings);
  } else if (OweExclusions(e.r())) {
    e.Do(kOwnSlot, "clear-exclusions", ClearVotingExclusions{});
  } else {
    e.Do(kOwnSlot, "policies", StartPolicies{e.r().stopped_policies});
  }
}

void OnPausedCallEnded(Engine& e, const Action& action, const std::string& error) {
  if (!error.empty()) {
    NoteLostAnswer(e);
    AwaitOperator(e);
    return TryDebtLater(e);
  }
  if (const auto* put = std::get_if<PutSettings>(&action)) MarkPut(e, put->persistent);
  if (std::holds_alternative<ClearVotingExclusions>(action)) MarkExclusionsCleared(e);
  const std::string reason = e.r().reason;
  BeginRestore(e, Phase::kPaused, reason);
}

void TryDebtLater(Engine& e) { e.RetryLater(kOwnSlot, kDebtRetry); }

}  // namespace drover::rollout
