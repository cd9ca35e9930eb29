// After the last member: the companions, Dashboards for example (opensearch.md 1.3). A new one does
// not run against old nodes and an old one not against new nodes, and their data is migrated by the
// first that starts: so all stop, one starts, and once it serves the others start at once.
#include <algorithm>

#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

constexpr Millis kOrderMargin{60'000};
constexpr Millis kEditLimit{120'000};
constexpr Millis kUpLimit{300'000};
constexpr Millis kAskRetry{1'000};

std::vector<int> Open(const Engine& e) {
  std::vector<int> open;
  for (int i = e.members(); i < e.slots(); ++i) {
    const MemberState& m = e.member(i);
    if (m.step != MemberStep::kDone && !m.skipped) open.push_back(i);
  }
  return open;
}

bool AnyDone(const Engine& e) {
  for (int i = e.members(); i < e.slots(); ++i) {
    if (e.member(i).step == MemberStep::kDone) return true;
  }
  return false;
}

bool AnyAt(const Engine& e, const std::vector<int>& companions, MemberStep step) {
  return std::any_of(companions.begin(), companions.end(),
                     [&](int i) { return e.member(i).step == step; });
}

// Every one is stopped and its file set, and the first of them leads.
bool MayStart(const Engine& e, const std::vector<int>& open, int i) {
  const bool all_ready = std::all_of(open.begin(), open.end(), [&](int k) {
    return e.member(k).step == MemberStep::kUp || e.member(k).step == MemberStep::kJoined;
  });
  return all_ready && (i == open.front() || AnyDone(e));
}

void AdvanceCompanion(Engine& e, const std::vector<int>& open, int i) {
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
    case MemberStep::kSetImage:
      e.Order(i, "set-image", SetImage{planned.service, planned.to_image, planned.from_image},
              kEditLimit);
      return;
    case MemberStep::kUp:
      if (!MayStart(e, open, i)) return;
      e.StartCell(i, Cell::kUp);
      e.Order(i, "up", UpService{planned.service, false}, kUpLimit);
      return;
    case MemberStep::kJoined:
      e.StartCell(i, Cell::kJoin);
      e.WaitFor(i, planned.name + " to run, and to be healthy where it says so",
                e.Lost(planned.host)
                    ? std::nullopt
                    : std::optional<Time>(e.ProgressSince(i) + e.rules().join_timeout),
                "its container runs and is healthy");
      e.Do(i, "container", ReadContainer{planned.host, planned.project, planned.service});
      return;
    default:
      return;
  }
}

// The line stops: what runs comes to its end, then it pauses.
void OnFailure(Engine& e, const std::vector<int>& open) {
  std::string reason;
  bool settled = true;
  for (int i : open) {
    const MemberState& m = e.member(i);
    if (m.step == MemberStep::kFailed) {
      AdvanceFailed(e, i);
      settled = settled && m.failure->aftermath == Aftermath::kSettled;
      reason += (reason.empty() ? "" : "; ") + e.planned(i).name + ": " + m.failure->reason;
    }
    settled = settled && !e.Busy(i);
  }
  if (!settled) return;
  BeginRestore(e, Phase::kPaused,
               reason +
                   ". Companions that were stopped stay so until resume or abort; their old "
                   "image is not started: it may not run against the upgraded cluster");
}

}  // namespace

bool OweCompanions(const Engine& e) { return !Open(e).empty(); }

void AdvanceCompanions(Engine& e) {
  const std::vector<int> open = Open(e);
  e.r().resume_phase = Phase::kRolling;
  if (AnyAt(e, open, MemberStep::kFailed)) return OnFailure(e, open);
  for (int i : open) {
    if (e.member(i).step != MemberStep::kPending) continue;
    if (e.r().pause_asked) return BeginRestore(e, Phase::kPaused, "an operator asked for it");
    e.EnterStep(i, MemberStep::kStop);
  }
  for (int i : open) AdvanceCompanion(e, open, i);
}

void OnCompanionDone(Engine& e, int i, const Verb& verb, const OperationEnd& end) {
  MemberState& m = e.member(i);
  if (std::holds_alternative<StopService>(verb)) {
    m.unclean_stop = end.killed;
    e.EndCell(i, Cell::kStop);
    e.EnterStep(i, MemberStep::kSetImage);
  } else if (std::holds_alternative<SetImage>(verb)) {
    e.EnterStep(i, MemberStep::kUp);
  } else if (std::holds_alternative<UpService>(verb)) {
    m.container = end.container_id;
    e.EndCell(i, Cell::kUp);
    e.EnterStep(i, MemberStep::kJoined);
  }
}

void OnCompanionContainer(Engine& e, int i, const ContainerSeen& seen) {
  MemberState& m = e.member(i);
  if (m.step != MemberStep::kJoined) return;
  const bool of_ours = seen.connected && seen.container &&
                       (m.container.empty() || seen.container->id == m.container);
  if (of_ours) {
    const ContainerView& container = *seen.container;
    const std::string& health = container.health;
    e.NoteProgress(i, container.state + (health.empty() ? "" : ", " + health));
    if (Crashes(container)) {
      return FailMember(e, i,
                        "its container ended, exit code " + std::to_string(container.exit_code),
                        "container " + container.name + " of image " + container.image + " is " +
                            container.state);
    }
    if (container.state == "running" && (health.empty() || health == "healthy")) {
      m.stopped = false;
      m.failure.reset();
      e.EndCell(i, Cell::kJoin);
      return e.EnterStep(i, MemberStep::kDone);
    }
  }
  if (e.Expired(i, e.rules().join_timeout)) {
    return FailMember(e, i,
                      "did not serve within " + FormatDuration(e.rules().join_timeout) + ": " +
                          (m.progress_mark.empty() ? "its container was not seen"
                                                   : "its container is " + m.progress_mark),
                      "container of " + e.planned(i).service + " on " + e.planned(i).host);
  }
  e.RetryLater(i, kAskRetry);
}

bool AdvanceCompanionStart(Engine& e, int i) {
  const MemberState& m = e.member(i);
  if (!m.stopped || !m.fate.empty() || e.r().after_restore == Phase::kPaused) return false;
  e.Order(i, "start-again", UpService{e.planned(i).service, false}, kUpLimit);
  return true;
}

void OnCompanionStarted(Engine& e, int i) {
  MemberState& m = e.member(i);
  m.stopped = false;
  m.fate = e.planned(i).name + " was started again with the image that its file names";
  e.Say("companion.restarted", m.fate, i);
}

std::string CompanionsLeft(const Engine& e) {
  std::string left;
  for (int i = e.members(); i < e.slots(); ++i) {
    if (e.member(i).step == MemberStep::kDone) continue;
    left += (left.empty() ? "" : ", ") + e.planned(i).name;
  }
  return left;
}

}  // namespace drover::rollout
