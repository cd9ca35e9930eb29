#include <algorithm>

#include "tests/simulation/run.h"

namespace drover::simulation {

void Simulation::ScheduleFaults() {
  for (const Fault& fault : scenario_.faults) {
    switch (fault.kind) {
      case FaultKind::kControllerDiesBeforeCommit:
        first_.store().DieBeforeCommit(fault.count);
        break;
      case FaultKind::kControllerDiesAfterCommit:
        first_.store().DieAfterCommit(fault.count);
        break;
      case FaultKind::kControllerDiesBeforeAction:
        first_.DieBeforeAction(fault.count);
        break;
      case FaultKind::kControllerDiesAfterAction:
        first_.DieAfterAction(fault.count);
        break;
      case FaultKind::kAgentDiesBeforeWrite:
        agent(fault).DieBeforeWrite(fault.count);
        break;
      case FaultKind::kAgentDiesAfterWrite:
        agent(fault).DieAfterWrite(fault.count);
        break;
      default:
        schedule_.At(start_ + fault.at, [this, fault] {
          Tell("fault: " + Describe(fault));
          Begin(fault);
        });
        if (fault.lasts.count() > 0) {
          schedule_.At(start_ + fault.at + fault.lasts, [this, fault] {
            Tell("ends: " + Describe(fault));
            Finish(fault);
          });
        }
    }
  }
}

void Simulation::Begin(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kControllerDies:
      return Active().Die();
    case FaultKind::kCommitsFail:
      return Active().store().SetFull(true);
    case FaultKind::kSecondController:
      return StartSecond();
    case FaultKind::kAgentDies:
      return agent(fault).Die();
    case FaultKind::kLinkDown:
      return network_.SetLink(fault.host, false);
    case FaultKind::kMessagesDoubled:
      return network_.SetDoubled(fault.host, true);
    case FaultKind::kMessagesLate:
      return network_.SetLate(fault.host, true);
    case FaultKind::kHostReboots:
      host(fault).Reboot(fault.lasts);
      return agent(fault).Die();
    case FaultKind::kRegistryDown:
      for (auto& each : hosts_) each->Break(fault.kind);
      return;
    case FaultKind::kNodeKilled:
      return host(fault).KillNode();
    case FaultKind::kIndexRed:
      promises_.OnDisturbance();
      return cluster_.SetBroken(true);
    case FaultKind::kRecoveryStuck:
      return cluster_.SetStuck(true);
    case FaultKind::kSettingsRefused:
      rest_.settings_refused = true;
      return;
    case FaultKind::kNoManager:
      promises_.OnDisturbance();
      return cluster_.SetNoManager(true);
    case FaultKind::kCallsFail:
      rest_.calls_fail = true;
      return;
    case FaultKind::kRepliesLost:
      rest_.replies_lost = true;
      return;
    case FaultKind::kCallsLate:
      rest_.calls_late = true;
      return;
    case FaultKind::kCallsSlow:
      rest_.calls_slow = true;
      return;
    case FaultKind::kSnapshotFails:
      cluster_.next_snapshot_state = "FAILED";
      return;
    case FaultKind::kSnapshotPartial:
      cluster_.next_snapshot_state = "PARTIAL";
      return;
    case FaultKind::kSnapshotStalls:
      return cluster_.SetSnapshotStalled(true);
    case FaultKind::kPause:
      return Active().Ask(rollout::Request::kPause);
    case FaultKind::kResume:
      return Active().Ask(rollout::Request::kResume);
    case FaultKind::kAbort:
      return Active().Ask(rollout::Request::kAbort);
    case FaultKind::kApprove:
      return Active().Ask(rollout::Request::kApprove);
    default:
      return host(fault).Break(fault.kind);
  }
}

void Simulation::Finish(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kCommitsFail:
      first_.store().SetFull(false);
      if (second_) second_->store().SetFull(false);
      return;
    case FaultKind::kLinkDown:
      return network_.SetLink(fault.host, true);
    case FaultKind::kMessagesDoubled:
      return network_.SetDoubled(fault.host, false);
    case FaultKind::kMessagesLate:
      return network_.SetLate(fault.host, false);
    case FaultKind::kHostReboots:
      return;  // the host comes up by itself
    case FaultKind::kRegistryDown:
      for (auto& each : hosts_) each->Mend(fault.kind);
      return;
    case FaultKind::kIndexRed:
      return cluster_.SetBroken(false);
    case FaultKind::kRecoveryStuck:
      return cluster_.SetStuck(false);
    case FaultKind::kSettingsRefused:
      rest_.settings_refused = false;
      return;
    case FaultKind::kNoManager:
      return cluster_.SetNoManager(false);
    case FaultKind::kCallsFail:
      rest_.calls_fail = false;
      return;
    case FaultKind::kRepliesLost:
      rest_.replies_lost = false;
      return;
    case FaultKind::kCallsLate:
      rest_.calls_late = false;
      return;
    case FaultKind::kCallsSlow:
      rest_.calls_slow = false;
      return;
    case FaultKind::kSnapshotStalls:
      return cluster_.SetSnapshotStalled(false);
    default:
      return host(fault).Mend(fault.kind);
  }
}

// The data folder is copied as it is and started on another machine; agents come over one by one,
// and may fall back to the first as long as that one runs.
void Simulation::StartSecond() {
  if (second_ || calm_ || first_.rollout().id.empty() || Ended()) return;
  // An older copy does not know of the settings that the first controller has changed since.
  const auto& recorded = first_.rollout().settings;
  const bool knows = std::any_of(recorded.begin(), recorded.end(),
                                 [](const rollout::RecordedSetting& s) { return s.changed; });
  if (!knows) return schedule_.After(Millis(1'000), [this] { StartSecond(); });
  auto opened = store::OpenStore(store::kInMemory);
  if (!opened.ok()) return promises_.Violated("no copy: " + opened.status().ToString());
  copy_ = std::move(*opened);
  rollout::Rollout state = first_.rollout();
  copy_->NextEpoch(first_.epoch()).status().IgnoreError();
  copy_->SavePlan(*plan_).IgnoreError();
  copy_->Commit(&state, schedule_.now(), {}, nullptr).IgnoreError();
  promises_.OnSecondController();
  second_ = std::make_unique<SimController>("second controller", around_, *copy_);
  second_->Start();
  for (int i = 0; i < scenario_.members; ++i) {
    schedule_.After(random_.Between(0, 30'000), [this, i] { network_.Point(i, second_.get()); });
    if (random_.Chance(30)) {
      schedule_.After(random_.Between(30'000, 60'000), [this, i] {
        if (!calm_) network_.Point(i, &first_);
      });
    }
  }
}

}  // namespace drover::simulation
