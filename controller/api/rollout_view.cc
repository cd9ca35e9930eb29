#include "controller/api/rollout_view.h"

#include <algorithm>
#include <map>

#include "controller/api/words.h"
#include "controller/rollout/control.h"

namespace drover::api {
namespace {

using rollout::Kind;
using rollout::MemberState;
using rollout::MemberStep;
using rollout::Phase;
using rollout::PlannedMember;
using rollout::Rollout;

// Short words for the settings that a rollout changes; any other is called by its full name.
std::string ShortSetting(const std::string& name) {
  static const std::map<std::string, std::string> words{
      {"cluster.routing.allocation.enable", "allocation"},
      {"cluster.routing.rebalance.enable", "rebalance"},
      {"cluster.routing.allocation.node_concurrent_recoveries", "recoveries per node"},
  };
  const auto found = words.find(name);
  return found == words.end() ? name : found->second;
}

// Members with a state; a rollout that was just made may have none yet.
size_t Members(const Rollout& rollout) {
  return std::min(rollout.members.size(), rollout.plan->members.size());
}

bool Begun(const MemberState& member) { return member.step != MemberStep::kPending; }

const rollout::CellTimes& CellOf(const MemberState& member, rollout::Cell cell) {
  return member.cells[static_cast<size_t>(cell)];
}

struct BatchTime {
  bool done = true;
  std::optional<Time> from, to;

