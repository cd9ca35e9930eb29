#include "controller/rollout/step.h"

#include <algorithm>

#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

// Level-triggered: looks at the state and asks for whatever it needs next and has not asked for
// yet.
void Advance(Engine& e) {
  switch (e.r().phase) {
    case Phase::kChecking:
      return AdvanceChecking(e);
    case Phase::kSnapshotting:
      return AdvanceSnapshotting(e);
    case Phase::kPrefetching:
      return AdvancePrefetching(e);
    case Phase::kRolling:
      return AdvanceRolling(e);
    case Phase::kFinishing:
      return AdvanceFinishing(e);
    case Phase::kRestoring:
      return AdvanceRestoring(e);
    case Phase::kPaused:
      return AdvancePaused(e);
    case Phase::kPlanned:
    case Phase::kSucceeded:
    case Phase::kFailed:
    case Phase::kAborted:
    case Phase::kRollingBack:
    case Phase::kRolledBack:
      return;
  }
}

// Calls that may be carried out long after they were sent.
bool ChangesCluster(const Action& action) {
  return std::holds_alternative<PutSettings>(action) ||
         std::holds_alternative<ClearArchived>(action) ||
         std::holds_alternative<AddVotingExclusion>(action) ||
         std::holds_alternative<ClearVotingExclusions>(action) ||
         std::holds_alternative<StopPolicies>(action) ||
         std::holds_alternative<StartPolicies>(action);
}

// Events by their kind; a result whose action is not outstanding is late and changes nothing.
struct Dispatch {
  Engine& e;

  void operator()(const Asked& asked) { OnAsked(e, asked); }

  void operator()(const AgentConnected& event) {
    Heard(event.host);
    for (int i = 0; i < e.slots(); ++i) {
      if (e.planned(i).host == event.host) e.RestartClocks(i);
    }
    for (const Outstanding& o : e.r().outstanding) {
      const auto* start = std::get_if<StartOperation>(&o.action);
      if (start == nullptr || start->order.host != event.host) continue;
      e.PerformAgain(o);
    }
  }

  // Whatever comes from an agent says that it is there.
  void Heard(const std::string& host) {
    if (std::erase(e.r().lost_hosts, host) == 0) return;
    for (const Outstanding& o : e.r().outstanding) {
      const auto* start = std::get_if<StartOperation>(&o.action);
      if (start == nullptr || start->order.host != host || o.member == kOwnSlot) continue;
      const std::string verb = VerbName(start->order.verb);
      e.WaitFor(o.member, verb + " on " + host, start->order.deadline, verb + " ends");
    }
  }

  void AwaitAgent(const std::string& host) {
    for (const Outstanding& o : e.r().outstanding) {
      const auto* start = std::get_if<StartOperation>(&o.action);
      if (start == nullptr || start->order.host != host || o.member == kOwnSlot) continue;
      e.WaitFor(o.member, "the agent of " + host + ", which is not connected", std::nullopt,
                "the agent of " + host + " connects");
    }
  }

  void operator()(const AgentLost& event) {
    auto& lost = e.r().lost_hosts;
    if (std::find(lost.begin(), lost.end(), event.host) != lost.end()) return;
    lost.push_back(event.host);
    e.Say("agent.lost", "the agent of " + event.host + " is not connected: " + event.reason,
          kOwnSlot, {{"host", event.host}});
    AwaitAgent(event.host);
  }

  void operator()(const OperationProgressed& event) {
    const Outstanding* o = e.Find(event.id);
    if (o == nullptr || o->member == kOwnSlot) return;
    const auto* start = std::get_if<StartOperation>(&o->action);
    if (start == nullptr || !std::holds_alternative<PullImage>(start->order.verb)) return;
    CellTimes& cell = e.member(o->member).cells[static_cast<size_t>(Cell::kPrefetch)];
    cell.text = event.progress.text;
    if (event.progress.total_bytes > 0) {
      cell.text =
          std::to_string(100 * event.progress.current_bytes / event.progress.total_bytes) + " %";
    }
  }

  void operator()(const OperationEnded& event) {
    const Outstanding* found = e.Find(event.id);
    if (found == nullptr || found->member == kOwnSlot) return;
    if (event.end.error == OperationErrorCode::kStaleEpoch) return OnFenced(*found, event.end);
    const std::optional<Outstanding> o = e.Take(event.id);
    const auto* start = std::get_if<StartOperation>(&o->action);
    if (start == nullptr) return;
    Heard(start->order.host);
    const bool ok = event.end.state == OperationState::kSucceeded;
    const std::string verb = VerbName(start->order.verb);
    e.Say("operation.ended", verb + (ok ? " done" : " failed: " + event.end.message), o->member,
          {{"verb", verb},
           {"operation", event.id.str()},
           {"state", ok ? "SUCCEEDED" : "FAILED"},
           {"took_ms", std::to_string((event.end.ended_at - event.end.started_at).count())}});
    if (e.r().phase == Phase::kRestoring) {
      OnRestoringOperationEnded(e, o->member, *o, event.end);
    } else if (std::holds_alternative<PullImage>(start->order.verb)) {
      OnPullEnded(e, o->member, event.end);
    } else if (e.member(o->member).step == MemberStep::kFailed) {
      OnFailedOperationEnded(e, o->member, event.end);
    } else {
      OnMemberOperationEnded(e, o->member, *o, event.end);
    }
  }

  // Another controller has taken over. The operation stays outstanding: it is neither ordered again
  // nor a failure of its member.
  void OnFenced(const Outstanding& o, const OperationEnd& end) {
    e.Say("controller.fenced", "another controller is in charge of these hosts: " + end.message,
          o.member, {{"operation", o.id.str()}});
    e.WaitFor(o.member, "this controller to be stopped: another one has taken over", std::nullopt,
              "this controller stops");
  }

