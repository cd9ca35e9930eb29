// RESTORING: the way from anywhere to a pause, an abort or a failure with nothing left behind
// (promise 6): members that were stopped run again, settings and policies are as they were.
#include <algorithm>

#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

constexpr Millis kStartLimit{300'000};
constexpr Millis kHealthWait{3'000};

bool IsOperation(const Outstanding& o) { return std::holds_alternative<StartOperation>(o.action); }

bool IsPull(const Outstanding& o) {
  const auto* start = std::get_if<StartOperation>(&o.action);
  return start != nullptr && std::holds_alternative<PullImage>(start->order.verb);
}

// Pulls are cancelled, waits forgotten; verbs that change a project run to their end.
void LeaveWhatCanBeLeft(Engine& e) {
  for (const Outstanding& o : e.r().outstanding) {
    if (!IsPull(o)) continue;
    const OperationOrder& order = std::get<StartOperation>(o.action).order;
    e.Perform(CancelOperation{order.host, order.id});
  }
  std::erase_if(e.r().outstanding,
                [](const Outstanding& o) { return !IsOperation(o) || IsPull(o); });
}

bool StartsMembers(const Rollout& rollout) { return rollout.after_restore != Phase::kPaused; }

void GiveUpOn(Engine& e, int i, const std::string& why) {
  e.member(i).stopped = false;
  e.Drop(i);
  e.r().outcome.push_back(e.planned(i).name + " on " + e.planned(i).host +
                          " could not be started: " + why);
  e.Say("member.left_stopped", e.r().outcome.back(), i);
}

bool Overdue(const Engine& e) {
  return e.now() - *e.r().restore_since > e.plan().spec.rules.join_timeout;
}

// True while a member still has something to do.
bool AdvanceStart(Engine& e, int i) {
  MemberState& m = e.member(i);
  if (e.Busy(i)) {
    if (!Overdue(e)) return true;
    GiveUpOn(e, i, "no answer from its agent");
  }
  if (!m.stopped || !StartsMembers(e.r())) return false;
  if (!m.set_image.empty() && !m.new_image_ran) {
    e.Order(i, "restore-file", RestoreFile{m.set_image}, kStartLimit);
    return true;
  }
  e.Order(i, "start-again", UpService{e.planned(i).service, false}, kStartLimit);
  return true;
}

bool AwaitsMembers(Engine& e) {
  if (!StartsMembers(e.r()) || !e.r().members_started || Overdue(e)) return false;
  HealthCondition condition;
  condition.nodes = e.plan().observed_nodes;
  e.WaitFor(kOwnSlot, "the members that were started again",
            *e.r().restore_since + e.rules().join_timeout, "all nodes are in the cluster");
  e.Do(kOwnSlot, "rejoin", AwaitHealth{condition, kHealthWait, {}});
  return true;
}

std::string VersionsLine(const Engine& e) {
  std::string old_ones, new_ones;
  for (int i = 0; i < e.members(); ++i) {
    const bool is_new = e.r().members[static_cast<size_t>(i)].new_image_ran;
    std::string& list = is_new ? new_ones : old_ones;
    list += (list.empty() ? "" : ", ") + e.planned(i).name;
  }
  std::string line = "versions:";
  if (!new_ones.empty()) line += " " + new_ones + " at " + e.plan().request.to_version;
  if (!old_ones.empty()) {
    line += std::string(new_ones.empty() ? " " : "; ") + old_ones + " at " + e.plan().from_version;
  }
  return line;
}

void End(Engine& e) {
  if (e.r().after_restore != Phase::kPaused) {
    e.r().outcome.push_back(VersionsLine(e));
    e.r().outcome.push_back("settings: put back");
    if (e.r().snapshot_done) {
      e.r().outcome.push_back("snapshot: " + e.plan().snapshot + " is kept");
    }
  }
  e.r().restore_since.reset();
  e.Enter(e.r().after_restore);
  if (e.r().phase == Phase::kPaused) {
    e.WaitFor(kOwnSlot, "an operator: " + e.r().reason, std::nullopt,
              "drover rollout resume " + e.r().id.str() + ", or abort");
  }
}

}  // namespace

Settings SettingsToRestore(const Rollout& rollout) {
  Settings settings;
  for (const RecordedSetting& setting : rollout.settings) {
    if (setting.changed) settings[setting.name] = setting.before;
  }
  return settings;
}

void MarkRestored(Engine& e) {
  for (RecordedSetting& setting : e.r().settings) {
    setting.now = setting.before;
    setting.changed = false;
  }
}

void BeginRestore(Engine& e, Phase after, const std::string& reason) {
  e.r().after_restore = after;
  e.r().reason = reason;
  e.r().pause_asked = false;
  e.r().flushed = false;
  e.r().members_started = false;
  e.r().restore_since = e.now();
  for (MemberState& m : e.r().members) m.wait.reset();
  LeaveWhatCanBeLeft(e);
  e.Enter(Phase::kRestoring);
}

void AdvanceRestoring(Engine& e) {
  bool waiting = false;
  for (int i = 0; i < e.members(); ++i) waiting = AdvanceStart(e, i) || waiting;
  if (e.Busy(kOwnSlot)) return;
  if (waiting) {
    // A host that does not answer must not keep the settings from being put back.
    e.Do(kOwnSlot, "overdue",
         SetTimer{*e.r().restore_since + e.rules().join_timeout + Millis(1'000)});
    return;
  }
  if (AwaitsMembers(e)) return;
  if (const Settings settings = SettingsToRestore(e.r()); !settings.empty()) {
    e.WaitFor(kOwnSlot, "the cluster settings to be put back", std::nullopt,
              "the settings read back as they were");
    e.Do(kOwnSlot, "restore", PutSettings{settings});
  } else if (e.r().policies_stopped) {
    e.Do(kOwnSlot, "policies", StartPolicies{e.r().stopped_policies});
  } else if (e.r().snapshot.started_at && !e.r().snapshot_done) {
    e.r().snapshot = SnapshotProgress{};
    e.Do(kOwnSlot, "delete-snapshot",
         DeleteSnapshot{e.plan().spec.snapshot.repository, e.plan().snapshot});
  } else {
    End(e);
  }
}

void OnRestoringCallEnded(Engine& e, const Action& action, const std::string& error) {
  if (std::holds_alternative<DeleteSnapshot>(action)) return;  // left over at worst, and recorded
  if (!error.empty()) {
    e.WaitFor(kOwnSlot, "the cluster: " + error, std::nullopt, "the cluster takes the settings");
    return e.RetryLater(kOwnSlot, kRetryDelay);
  }
  if (std::holds_alternative<PutSettings>(action)) MarkRestored(e);
  if (std::holds_alternative<StartPolicies>(action)) e.r().policies_stopped = false;
}

void OnRestoringOperationEnded(Engine& e, int i, const Outstanding& action,
                               const OperationEnd& end) {
  MemberState& m = e.member(i);
  const Verb& verb = std::get<StartOperation>(action.action).order.verb;
  const bool ok = end.state == OperationState::kSucceeded;
  if (ok && std::holds_alternative<RestoreFile>(verb)) m.set_image = OperationId();
  if (ok && std::holds_alternative<UpService>(verb)) {
    m.stopped = false;
    e.r().members_started = true;
    // Whatever slot waited for the overdue timer goes on at once.
    e.Drop(kOwnSlot);
  }
  if (!ok && end.state != OperationState::kInterrupted && StartsMembers(e.r())) {
    if (++m.attempts >= kMaxAttempts) return GiveUpOn(e, i, end.message);
    e.RetryLater(i, kRetryDelay);
  }
}

void OnRestoringHealth(Engine& e, const HealthSeen& seen) {
  const bool back =
      seen.error.empty() && !seen.health.timed_out && seen.health.nodes == e.plan().observed_nodes;
  if (back) e.r().members_started = false;
}

}  // namespace drover::rollout
