#include "controller/rollout/control.h"

#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

// Members go on from what the world shows: a batch that was left starts over at its gate, where a
// member that runs the new version already is seen.
void PrepareResume(Engine& e) {
  for (int i : e.Batch()) {
    MemberState& m = e.member(i);
    if (m.step == MemberStep::kDone) continue;
    m.failure.reset();
    e.EnterStep(i, MemberStep::kPending);
  }
  for (MemberState& m : e.r().members) m.attempts = 0;
}

void Resume(Engine& e) {
  e.r().reason.clear();
  e.r().pause_asked = false;
  if (e.r().resume_phase == Phase::kRolling) PrepareResume(e);
  e.Enter(e.r().resume_phase);
}

}  // namespace

std::string Name(Request request) {
  switch (request) {
    case Request::kStart:
      return "start";
    case Request::kPause:
      return "pause";
    case Request::kResume:
      return "resume";
    case Request::kAbort:
      return "abort";
    case Request::kApprove:
      return "approve";
  }
  return "unknown";
}

Status CanAsk(const Rollout& rollout, Request request) {
  const std::string state = Name(rollout.phase);
  const std::string id = rollout.id.str();
  if (HasEnded(rollout.phase)) {
    return FailedPrecondition("rollout " + id + " has ended as " + state + "; it cannot " +
                              Name(request) + " any more");
  }
  const bool paused = rollout.phase == Phase::kPaused;
  switch (request) {
    case Request::kStart:
      if (rollout.phase == Phase::kPlanned) return OkStatus();
      return FailedPrecondition("rollout " + id + " has started already and is " + state);
    case Request::kPause:
      if (!paused && rollout.phase != Phase::kRestoring) return OkStatus();
      return FailedPrecondition("rollout " + id + " is " + state + " already");
    case Request::kResume:
    case Request::kApprove:
      if (paused) return OkStatus();
      return FailedPrecondition("rollout " + id + " is " + state +
                                ", not paused; see drover rollout watch " + id);
    case Request::kAbort:
      if (rollout.phase == Phase::kRestoring && rollout.after_restore != Phase::kPaused) {
        return FailedPrecondition("rollout " + id + " is on its way to " +
                                  Name(rollout.after_restore) + " already");
      }
      return OkStatus();
  }
  return Internal("unknown request");
}

void OnAsked(Engine& e, const Asked& asked) {
  if (const Status status = CanAsk(e.r(), asked.request); !status.ok()) {
    return e.Say("operator.ignored", Message(status), kOwnSlot, {{"by", asked.by}});
  }
  e.Say("operator." + Name(asked.request), asked.by + " asked to " + Name(asked.request), kOwnSlot,
        {{"by", asked.by}, {"reason", asked.reason}});
  switch (asked.request) {
    case Request::kStart:
      e.r().started_at = e.now();
      e.r().started_by = asked.by;
      return e.Enter(Phase::kChecking);
    case Request::kPause:
      e.r().pause_asked = true;
      return;
    case Request::kResume:
    case Request::kApprove:
      return Resume(e);
    case Request::kAbort: {
      const std::string reason =
          "aborted by " + asked.by + (asked.reason.empty() ? "" : ": " + asked.reason);
      return BeginRestore(e, Phase::kAborted, reason);
    }
  }
}

}  // namespace drover::rollout
