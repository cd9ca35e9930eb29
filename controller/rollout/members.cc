// ROLLING: what each member of a batch does by itself: stop, left, image, up, joined
// (opensearch.md M1 steps 10–14).
#include <algorithm>

#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

constexpr Millis kOrderMargin{60'000};
// How old the look at the cluster may be that a stop rests on. An order that reaches its host
// later, after its agent or the controller was away, is refused there, and the gate is asked again.
constexpr Millis kGateHolds{5'000};
constexpr int kMaxReturns = 5;
constexpr Millis kEngineRetry{5'000};
constexpr Millis kEditLimit{120'000};
constexpr Millis kUpLimit{300'000};
constexpr Millis kLeaveLimit{60'000};
constexpr Millis kHealthWait{3'000};
constexpr Millis kAskRetry{500};

const NodeView* Find(const std::vector<NodeView>& nodes, const std::string& name) {
  const auto it =
      std::find_if(nodes.begin(), nodes.end(), [&](const NodeView& n) { return n.name == name; });
  return it == nodes.end() ? nullptr : &*it;
}

std::vector<std::string> BatchNames(const Engine& e) {
  std::vector<std::string> names;
  for (int i : e.Batch()) names.push_back(e.planned(i).name);
  return names;
}

// Worth ordering again: the verb did not act, or the world was examined and it is safe.
bool IsPassing(const OperationEnd& end) {
  return end.state == OperationState::kInterrupted ||
         end.error == OperationErrorCode::kDeadlinePassed;
}

// An Engine that is down comes back: the verb is ordered again for as long as a member may take to
// join, by the clock and not by tries.
bool AwaitsEngine(Engine& e, int i, const OperationEnd& end) {
  if (end.error != OperationErrorCode::kEngineDown) return false;
  if (e.Expired(i, e.rules().join_timeout)) return false;
  e.WaitFor(i, "the Docker Engine of " + e.planned(i).host + ": " + end.message,
            e.ProgressSince(i) + e.rules().join_timeout, "the Engine answers");
  e.RetryLater(i, kRetryDelay);
  return true;
}

// The others of its batch go on without it.
void GoBackToGate(Engine& e, int i) {
  e.EndCell(i, Cell::kStop);
  e.EnterStep(i, MemberStep::kPending);
  for (int other : e.Batch()) {
    if (e.member(other).step != MemberStep::kPending) e.member(i).held = true;
  }
}

// A stop that did not happen may not simply be ordered again: the look at the cluster that allowed
// it is old by now. The member goes back to its gate.
bool ReturnsToGate(Engine& e, int i, const OperationEnd& end) {
  const bool down = end.error == OperationErrorCode::kEngineDown;
  MemberState& m = e.member(i);
  const auto limit =
      down ? std::max<int64_t>(kMaxReturns, e.rules().join_timeout / kEngineRetry) : kMaxReturns;
  if ((!down && !IsPassing(end)) || ++m.late_stops > limit) return false;
  // An Engine may still carry out what an agent that was interrupted had begun.
  if (end.error == OperationErrorCode::kDeadlinePassed) m.stopped = false;
  e.Say("member.late",
        e.planned(i).name + " was not stopped: " + end.message + "; its gate is asked again", i);
  GoBackToGate(e, i);
  if (down) {
    e.WaitFor(i, "the Docker Engine of " + e.planned(i).host + ": " + end.message,
              e.now() + kEngineRetry * (limit - m.late_stops), "the Engine answers");
    e.RetryLater(i, kEngineRetry);
  }
  return true;
}

void AwaitNodes(Engine& e, int i, int nodes, const std::string& step) {
  HealthCondition condition;
  condition.nodes = nodes;
  // Where all are down, who answers is one that has just come up.
  e.Do(i, step,
       AwaitHealth{condition, kHealthWait,
                   e.plan().StopsAll() ? std::vector<std::string>{} : BatchNames(e)});
}

void OnLeftNodes(Engine& e, int i, const NodesSeen& seen) {
  const bool gone = seen.error.empty() && Find(seen.nodes, e.planned(i).name) == nullptr;
  if (!gone && !e.Expired(i, kLeaveLimit)) {
    if (e.member(i).attempts > 0) {
      e.member(i).attempts = 0;
      return e.RetryLater(i, kAskRetry);
    }
    return AwaitNodes(e, i, e.NodesWithout(e.Batch()), "left");
  }
  if (gone) return e.EnterStep(i, StepAfterStop(e, i));
  const PlannedMember& planned = e.planned(i);
  e.Do(i, "lingers", ReadContainer{planned.host, planned.project, planned.service});
}

// Of a member that has stopped and is listed by the cluster: it lingers there, or somebody else has
// started it, such as a copy of this controller. What runs is stopped at its gate alone.
void LookAtLingering(Engine& e, int i, const ContainerSeen& seen) {
  const PlannedMember& planned = e.planned(i);
  if (!seen.connected) {
    e.WaitFor(i,
              "the agent of " + planned.host + ", to see why " + planned.name +
                  " is still in the cluster",
              std::nullopt, "the agent connects");
    return e.RetryLater(i, kRetryDelay);
  }
  const bool runs = seen.container && seen.container->state == "running";
  const bool as_wanted =
      e.plan().ChangesImages() && seen.container && seen.container->image == planned.to_image;
  if (!runs || as_wanted) {
    e.Say(
        "member.lingers",
        planned.name + " is still listed by the cluster after " + FormatDuration(kLeaveLimit) +
            (runs ? "; somebody else has started its new container" : "; its container has ended"),
        i);
    return e.EnterStep(i, StepAfterStop(e, i));
  }
  if (++e.member(i).late_stops > kMaxReturns) {
    return FailMember(e, i, "was started again by somebody else each time it had stopped",
                      "container " + seen.container->name + " runs since " +
                          FormatTime(seen.container->started_at));
  }
  e.Say("member.runs",
        planned.name +
            " has stopped and runs again, started by somebody else; its gate is asked "
            "again",
        i);
  e.member(i).stopped = false;
  GoBackToGate(e, i);
}

void OnJoinNodes(Engine& e, int i, const NodesSeen& seen) {
  const PlannedMember& planned = e.planned(i);
  const NodeView* node = seen.error.empty() ? Find(seen.nodes, planned.name) : nullptr;
  if (node == nullptr) {
    if (e.Expired(i, e.rules().join_timeout)) {
      return FailMember(e, i, "did not join within " + FormatDuration(e.rules().join_timeout),
                        "GET _nodes does not list " + planned.name +
                            "; its container was last seen as " + e.member(i).progress_mark);
    }
    e.Do(i, "container", ReadContainer{planned.host, planned.project, planned.service});
    return;
  }
  e.member(i).stopped = false;
  if (node->version != e.plan().Target()) {
    e.member(i).version = node->version;
    e.member(i).new_image_sure = true;
    return FailMember(e, i,
                      "joined with version " + node->version + " instead of " + e.plan().Target(),
                      "GET _nodes; image " + planned.to_image);
  }
  // An adopted member that was down has none that is known; on an empty volume it gets a new one.
  const bool keeps_id = !planned.node_id.empty() && planned.volume != VolumeChange::kSetAside;
  if (keeps_id && node->id != planned.node_id) {
    return FailMember(e, i, "joined with another node id: its data path is empty or another one",
                      "GET _nodes: " + node->id + ", before " + planned.node_id);
  }
  MarkUpgraded(e, i);
  e.EndCell(i, Cell::kJoin);
  e.EnterStep(i, MemberStep::kThaw);
}

void AwaitJoin(Engine& e, int i) {
  const PlannedMember& planned = e.planned(i);
  if (e.Lost(planned.host)) {
    return e.WaitFor(i,
                     planned.name + " in the cluster; the agent of " + planned.host +
                         " is not connected, so its time does not count",
                     std::nullopt, "GET _nodes lists it, or the agent connects");
  }
  e.WaitFor(i, planned.name + " in the cluster", e.ProgressSince(i) + e.rules().join_timeout,
            "GET _nodes lists it with " + e.plan().Target());
}

// A report may still show the container from before. By its id where it is known: the clocks of
// hosts do not agree with the controller's.
bool IsFromBefore(const Engine& e, int i, const ContainerView& container) {
  const MemberState& m = e.r().members[static_cast<size_t>(i)];
  if (!m.container.empty()) return container.id != m.container;
  return container.started_at < m.cells[static_cast<size_t>(Cell::kUp)].started_at;
}

void OnDone(Engine& e, int i, const OperationOrder& order, const OperationEnd& end) {
  const Verb& verb = order.verb;
  MemberState& m = e.member(i);
  if (std::holds_alternative<StopService>(verb)) {
    m.unclean_stop = end.killed;
    e.EndCell(i, Cell::kStop);
    if (!end.passed_on.empty()) {
      e.Say("member.signal", e.planned(i).name + ": " + end.passed_on, i);
    }
    if (end.killed) {
      e.Say("member.unclean", e.planned(i).name + " did not stop by itself and was killed", i,
            {{"exit_code", std::to_string(end.exit_code)}});
    }
    // Where nothing serves, nobody says that it has left; its container has ended.
    const bool asks = !e.plan().StopsAll() && !TakesClusterDown(e.plan(), i);
    e.EnterStep(i, asks ? MemberStep::kLeft : StepAfterStop(e, i));
  } else if (std::holds_alternative<RestoreVolume>(verb) ||
             std::holds_alternative<SetAsideVolume>(verb)) {
    OnVolumeChanged(e, i, end);
    e.EnterStep(i, MemberStep::kSetImage);
  } else if (std::holds_alternative<CopyVolume>(verb)) {
    OnCopied(e, i, end);
    e.EnterStep(i, MemberStep::kSetImage);
  } else if (std::holds_alternative<SetImage>(verb)) {
    OnImageSet(e, i, order.id, end);
    e.EnterStep(i, MemberStep::kUp);
  } else if (std::holds_alternative<UpService>(verb)) {
    m.new_image_sure = m.new_image_ran;
    m.renewed = true;
    m.container = end.container_id;
    e.EndCell(i, Cell::kUp);
    e.EnterStep(i, MemberStep::kJoined);
  }
}

}  // namespace

void AdvanceMember(Engine& e, int i) {
  if (e.Busy(i) || !MayBegin(e, i)) return;
  MemberState& m = e.member(i);
  const PlannedMember& planned = e.planned(i);
  switch (m.step) {
    case MemberStep::kStop:
      e.StartCell(i, Cell::kStop);
      m.stopped = true;
      m.renewed = false;
      e.Order(i, "stop", StopService{planned.service, e.rules().stop_timeout, kServerProcess},
              e.rules().stop_timeout + kOrderMargin,
              // Where all go down there is nothing that a late stop could take away.
              e.plan().StopsAll() ? std::nullopt : std::optional<Millis>(kGateHolds));
      return;
    case MemberStep::kLeft:
      e.WaitFor(i, planned.name + " to leave the cluster", e.ProgressSince(i) + kLeaveLimit,
                "GET _nodes does not list it");
      e.Do(i, "left", ReadNodes{});
      return;
    case MemberStep::kCopy:
      e.StartCell(i, Cell::kUp);
      OrderVolume(e, i);
      return;
    case MemberStep::kSetImage:
      e.StartCell(i, Cell::kUp);
      m.stopped = true;
      m.file_uncertain = true;
      e.Order(i, "set-image", SetImage{planned.service, planned.to_image, planned.from_image},
              kEditLimit);
      return;
    case MemberStep::kUp:
      e.StartCell(i, Cell::kUp);
      // The same image may start on the volume again whatever comes of it.
      m.new_image_ran = e.plan().ChangesImages();
      m.new_image_sure = m.volume_changed;
      e.r().rollback.clear();  // what was seen before no longer holds
      // Without a new image Compose keeps a container whose configuration it holds for the same.
      // What it makes anew must not have been started by somebody else since the gate.
      e.Order(i, "up", UpService{planned.service, !e.plan().ChangesImages()}, kUpLimit,
              e.plan().ChangesImages() ? std::nullopt : std::optional<Millis>(kGateHolds));
      return;
    case MemberStep::kJoined:
      e.StartCell(i, Cell::kJoin);
      AwaitJoin(e, i);
      AwaitNodes(e, i, e.NodesWithout({}), "join");
      return;
    default:
      return;
  }
}

void OnMemberOperationEnded(Engine& e, int i, const Outstanding& action, const OperationEnd& end) {
  const OperationOrder& order = std::get<StartOperation>(action.action).order;
  const Verb& verb = order.verb;
  const bool companion = e.IsCompanion(i);
  if (end.state == OperationState::kSucceeded) {
    return companion ? OnCompanionDone(e, i, verb, end) : OnDone(e, i, order, end);
  }
  const bool gated = !companion && !e.plan().StopsAll();
  if (gated && std::holds_alternative<StopService>(verb) && ReturnsToGate(e, i, end)) return;
  // It makes a container anew that may run meanwhile, started by somebody else.
  const auto* up = std::get_if<UpService>(&verb);
  if (up != nullptr && up->recreate && end.error == OperationErrorCode::kDeadlinePassed) {
    if (!TakesClusterDown(e.plan(), i)) e.EnterStep(i, MemberStep::kLeft);
    return;
  }
  if (AwaitsEngine(e, i, end)) return;
  if (IsPassing(end) && ++e.member(i).attempts < kMaxAttempts) {
    if (end.state == OperationState::kInterrupted) return;  // ordered again at once
    return e.RetryLater(i, kRetryDelay);
  }
  std::string evidence = end.message;
  for (const std::string& line : end.output) evidence += "\n" + line;
  FailMember(e, i, VerbName(verb) + " on " + e.planned(i).host + ": " + end.message, evidence);
}

void OnMemberHealth(Engine& e, int i, const HealthSeen& seen) {
  MemberState& m = e.member(i);
  // An answer that came at once would be asked for again at once.
  m.attempts = seen.error.empty() && seen.health.timed_out ? 0 : 1;
  if (m.step == MemberStep::kLeft || m.step == MemberStep::kJoined) {
    e.Do(i, "nodes", ReadNodes{});
  }
}

void OnMemberNodes(Engine& e, int i, const NodesSeen& seen) {
  if (e.member(i).step == MemberStep::kLeft) OnLeftNodes(e, i, seen);
  if (e.member(i).step == MemberStep::kJoined) OnJoinNodes(e, i, seen);
}

namespace {

void LookAtJoining(Engine& e, int i, const ContainerSeen& seen) {
  if (!seen.connected || !seen.container) return;
  const ContainerView& container = *seen.container;
  if (IsFromBefore(e, i, container)) return;
  e.NoteProgress(i, container.state + (container.health.empty() ? "" : ", " + container.health) +
                        ", started " + FormatTime(container.started_at));
  if (container.state == "exited" || container.state == "dead" || container.restart_count > 0) {
    FailMember(
        e, i,
        "its container ended at boot, exit code " + std::to_string(container.exit_code) +
            (container.restart_count > 0
                 ? ", restarted " + std::to_string(container.restart_count) + " times"
                 : ""),
        "container " + container.name + " of image " + container.image + " is " + container.state);
  }
}

}  // namespace

void OnMemberContainer(Engine& e, int i, const ContainerSeen& seen) {
  if (e.IsCompanion(i)) return OnCompanionContainer(e, i, seen);
  const MemberStep step = e.member(i).step;
  if (step == MemberStep::kPending || step == MemberStep::kFlush) {
    return OnGateContainer(e, i, seen);
  }
  if (step == MemberStep::kLeft) return LookAtLingering(e, i, seen);
  if (step != MemberStep::kJoined) return;
  LookAtJoining(e, i, seen);
  if (e.member(i).step == MemberStep::kJoined && e.member(i).attempts > 0) {
    e.RetryLater(i, kAskRetry);
  }
}

void FailMember(Engine& e, int i, const std::string& reason, const std::string& evidence) {
  MemberState& m = e.member(i);
  const PlannedMember& planned = e.planned(i);
  m.failure = MemberFailure{m.step, reason, evidence, {}, Aftermath::kLog};
  for (int cell = 0; cell < kCells; ++cell) e.EndCell(i, static_cast<Cell>(cell), true);
  e.Drop(i);
  e.Say("member.failed", planned.name + " failed in " + Name(m.step) + ": " + reason, i,
        {{"step", Name(m.step)}, {"evidence", evidence}});
  e.EnterStep(i, MemberStep::kFailed);
}

void MarkUpgraded(Engine& e, int i) {
  MemberState& m = e.member(i);
  m.version = e.plan().Target();
  m.stopped = false;
  m.new_image_ran = m.new_image_sure = e.plan().ChangesImages();
}

bool TakesClusterDown(const Plan& plan, int i) {
  return !plan.downtime_of.empty() && plan.members[static_cast<size_t>(i)].name == plan.downtime_of;
}

MemberStep StepAfterStop(const Engine& e, int i) {
  const bool changes = e.planned(i).volume != VolumeChange::kNone;
  if (changes && e.member(i).aside.empty()) return MemberStep::kCopy;
  if (!e.planned(i).cold_copy.empty() && e.member(i).cold_copy.empty()) return MemberStep::kCopy;
  return e.plan().ChangesImages() ? MemberStep::kSetImage : MemberStep::kUp;
}

void OnImageSet(Engine& e, int i, const OperationId& id, const OperationEnd& end) {
  MemberState& m = e.member(i);
  m.file_uncertain = false;
  // The file named the image already: an earlier SetImage holds the old bytes, or nobody does.
  const bool unchanged = !end.new_sha256.empty() && end.new_sha256 == end.old_sha256;
  if (!unchanged) m.set_image = id;
}

}  // namespace drover::rollout
