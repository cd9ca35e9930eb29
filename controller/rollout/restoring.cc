// RESTORING: the way from anywhere to a pause, an abort or a failure with nothing left behind
// (promise 6): settings and policies are as they were, members that were stopped run again. The
// settings come first: no member and no host that does not answer keeps them from being put back.
#include <algorithm>

#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

constexpr Millis kStartLimit{300'000};
constexpr Millis kHealthWait{3'000};
constexpr Millis kLookRetry{1'000};
constexpr Millis kStartRetry{10'000};
constexpr Millis kDownPatience{20'000};

// Pulls and copies: what they made so far is of no harm, and they can take long.
bool CanBeCanceled(const Outstanding& o) {
  const auto* start = std::get_if<StartOperation>(&o.action);
  return start != nullptr && (std::holds_alternative<PullImage>(start->order.verb) ||
                              std::holds_alternative<CopyVolume>(start->order.verb));
}

// What changes the world is awaited, as its effect could else land after it was undone: verbs, and
// calls that change the cluster. What only looks or waits is forgotten, and so is a flush.
bool MustEnd(const Outstanding& o) {
  return (std::holds_alternative<StartOperation>(o.action) && !CanBeCanceled(o)) ||
         std::holds_alternative<PutSettings>(o.action) ||
         std::holds_alternative<AddVotingExclusion>(o.action) ||
         std::holds_alternative<ClearVotingExclusions>(o.action) ||
         std::holds_alternative<StopPolicies>(o.action) ||
         std::holds_alternative<StartPolicies>(o.action) ||
         std::holds_alternative<RegisterRepository>(o.action) ||
         std::holds_alternative<RestoreSnapshot>(o.action) ||
         std::holds_alternative<TakeSnapshot>(o.action) ||
         std::holds_alternative<DeleteSnapshot>(o.action);
}

void LeaveWhatCanBeLeft(Engine& e) {
  for (const Outstanding& o : e.r().outstanding) {
    if (!CanBeCanceled(o)) continue;
    const OperationOrder& order = std::get<StartOperation>(o.action).order;
    e.Perform(CancelOperation{order.host, order.id});
  }
  std::erase_if(e.r().outstanding, [](const Outstanding& o) { return !MustEnd(o); });
}

Time OverdueAt(const Engine& e) { return *e.r().restore_since + e.rules().join_timeout; }

bool Overdue(const Engine& e) { return e.now() > OverdueAt(e); }

void GiveUpOn(Engine& e, int i, const std::string& why) {
  e.Drop(i);
  e.member(i).awaited = false;
  e.member(i).fate = e.planned(i).name + " on " + e.planned(i).host + " " + why;
  e.Say("member.left_stopped", e.member(i).fate, i);
}

// Without its only cluster manager the cluster takes nothing back, and no end is reached: it is
// tried for as long as it takes.
bool MustStart(const Engine& e, int i) {
  return !e.IsCompanion(i) && TakesClusterDown(e.plan(), i) &&
         e.r().after_restore != Phase::kPaused;
}

// It was started, and did not join in time.
void StartOnceMore(Engine& e) {
  for (int i = 0; i < e.members(); ++i) {
    if (!MustStart(e, i) || !e.member(i).awaited || !Overdue(e)) continue;
    e.member(i).awaited = false;
    e.r().restore_since = e.now();
  }
}

// On the way to a pause only a member whose volume the new image has never opened starts again, in
// its old version; another one stays for the operator's fix, and so does a restarted one whose new
// container was made and does not serve. On the way to an end all start.
bool StartsAgain(const Engine& e, const MemberState& m) {
  if (!m.stopped || m.awaited || !m.fate.empty()) return false;
  if (MixesVersions(e)) return false;
  // A cluster that is to be undone serves nobody meanwhile, so that nothing is written to it.
  const bool undoes = e.plan().undo && e.plan().StopsAll();
  if (undoes && e.r().after_restore == Phase::kPaused) return false;
  if (e.r().after_restore != Phase::kPaused) return true;
  if (!e.plan().ChangesImages()) return !m.renewed;
  return !m.new_image_ran || !m.new_image_sure;
}

// The next order on the way up: the file first, whichever image may run on the volume.
void OrderStart(Engine& e, int i) {
  MemberState& m = e.member(i);
  const PlannedMember& planned = e.planned(i);
  // Before the old image starts, the host says that the new one never ran: memory may be a copy's.
  if (m.new_image_ran ? !m.new_image_sure : !m.examined) {
    e.Do(i, "look", ReadContainer{planned.host, planned.project, planned.service, true});
  } else if (!m.set_image.empty() && !m.new_image_ran) {
    e.Order(i, "restore-file", RestoreFile{m.set_image}, kStartLimit);
  } else if (m.file_uncertain) {
    const std::string& image = m.new_image_ran ? planned.to_image : planned.from_image;
    const std::string& other = m.new_image_ran ? planned.from_image : planned.to_image;
    e.Order(i, "settle-file", SetImage{planned.service, image, other}, kStartLimit);
  } else {
    e.Order(i, "start-again", UpService{planned.service, false}, kStartLimit);
  }
}

// True while a member still has something to do.
bool AdvanceStart(Engine& e, int i) {
  if (e.Busy(i)) {
    if (!Overdue(e) || MustStart(e, i)) return true;
    const bool lost = e.Lost(e.planned(i).host);
    GiveUpOn(e, i,
             lost ? "was left as it is: its agent is not connected"
                  : "was left as it is: its agent did not answer in time");
  }
  if (e.IsCompanion(i)) return AdvanceCompanionStart(e, i);
  if (!StartsAgain(e, e.member(i))) return false;
  OrderStart(e, i);
  return true;
}

// A verb of a member runs, or is still to be ordered.
bool AnyStarting(const Engine& e) {
  for (int i = 0; i < e.slots(); ++i) {
    if (e.Busy(i) || (!e.IsCompanion(i) && StartsAgain(e, e.member(i)))) return true;
  }
  return false;
}

bool AnyAwaited(const Engine& e) {
  return std::any_of(e.r().members.begin(), e.r().members.end(),
                     [](const MemberState& m) { return m.awaited; });
}

void AwaitMembers(Engine& e) {
  std::string names;
  for (int i = 0; i < e.members(); ++i) {
    if (e.member(i).awaited) names += (names.empty() ? "" : ", ") + e.planned(i).name;
  }
  HealthCondition condition;
  condition.nodes = e.plan().observed_nodes;
  for (const MemberState& m : e.r().members) {
    if (m.stopped && !m.awaited) --*condition.nodes;
  }
  e.WaitFor(kOwnSlot, names + " in the cluster again", OverdueAt(e), "GET _nodes lists it");
  e.Do(kOwnSlot, "rejoin", AwaitHealth{condition, kHealthWait, {}});
}

// Settings are recorded before the first change of anything.
bool WasTouched(const Rollout& rollout) {
  return !rollout.settings.empty() || (rollout.plan->undo && rollout.snapshot_done);
}

void End(Engine& e) {
  e.r().restore_since.reset();
  e.Enter(e.r().after_restore);
  if (e.r().phase == Phase::kPaused) AwaitOperator(e);
}

// The cluster takes nothing back, or does not say so. On the way to a pause that has a limit; an
// end is not reached before everything is as it was.
void OnRefused(Engine& e, const std::string& error) {
  const bool pauses = e.r().after_restore == Phase::kPaused;
  // A cluster that this rollout took down answers nobody.
  const Millis patience = e.plan().StopsAll() ? std::min(kDownPatience, e.rules().recover_stall)
                                              : e.rules().recover_stall;
  const bool stalled = e.Stalled(patience);
  if (pauses && stalled && !AnyStarting(e)) {
    for (int i = 0; i < e.members(); ++i) {
      if (!e.member(i).awaited) continue;
      GiveUpOn(e, i, "was started again; the cluster does not say whether it has joined");
    }
    e.Drop(kClockSlot);
    End(e);
    return TryDebtLater(e);
  }
  std::optional<Time> until;
  if (pauses) until = *e.r().progress_at + patience;
  e.WaitFor(kOwnSlot, "the cluster: " + error + SoleManagerDown(e), until,
            "the cluster takes the settings");
  e.RetryLater(kOwnSlot, kRetryDelay);
}

}  // namespace

std::string SoleManagerDown(const Engine& e) {
  for (int i = 0; i < e.members(); ++i) {
    const MemberState& m = e.r().members[static_cast<size_t>(i)];
    if (!TakesClusterDown(e.plan(), i) || !m.stopped || m.awaited || StartsAgain(e, m)) continue;
    return "; its only cluster manager " + e.planned(i).name +
           " is down: start it by hand, or drover rollout abort " + e.r().id.str() + " starts it";
  }
  return "";
}

void BeginRestore(Engine& e, Phase after, const std::string& reason) {
  const bool was_paused = e.r().phase == Phase::kPaused;
  e.r().after_restore = after;
  e.r().reason = reason;
  e.r().pause_asked = false;
  e.r().flushed = false;
  e.r().looked = false;
  e.r().attempts = 0;
  e.r().outcome.clear();
  e.r().restore_since = e.now();
  for (int i = e.members(); i < e.slots(); ++i) {
    e.member(i).wait.reset();
    e.member(i).attempts = 0;
    e.member(i).fate.clear();
  }
  for (MemberState& m : e.r().members) {
    m.wait.reset();
    m.attempts = 0;
    m.fate.clear();
    m.examined = false;
    m.held = false;
    // In a pause an operator may have edited it.
    if (was_paused && m.stopped && e.plan().ChangesImages()) m.file_uncertain = true;
  }
  LeaveWhatCanBeLeft(e);
  e.Enter(Phase::kRestoring);
}

void AdvanceRestoring(Engine& e) {
  StartOnceMore(e);
  bool starting = false;
  for (int i = 0; i < e.slots(); ++i) starting = AdvanceStart(e, i) || starting;
  if (!starting && !AnyAwaited(e)) {
    e.Drop(kClockSlot);
  } else if (!e.Busy(kClockSlot) && !Overdue(e)) {
    e.Do(kClockSlot, "overdue", SetTimer{OverdueAt(e) + Millis(1'000)});
  }
  if (e.Busy(kOwnSlot)) return;
  if (const Settings settings = SettingsToRestore(e.r()); !settings.empty()) {
    e.WaitFor(kOwnSlot, "the cluster settings to be put back" + SoleManagerDown(e), std::nullopt,
              "the settings read back as they were");
    PutRecorded(e, "restore", settings);
  } else if (OweExclusions(e.r())) {
    ClearExclusions(e);
  } else if (AwaitsLostAnswer(e)) {
    // Members are started meanwhile; policies, snapshot and the last look come after it.
  } else if (e.r().policies_stopped) {
    e.Do(kOwnSlot, "policies", StartPolicies{e.r().stopped_policies});
  } else if (e.r().snapshot.started_at && !e.r().snapshot_done) {
    e.Do(kOwnSlot, "delete-snapshot",
         DeleteSnapshot{e.plan().SnapshotRepository(), e.plan().snapshot,
                        !e.plan().own_repository.empty()});
  } else if (starting) {
    // Their own waits are shown.
  } else if (AnyAwaited(e)) {
    AwaitMembers(e);
  } else if (!e.r().looked && WasTouched(e.r())) {
    e.WaitFor(kOwnSlot, "a last look: who runs which version, and are the settings back",
              std::nullopt, "the cluster and the hosts answer");
    e.Do(kOwnSlot, "look", ObserveWorld{true, false});
  } else {
    End(e);
  }
}

void OnRestoringCallEnded(Engine& e, const Action& action, const CallEnded& ended) {
  const std::string& error = ended.error;
  if (std::holds_alternative<DeleteSnapshot>(action)) {
    for (const std::string& left : ended.names) e.r().outcome.push_back("snapshot: " + left);
    if (!error.empty() && ++e.r().attempts < kMaxAttempts) {
      return e.RetryLater(kOwnSlot, kRetryDelay);
    }
    if (!error.empty()) {
      e.r().outcome.push_back("snapshot: " + e.plan().snapshot +
                              " is unfinished and could not be deleted: " + error);
    }
    e.r().attempts = 0;
    e.r().snapshot = SnapshotProgress{};
    return;
  }
  // One that was under way when the rollout left: its error is no reason to wait.
  if (!error.empty()) NoteLostAnswer(e);
  if (std::holds_alternative<StopPolicies>(action)) return;
  if (std::holds_alternative<AddVotingExclusion>(action)) return;
  // Asked for again where it goes on.
  if (std::holds_alternative<RegisterRepository>(action)) return;
  if (std::holds_alternative<RestoreSnapshot>(action)) return;
  if (!error.empty()) return OnRefused(e, error);
  e.r().progress_at.reset();
  if (const auto* put = std::get_if<PutSettings>(&action)) MarkPut(e, put->persistent);
  if (std::holds_alternative<ClearVotingExclusions>(action)) MarkExclusionsCleared(e);
}

// The snapshot was being begun: now it is known whether it was, and what is there is deleted.
void OnRestoringSnapshot(Engine& e, const Outstanding& action) { e.Take(action.id); }

void OnRestoringOperationEnded(Engine& e, int i, const Outstanding& action,
                               const OperationEnd& end) {
  MemberState& m = e.member(i);
  const OperationOrder& order = std::get<StartOperation>(action.action).order;
  if (end.state == OperationState::kSucceeded) {
    m.attempts = 0;
    if (e.IsCompanion(i)) {
      if (std::holds_alternative<UpService>(order.verb)) OnCompanionStarted(e, i);
      return;
    }
    if (const auto* set = std::get_if<SetImage>(&order.verb)) {
      if (set->image == e.planned(i).to_image) return OnImageSet(e, i, order.id, end);
      m.file_uncertain = false;
      m.set_image = OperationId();
    }
    if (std::holds_alternative<RestoreFile>(order.verb)) {
      m.set_image = OperationId();
      m.file_uncertain = false;
    }
    if (std::holds_alternative<UpService>(order.verb)) {
      m.new_image_sure = m.new_image_ran;
      m.container = end.container_id;
      m.awaited = true;
    }
    return;
  }
  const bool starts = e.IsCompanion(i) ? e.r().after_restore != Phase::kPaused : StartsAgain(e, m);
  if (end.state == OperationState::kInterrupted || !starts) return;
  if (end.error == OperationErrorCode::kEngineDown) {
    e.WaitFor(i, "the Docker Engine of " + order.host + ": " + end.message, OverdueAt(e),
              "the Engine answers");
    return e.RetryLater(i, kRetryDelay);
  }
  const bool hopeless = end.error == OperationErrorCode::kFileChanged;
  const bool again = !hopeless && MustStart(e, i);
  if (!again && (hopeless || ++m.attempts >= kMaxAttempts)) {
    return GiveUpOn(e, i, "could not be started: " + end.message);
  }
  if (again) {
    e.WaitFor(i, e.planned(i).name + " could not be started: " + end.message, std::nullopt,
              "it starts; mend the cause on " + order.host + ", it is tried on");
  }
  e.RetryLater(i, again ? kStartRetry : kRetryDelay);
}

void OnRestoringHealth(Engine& e, const HealthSeen&) { e.Do(kOwnSlot, "nodes", ReadNodes{}); }

void OnRestoringNodes(Engine& e, const NodesSeen& seen) {
  if (!seen.error.empty()) {
    e.WaitFor(kOwnSlot, "the cluster: " + seen.error, OverdueAt(e), "the cluster answers");
    e.RetryLater(kOwnSlot, kLookRetry);
  }
  for (int i = 0; i < e.members(); ++i) {
    MemberState& m = e.member(i);
    const PlannedMember& planned = e.planned(i);
    if (!m.awaited) continue;
    const auto it = std::find_if(seen.nodes.begin(), seen.nodes.end(),
                                 [&](const NodeView& n) { return n.name == planned.name; });
    if (it != seen.nodes.end()) {
      m.awaited = m.stopped = false;
      m.version = it->version;
      m.fate = planned.name + " was started again and runs " + it->version;
      if (e.plan().ChangesImages() && !m.new_image_ran) {
        m.fate += ": the new image never ran on its volume (tier 0)";
      }
      e.Say("member.restarted", m.fate, i);
    } else if (Overdue(e) && !MustStart(e, i)) {
      GiveUpOn(
          e, i,
          "was started again and did not join within " + FormatDuration(e.rules().join_timeout));
    } else if (!e.Busy(i)) {
      e.Do(i, "container", ReadContainer{planned.host, planned.project, planned.service});
    }
  }
  if (AnyAwaited(e) && !e.Busy(kOwnSlot)) e.RetryLater(kOwnSlot, kLookRetry);
}

void OnRestoringContainer(Engine& e, int i, const ContainerSeen& seen) {
  MemberState& m = e.member(i);
  if (!m.awaited) {  // the look before a start
    if (seen.connected) {
      m.examined = true;
      return DecideWhetherItRan(e, i, seen.container);
    }
    // Waits for the agent, then for the limit of RESTORING; the old image is out of question.
    if (++m.attempts < kMaxAttempts || e.r().after_restore != Phase::kPaused) {
      return e.RetryLater(i, kRetryDelay);
    }
    if (!m.new_image_ran) return GiveUpOn(e, i, "was left as it is: its agent does not answer");
    m.new_image_sure = true;
    return;
  }
  if (!seen.connected || !seen.container || seen.container->id != m.container) return;
  if (m.container.empty() || !Crashes(*seen.container)) return;
  GiveUpOn(e, i,
           "was started again and its container ended, exit code " +
               std::to_string(seen.container->exit_code));
}

}  // namespace drover::rollout
