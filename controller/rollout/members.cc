// ROLLING: what each member of a batch does by itself: stop, left, image, up, joined
// (opensearch.md M1 steps 10–14).
#include <algorithm>

#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

constexpr Millis kOrderMargin{60'000};
constexpr Millis kEditLimit{120'000};
constexpr Millis kUpLimit{300'000};
constexpr Millis kLeaveLimit{60'000};
constexpr Millis kHealthWait{3'000};
constexpr int kLogLines = 10;

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

bool Expired(Engine& e, int i, Millis limit) {
  return e.now() - e.member(i).step_since.value_or(e.now()) > limit;
}

// Worth ordering again: the verb did not act, or the world was examined and it is safe.
bool IsPassing(const OperationEnd& end) {
  return end.state == OperationState::kInterrupted ||
         end.error == OperationErrorCode::kDeadlinePassed ||
         end.error == OperationErrorCode::kEngineDown ||
         end.error == OperationErrorCode::kStaleEpoch;
}

void AwaitNodes(Engine& e, int i, int nodes, const std::string& step) {
  HealthCondition condition;
  condition.nodes = nodes;
  e.Do(i, step, AwaitHealth{condition, kHealthWait, BatchNames(e)});
}

void OnLeftNodes(Engine& e, int i, const NodesSeen& seen) {
  const bool gone = seen.error.empty() && Find(seen.nodes, e.planned(i).name) == nullptr;
  if (!gone && !Expired(e, i, kLeaveLimit)) {
    return AwaitNodes(e, i, e.plan().observed_nodes - static_cast<int>(e.Batch().size()), "left");
  }
  if (!gone) {
    e.Say("member.lingers",
          e.planned(i).name + " is still listed by the cluster after " +
              FormatDuration(kLeaveLimit) + "; its container has ended",
          i);
  }
  e.EnterStep(i, MemberStep::kSetImage);
}

void OnJoinNodes(Engine& e, int i, const NodesSeen& seen) {
  const PlannedMember& planned = e.planned(i);
  const NodeView* node = seen.error.empty() ? Find(seen.nodes, planned.name) : nullptr;
  if (node == nullptr) {
    if (Expired(e, i, e.rules().join_timeout)) {
      return FailMember(e, i, "did not join within " + FormatDuration(e.rules().join_timeout),
                        "GET _nodes does not list " + planned.name);
    }
    e.Do(i, "container", ReadContainer{planned.host, planned.project, planned.service});
    return;
  }
  if (node->version != e.plan().request.to_version) {
    return FailMember(
        e, i, "joined with version " + node->version + " instead of " + e.plan().request.to_version,
        "GET _nodes; image " + planned.to_image);
  }
  if (node->id != planned.node_id) {
    return FailMember(e, i, "joined with another node id: its data path is empty or another one",
                      "GET _nodes: " + node->id + ", before " + planned.node_id);
  }
  e.member(i).version = node->version;
  e.member(i).stopped = false;
  e.EndCell(i, Cell::kJoin);
  e.EnterStep(i, MemberStep::kThaw);
}

void OnDone(Engine& e, int i, const Verb& verb, const OperationEnd& end) {
  MemberState& m = e.member(i);
  if (std::holds_alternative<StopService>(verb)) {
    m.unclean_stop = end.killed;
    e.EndCell(i, Cell::kStop);
    if (end.killed) {
      e.Say("member.unclean", e.planned(i).name + " did not stop by itself and was killed", i,
            {{"exit_code", std::to_string(end.exit_code)}});
    }
    e.EnterStep(i, MemberStep::kLeft);
  } else if (std::holds_alternative<SetImage>(verb)) {
    e.EnterStep(i, MemberStep::kUp);
  } else if (std::holds_alternative<UpService>(verb)) {
    e.EndCell(i, Cell::kUp);
    e.EnterStep(i, MemberStep::kJoined);
  }
}

}  // namespace

void AdvanceMember(Engine& e, int i) {
  if (e.Busy(i)) return;
  MemberState& m = e.member(i);
  const PlannedMember& planned = e.planned(i);
  switch (m.step) {
    case MemberStep::kStop:
      e.StartCell(i, Cell::kStop);
      m.stopped = true;
      e.Order(i, "stop", StopService{planned.service, e.rules().stop_timeout},
              e.rules().stop_timeout + kOrderMargin);
      return;
    case MemberStep::kLeft:
      e.WaitFor(i, planned.name + " to leave the cluster", *m.step_since + kLeaveLimit,
                "GET _nodes does not list it");
      e.Do(i, "left", ReadNodes{});
      return;
    case MemberStep::kSetImage:
      e.StartCell(i, Cell::kUp);
      m.set_image =
          e.Order(i, "set-image", SetImage{planned.service, planned.to_image, planned.from_image},
                  kEditLimit);
      return;
    case MemberStep::kUp:
      m.new_image_ran = true;
      e.Order(i, "up", UpService{planned.service, false}, kUpLimit);
      return;
    case MemberStep::kJoined:
      e.StartCell(i, Cell::kJoin);
      e.WaitFor(i, planned.name + " in the cluster", *m.step_since + e.rules().join_timeout,
                "GET _nodes lists it with " + e.plan().request.to_version);
      AwaitNodes(e, i, e.plan().observed_nodes, "join");
      return;
    default:
      return;
  }
}

void OnMemberOperationEnded(Engine& e, int i, const Outstanding& action, const OperationEnd& end) {
  const Verb& verb = std::get<StartOperation>(action.action).order.verb;
  if (end.state == OperationState::kSucceeded) return OnDone(e, i, verb, end);
  if (IsPassing(end) && ++e.member(i).attempts < kMaxAttempts) {
    if (end.state == OperationState::kInterrupted) return;  // ordered again at once
    return e.RetryLater(i, kRetryDelay);
  }
  std::string evidence = end.message;
  for (const std::string& line : end.output) evidence += "\n" + line;
  FailMember(e, i, VerbName(verb) + " on " + e.planned(i).host + ": " + end.message, evidence);
}

void OnMemberHealth(Engine& e, int i) {
  const MemberStep step = e.member(i).step;
  if (step == MemberStep::kLeft || step == MemberStep::kJoined) e.Do(i, "nodes", ReadNodes{});
}

void OnMemberNodes(Engine& e, int i, const NodesSeen& seen) {
  if (e.member(i).step == MemberStep::kLeft) OnLeftNodes(e, i, seen);
  if (e.member(i).step == MemberStep::kJoined) OnJoinNodes(e, i, seen);
}

void OnMemberContainer(Engine& e, int i, const ContainerSeen& seen) {
  if (e.member(i).step != MemberStep::kJoined || !seen.connected || !seen.container) return;
  const ContainerView& container = *seen.container;
  // The report may still show the container from before.
  if (container.started_at < e.member(i).cells[static_cast<size_t>(Cell::kUp)].started_at) return;
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

void OnMemberLog(Engine& e, int i, const LogSeen& seen) {
  if (e.member(i).failure) e.member(i).failure->log_lines = seen.lines;
}

void FailMember(Engine& e, int i, const std::string& reason, const std::string& evidence) {
  MemberState& m = e.member(i);
  const PlannedMember& planned = e.planned(i);
  m.failure = MemberFailure{m.step, reason, evidence, {}};
  for (int cell = 0; cell < kCells; ++cell) e.EndCell(i, static_cast<Cell>(cell), true);
  e.Drop(i);
  e.Say("member.failed", planned.name + " failed in " + Name(m.step) + ": " + reason, i,
        {{"step", Name(m.step)}, {"evidence", evidence}});
  e.EnterStep(i, MemberStep::kFailed);
  e.Do(i, "log", ReadLog{planned.host, planned.project, planned.service, kLogLines});
}

}  // namespace drover::rollout
