// A member has failed (opensearch.md M1 steps 13 and 14, M4 tier 0). Its log is read, its container
// looked at: where no container of the new image ever started, the old image may start again on its
// volume; where one did, never. A container that keeps ending is stopped; a member that merely
// hangs, or that is in the cluster, is left as it is. Volumes are never touched.
#include <algorithm>
#include <iterator>

#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

constexpr int kLogLines = 200;
constexpr size_t kLogLinesKept = 10;
constexpr Millis kOrderMargin{60'000};

void Settle(Engine& e, int i, const std::string& what) {
  MemberFailure& failure = *e.member(i).failure;
  failure.aftermath = Aftermath::kSettled;
  if (what.empty()) return;
  failure.evidence += (failure.evidence.empty() ? "" : "\n") + what;
  e.Say("member.settled", e.planned(i).name + ": " + what, i);
}

// Nothing may be known of the new image: then it may have run.
bool NeverStarted(const Engine& e, int i, const std::optional<ContainerView>& container) {
  if (!container) return true;
  if (container->started_at == Time{}) return true;
  const PlannedMember& planned = e.planned(i);
  return container->image == planned.from_image && planned.from_image != planned.to_image;
}

bool IsStackFrame(const std::string& line) {
  const size_t text = line.find_first_not_of(" \t");
  if (text == std::string::npos || text == 0) return false;
  return line.compare(text, 3, "at ") == 0 || line.compare(text, 4, "... ") == 0;
}

bool NamesAnError(const std::string& line) {
  for (const char* word : {"Exception", "[ERROR]", "[FATAL]", "Error:", "ERROR:"}) {
    if (line.find(word) != std::string::npos) return true;
  }
  return false;
}

// The last lines that say something, half of them kept for those that name an error: a node that
// ends at boot prints its reason above the frames of a stack, and a container that its Engine
// starts again begins to speak of other things.
std::vector<std::string> LastWords(const std::vector<std::string>& lines) {
  std::vector<size_t> errors, others;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (IsStackFrame(lines[i])) continue;
    (NamesAnError(lines[i]) ? errors : others).push_back(i);
  }
  if (errors.empty() && others.empty()) {
    for (size_t i = 0; i < lines.size(); ++i) others.push_back(i);
  }
  const auto last = [](const std::vector<size_t>& from, size_t count) {
    return std::vector<size_t>(
        from.end() - static_cast<std::ptrdiff_t>(std::min(count, from.size())), from.end());
  };
  const size_t room = kLogLinesKept - std::min(others.size(), kLogLinesKept / 2);
  std::vector<size_t> chosen = last(errors, room);
  const std::vector<size_t> rest = last(others, kLogLinesKept - chosen.size());
  chosen.insert(chosen.end(), rest.begin(), rest.end());
  std::sort(chosen.begin(), chosen.end());
  std::vector<std::string> kept;
  for (const size_t i : chosen) kept.push_back(lines[i]);
  return kept;
}

}  // namespace

bool Crashes(const ContainerView& container) {
  return container.state == "exited" || container.state == "dead" ||
         container.state == "restarting" || container.restart_count > 0;
}

void DecideWhetherItRan(Engine& e, int i, const std::optional<ContainerView>& container) {
  MemberState& m = e.member(i);
  const PlannedMember& planned = e.planned(i);
  const bool new_image =
      container && container->image == planned.to_image && planned.from_image != planned.to_image;
  if (!m.new_image_ran && new_image && container->started_at != Time{}) {
    m.new_image_ran = m.new_image_sure = true;
    e.Say("member.new_volume",
          planned.name + ": a container of the new image has run on its volume, whoever started it",
          i);
  }
  if (!m.new_image_ran || m.new_image_sure) return;
  if (NeverStarted(e, i, container)) {
    m.new_image_ran = false;
    e.Say("member.old_volume",
          e.planned(i).name + ": no container of the new image has started on its volume", i);
  } else {
    m.new_image_sure = true;
  }
}

void AdvanceFailed(Engine& e, int i) {
  if (e.Busy(i)) return;
  const MemberState& m = e.member(i);
  const PlannedMember& planned = e.planned(i);
  switch (m.failure->aftermath) {
    case Aftermath::kLog:
      e.WaitFor(i, "the last lines of its log", std::nullopt, "the agent answers");
      e.Do(i, "log", ReadLog{planned.host, planned.project, planned.service, kLogLines});
      return;
    case Aftermath::kLook:
      // One that is in the cluster serves: it is left running whatever is wrong with it.
      if (!m.stopped) return Settle(e, i, "");
      e.WaitFor(i, "a look at its container", std::nullopt, "the agent answers");
      e.Do(i, "look", ReadContainer{planned.host, planned.project, planned.service, true});
      return;
    case Aftermath::kStop:
      e.Order(i, "stop-crashing",
              StopService{planned.service, e.rules().stop_timeout, kServerProcess},
              e.rules().stop_timeout + kOrderMargin);
      return;
    case Aftermath::kSettled:
      return;
  }
}

void OnFailedLog(Engine& e, int i, const LogSeen& seen) {
  MemberState& m = e.member(i);
  if (!m.failure) return;
  m.failure->log_lines = LastWords(seen.lines);
  if (m.failure->aftermath == Aftermath::kLog) m.failure->aftermath = Aftermath::kLook;
}

void OnFailedContainer(Engine& e, int i, const ContainerSeen& seen) {
  MemberState& m = e.member(i);
  if (!seen.connected) {
    if (++m.attempts < kMaxAttempts) return e.RetryLater(i, kRetryDelay);
    m.new_image_sure = m.new_image_ran;
    return Settle(e, i,
                  m.new_image_ran ? "its agent does not say whether the new image has run: it "
                                    "is taken to have"
                                  : "its agent does not answer");
  }
  if (!e.IsCompanion(i)) DecideWhetherItRan(e, i, seen.container);
  // What RESTORING starts again. A container of a restart that was made and does not serve would
  // only do the same once more: it waits for the operator's fix.
  const bool restarted = !e.plan().ChangesImages() && m.renewed;
  if (!m.new_image_ran && !restarted && !e.IsCompanion(i)) return Settle(e, i, "");
  if (seen.container && Crashes(*seen.container)) {
    m.failure->aftermath = Aftermath::kStop;
    m.attempts = 0;
    return;
  }
  Settle(e, i,
         seen.container ? "its container is " + seen.container->state +
                              " and was left as it is; its volume is kept"
                        : "it has no container; its volume is kept");
}

void OnFailedOperationEnded(Engine& e, int i, const OperationEnd& end) {
  if (end.state == OperationState::kSucceeded) {
    return Settle(e, i, "its container kept ending and was stopped; its volume is kept");
  }
  if (++e.member(i).attempts < kMaxAttempts) return e.RetryLater(i, kRetryDelay);
  Settle(e, i, "its container could not be stopped: " + end.message);
}

}  // namespace drover::rollout
