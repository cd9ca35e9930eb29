#include "controller/rollout/control.h"

#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

// The slot of a member or companion.
int Find(const Rollout& rollout, const std::string& name) {
  int slot = 0;
  for (const auto* list : {&rollout.plan->members, &rollout.plan->companions}) {
    for (const PlannedMember& one : *list) {
      if (one.name == name) return slot;
      ++slot;
    }
  }
  return -1;
}

// Members go on from what the world shows: a batch that was left starts over at its gate, where a
// member that is down, or runs the new version already, is seen.
void PrepareResume(Engine& e) {
  for (int i : e.Batch()) {
    e.member(i).failure.reset();
    e.member(i).late_stops = 0;
    e.EnterStep(i, MemberStep::kPending);
  }
  for (int i = e.members(); i < e.slots(); ++i) {
    if (e.r().batch < e.plan().batches || e.member(i).step == MemberStep::kDone) continue;
    e.member(i).failure.reset();
    e.EnterStep(i, MemberStep::kPending);
  }
  for (int i = 0; i < e.slots(); ++i) e.member(i).attempts = 0;
  e.r().rerouted = false;
}

void Resume(Engine& e, const std::string& skip) {
  e.r().reason.clear();
  e.r().outcome.clear();
  e.r().pause_asked = false;
  if (const int i = Find(e.r(), skip); i >= 0) {
    e.member(i).skipped = true;
    e.Say("member.skipped", skip + " is left as it is; the rollout goes on without it", i);
  }
  if (e.r().resume_phase == Phase::kRolling) PrepareResume(e);
  e.Enter(e.r().resume_phase);
}

Status CanSkip(const Rollout& rollout, const std::string& name) {
  const int i = Find(rollout, name);
  std::string names;
  for (const PlannedMember& member : rollout.plan->members) names += " " + member.name;
  for (const PlannedMember& companion : rollout.plan->companions) names += " " + companion.name;
  if (i < 0) {
    return InvalidArgument("the rollout has no member '" + name + "'; there are:" + names);
  }
  if (const size_t k = static_cast<size_t>(i); k >= rollout.members.size()) {
    const MemberState& companion = rollout.companions[k - rollout.members.size()];
    if (companion.failure && !companion.skipped) return OkStatus();
    return FailedPrecondition(name + " is not what the rollout is paused at");
  }
  const MemberState& m = rollout.members[static_cast<size_t>(i)];
  if (rollout.resume_phase == Phase::kRolling && !m.skipped && m.step != MemberStep::kDone &&
      rollout.plan->members[static_cast<size_t>(i)].batch == rollout.batch) {
    return OkStatus();
  }
  return FailedPrecondition(name +
                            " is not what the rollout is paused at: only a member of the "
                            "present batch can be skipped");
}

// RESTORING with no verb under way: what it still owes, a rollback puts back.
bool WaitsForTheClusterAlone(const Rollout& rollout) {
  if (rollout.phase != Phase::kRestoring) return false;
  for (const Outstanding& o : rollout.outstanding) {
    if (std::holds_alternative<StartOperation>(o.action)) return false;
  }
  return true;
}

}  // namespace

bool MustGoOnOrBack(const Rollout& rollout) { return !StandsBetween(rollout).empty(); }

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
    case Request::kHandOver:
      return "hand over";
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
      if (const std::string why = StandsBetween(rollout); !why.empty()) {
        return FailedPrecondition(why);
      }
      return OkStatus();
    case Request::kHandOver:
      if (paused || WaitsForTheClusterAlone(rollout)) return OkStatus();
      return FailedPrecondition("rollout " + id + " is " + state + ", not paused");
  }
  return Internal("unknown request");
}

Status CanAsk(const Rollout& rollout, const Asked& asked) {
  DROVER_RETURN_IF_ERROR(CanAsk(rollout, asked.request));
  if (asked.skip.empty() || asked.request != Request::kResume) return OkStatus();
  return CanSkip(rollout, asked.skip);
}

void OnAsked(Engine& e, const Asked& asked) {
  if (const Status status = CanAsk(e.r(), asked); !status.ok()) {
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
      return Resume(e, asked.request == Request::kResume ? asked.skip : "");
    case Request::kAbort: {
      const std::string reason =
          "aborted by " + asked.by + (asked.reason.empty() ? "" : ": " + asked.reason);
      return BeginRestore(e, Phase::kAborted, reason);
    }
    case Request::kHandOver:
      // Members stay as they are, and what is owed is put back by the rollback.
      e.r().reason = asked.reason;
      return e.Enter(Phase::kAborted);
  }
}

}  // namespace drover::rollout