  void Add(const MemberState& member) {
    const auto& begin = CellOf(member, rollout::Cell::kStop).started_at;
    const auto& end = CellOf(member, rollout::Cell::kRecover).ended_at;
    if (begin && (!from || *begin < *from)) from = begin;
    if (end && (!to || *end > *to)) to = end;
    done = done && member.step == MemberStep::kDone;
  }
};

std::map<int, BatchTime> BatchTimes(const Rollout& rollout) {
  std::map<int, BatchTime> batches;
  for (size_t i = 0; i < Members(rollout); ++i) {
    batches[rollout.plan->members[i].batch].Add(rollout.members[i]);
  }
  return batches;
}

// From what this rollout's own batches took; nothing before the first one is done.
std::optional<Millis> LeftByBatches(const Rollout& rollout, Time now) {
  Millis spent{};
  int done = 0;
  int open = 0;
  std::optional<Time> current;
  for (const auto& [batch, times] : BatchTimes(rollout)) {
    if (times.done && times.from && times.to) {
      ++done;
      spent += *times.to - *times.from;
    } else if (!times.done) {
      ++open;
      if (times.from) current = times.from;
    }
  }
  if (done == 0) return std::nullopt;
  const Millis each = spent / done;
  const Millis current_left =
      current ? std::max(Millis(0), each - (now - *current)) : (open > 0 ? each : Millis(0));
  return current_left + each * std::max(0, open - 1);
}

}  // namespace

std::string ChangedSettings(const Rollout& rollout) {
  std::vector<std::string> parts;
  for (const rollout::RecordedSetting& setting : rollout.settings) {
    if (!setting.changed) continue;
    parts.push_back(ShortSetting(setting.name) + " " + setting.now.value_or("default"));
  }
  for (const rollout::VotingExclusion& exclusion : rollout.exclusions) {
    if (exclusion.set) parts.push_back("vote moved from " + exclusion.node);
  }
  if (parts.empty()) return "";
  std::sort(parts.begin(), parts.end());
  return Joined(parts, ", ") + " (ours)";
}

std::string RollbackNow(const Rollout& rollout) {
  if (rollout.plan->request.kind == Kind::kRollback) return "";
  if (rollout.plan->request.kind == Kind::kRestart) {
    return HasEnded(rollout.phase)
               ? ""
               : "none is needed: the image stays, so any member may be started again as it is";
  }
  const bool upgraded = std::any_of(rollout.members.begin(), rollout.members.end(),
                                    [](const MemberState& m) { return m.new_image_ran; });
  if (!upgraded)
    return HasEnded(rollout.phase) ? "" : "tier 0, the old image starts again, no loss";
  // The engine says it from what it saw of the cluster since the last member started.
  if (!rollout.rollback.empty()) return rollout.rollback;
  return "not known before the cluster has been looked at again; until then only forward";
}

std::optional<Millis> ExpectedLeft(const Rollout& rollout, Time now) {
  if (HasEnded(rollout.phase) || rollout.phase == Phase::kPaused ||
      rollout.phase == Phase::kRestoring || !rollout.started_at) {
    return std::nullopt;
  }
  if (const auto left = LeftByBatches(rollout, now)) return left;
  const Millis left = rollout.plan->expected - (now - *rollout.started_at);
  if (left <= Millis(0)) return std::nullopt;
  return left;
}

std::string RollbackCommand(const Rollout& rollout) {
  if (rollout.plan->undo) {
    return "drover rollout rollback " + rollout.plan->undo->rollout +
           " --tier 3   # another way back: a fresh cluster, from the snapshot";
  }
  return "drover rollout rollback " + rollout.id.str() + "   # says what it costs, and asks";
}

// A full stop that stands between two versions is not left as it is.
std::vector<std::string> CommandsBetween(const Rollout& rollout) {
  const std::string id = rollout.id.str();
  std::vector<std::string> commands = {
      "drover rollout resume " + id + "   # after your fix: goes on", RollbackCommand(rollout)};
  for (size_t i = 0; i < Members(rollout); ++i) {
    if (!rollout.members[i].failure) continue;
    const PlannedMember& member = rollout.plan->members[i];
    commands.push_back("drover logs " + member.host + "/" + member.project + "/" + member.service +
                       " --tail 200");
  }
  return commands;
}

// Whether a new image has run, and so there is something to undo.
bool CanRollBack(const Rollout& rollout) {
  return rollout.plan->request.kind == Kind::kUpgrade &&
         std::any_of(rollout.members.begin(), rollout.members.end(),
                     [](const MemberState& m) { return m.new_image_ran; });
}

// Retry, skip, look, give up; each with what it does, as a comment of the shell.
std::vector<std::string> PausedCommands(const Rollout& rollout) {
  if (rollout::MustGoOnOrBack(rollout)) return CommandsBetween(rollout);
  const std::string command = "drover rollout ";
  const std::string id = rollout.id.str();
  std::string failed;
  std::vector<std::string> skips, logs;
  const auto add = [&](const PlannedMember& member, const MemberState& state) {
    if (!state.failure || state.skipped) return;
    failed += (failed.empty() ? "" : " and ") + member.name;
    skips.push_back(command + "resume " + id + " --skip " + member.name +
                    "   # go on without it; ends as FAILED");
    logs.push_back("drover logs " + member.host + "/" + member.project + "/" + member.service +
                   " --tail 200");
  };
  for (size_t i = 0; i < Members(rollout); ++i) add(rollout.plan->members[i], rollout.members[i]);
  for (size_t i = 0; i < rollout.companions.size(); ++i) {
    add(rollout.plan->companions[i], rollout.companions[i]);
  }
  std::vector<std::string> commands = {command + "resume " + id};
  if (failed.empty() && rollout.no_return_announced) {
    commands.front() = command + "approve " + id + "   # goes past the point of no return";
  }
  if (!failed.empty()) commands.front() += "   # after your fix: tries " + failed + " again";
  commands.insert(commands.end(), skips.begin(), skips.end());
  commands.push_back(command + "abort " + id +
                     (failed.empty() ? "" : "   # starts stopped members again, then ends"));
  if (CanRollBack(rollout)) commands.push_back(RollbackCommand(rollout));
  commands.insert(commands.end(), logs.begin(), logs.end());
  if (failed.empty()) commands.push_back(command + "show " + id);
  return commands;
}

std::vector<std::string> NextCommands(const Rollout& rollout) {
  const std::string id = rollout.id.str();
  const std::string command = "drover rollout ";
  const std::string show = command + "show " + id;
  const std::string events = "drover events --rollout " + id;
  switch (rollout.phase) {
    case Phase::kPaused:
      return PausedCommands(rollout);
    case Phase::kFailed:
    case Phase::kAborted: {
      const std::string target =
          rollout.plan->spec.name + " --to " + rollout.plan->request.to_version;
      if (rollout.plan->request.kind == Kind::kRestart &&
          rollout.refused == rollout::Refused::kStale) {
        return {"drover restart " + rollout.plan->spec.name, show};
      }
      if (rollout.plan->undo && !rollout.plan->undo->rollout.empty()) {
        return {show, events, "drover rollout rollback " + rollout.plan->undo->rollout};
      }
      if (rollout.plan->request.kind != Kind::kUpgrade) return {show, events};
      if (CanRollBack(rollout)) return {show, events, RollbackCommand(rollout)};
      if (rollout.refused == rollout::Refused::kStale) return {"drover plan " + target, show};
      return {show, events, "drover cluster check " + target};
    }
    case Phase::kSucceeded:
    case Phase::kRolledBack:
      return {"drover cluster show " + rollout.plan->spec.name, show};
    case Phase::kRestoring:
    case Phase::kRollingBack:
      return {command + "watch " + id, events};
    case Phase::kPlanned:
      return {"drover apply " + id, command + "abort " + id};
    default:
      return {command + "watch " + id, command + "pause " + id, command + "abort " + id};
  }
}

int BatchNow(const Rollout& rollout) {
  const bool begun = rollout.phase == Phase::kRolling || rollout.phase == Phase::kFinishing ||
                     std::any_of(rollout.members.begin(), rollout.members.end(), Begun);
  if (!begun) return 0;
  return std::clamp(rollout.batch + 1, 1, std::max(1, rollout.plan->batches));
}

std::string MemberNote(const Rollout& rollout, size_t member) {
  const PlannedMember& planned = rollout.plan->members[member];
  if (member < rollout.members.size() && rollout.members[member].skipped) {
    return "skipped by an operator, left as it is";
  }
  if (rollout.phase != Phase::kRolling || member >= rollout.members.size() ||
      Begun(rollout.members[member])) {
    return planned.note;
  }
  // The batch after the one that is being worked on; or this one, where none of it has begun.
  int next = rollout.batch;
  for (size_t i = 0; i < Members(rollout); ++i) {
    if (rollout.plan->members[i].batch == rollout.batch && Begun(rollout.members[i])) {
      next = rollout.batch + 1;
    }
  }
  if (planned.batch != next) return planned.note;
  return planned.note.empty() ? "next" : "next: " + planned.note;
}

}  // namespace drover::api