  void operator()(const Observed& event) {
    const std::optional<Outstanding> o = e.Take(event.id);
    if (!o) return;
    if (event.world.cluster_error.empty()) e.r().health = event.world.cluster.health.status;
    switch (e.r().phase) {
      case Phase::kChecking:
        return OnCheckingObserved(e, event.world);
      case Phase::kPrefetching:
        return OnPrefetchingObserved(e, event.world);
      case Phase::kRolling:
        return OnRollingObserved(e, std::get<ObserveWorld>(o->action), event);
      case Phase::kFinishing:
        return OnFinishingObserved(e, event);
      case Phase::kRestoring:
        return OnRestoringObserved(e, event.world);
      default:
        return;
    }
  }

  void operator()(const SnapshotSeen& event) {
    const Outstanding* found = e.Find(event.id);
    if (found == nullptr) return;
    const Outstanding o = *found;
    if (e.r().phase == Phase::kRestoring) {
      if (!event.error.empty()) NoteLostAnswer(e);
      return OnRestoringSnapshot(e, o);
    }
    OnSnapshotSeen(e, o, event);
  }

  void operator()(const CallEnded& event) {
    const std::optional<Outstanding> o = e.Take(event.id);
    if (!o) return;
    if (!event.error.empty()) {
      e.Say("cluster.error", event.error, kOwnSlot, {{"action", o->id.str()}});
    }
    if (std::holds_alternative<ClearArchived>(o->action)) return OnArchivedCleared(e, event);
    if (std::holds_alternative<PutSettings>(o->action)) NoteArchived(e, event.error);
    // In whatever state: one that was begun in PAUSED may end after a resume.
    const bool started = std::holds_alternative<StartPolicies>(o->action) && event.error.empty();
    if (started) e.r().policies_stopped = false;
    if (e.r().phase == Phase::kPaused) return OnPausedCallEnded(e, o->action, event.error);
    if (e.r().phase == Phase::kRolling) OnRollingCallEnded(e, o->action, event.error);
    if (e.r().phase == Phase::kFinishing) OnFinishingCallEnded(e, o->action, event.error);
    if (e.r().phase == Phase::kRestoring) OnRestoringCallEnded(e, o->action, event);
    if (e.r().phase == Phase::kSnapshotting && !event.error.empty()) {
      // Snapshot policies that cannot be stopped: tried again, then the rollout ends.
      NoteLostAnswer(e);
      if (++e.r().attempts < kMaxAttempts) return e.RetryLater(kOwnSlot, kRetryDelay);
      BeginRestore(e, Phase::kFailed, event.error);
    }
  }

  void operator()(const HealthSeen& event) {
    const std::optional<Outstanding> o = e.Take(event.id);
    if (!o) return;
    if (event.error.empty()) e.r().health = event.health.status;
    if (e.r().phase == Phase::kRestoring) return OnRestoringHealth(e, event);
    if (o->member == kOwnSlot) return OnRecoveredHealth(e, event);
    OnMemberHealth(e, o->member, event);
  }

  void operator()(const NodesSeen& event) {
    const std::optional<Outstanding> o = e.Take(event.id);
    if (!o) return;
    if (e.r().phase == Phase::kRestoring) return OnRestoringNodes(e, event);
    if (o->member != kOwnSlot) OnMemberNodes(e, o->member, event);
  }

  void operator()(const ContainerSeen& event) {
    const std::optional<Outstanding> o = e.Take(event.id);
    if (!o || o->member == kOwnSlot) return;
    if (event.connected) Heard(e.planned(o->member).host);
    if (e.r().phase == Phase::kRestoring) return OnRestoringContainer(e, o->member, event);
    if (e.member(o->member).step == MemberStep::kFailed) {
      return OnFailedContainer(e, o->member, event);
    }
    OnMemberContainer(e, o->member, event);
  }

  void operator()(const LogSeen& event) {
    const std::optional<Outstanding> o = e.Take(event.id);
    if (o && o->member != kOwnSlot) OnFailedLog(e, o->member, event);
  }

  void operator()(const TimerFired& event) { e.Take(event.id); }

  void operator()(const Recovered&) {
    e.Say("controller.recovered",
          "the controller started again; the rollout goes on in " + Name(e.r().phase));
    e.RestartClocks(-1);
    // Nobody is connected to a controller that has just started.
    for (int i = 0; i < e.slots(); ++i) {
      const std::string& host = e.planned(i).host;
      if (!e.Lost(host)) e.r().lost_hosts.push_back(host);
      AwaitAgent(host);
    }
    for (const Outstanding& o : e.r().outstanding) {
      // What was sent before may take effect after its repetition.
      if (ChangesCluster(o.action)) NoteLostAnswer(e);
      e.PerformAgain(o);
    }
  }
};

}  // namespace

Rollout NewRollout(std::shared_ptr<const Plan> plan, Time now) {
  Rollout rollout;
  rollout.id = RolloutId(plan->id.str());
  rollout.members.resize(plan->members.size());
  rollout.companions.resize(plan->companions.size());
  rollout.checks = plan->checks;
  rollout.created_at = now;
  if (plan->undo) TakeOverDebts(*plan->undo, &rollout);
  rollout.plan = std::move(plan);
  return rollout;
}

Transition Step(const Rollout& rollout, const Event& event) {
  Engine e(rollout, event.at);
  if (!HasEnded(rollout.phase)) {
    std::visit(Dispatch{e}, event.body);
    // A phase that has nothing to wait for hands over to the next at once.
    for (Phase before = Phase::kPlanned; before != e.r().phase;) {
      before = e.r().phase;
      Advance(e);
    }
    e.TidyWaits();
  }
  return std::move(e).Finish();
}

}  // namespace drover::rollout
