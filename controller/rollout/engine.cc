#include "controller/rollout/engine.h"

#include <algorithm>
#include <utility>

namespace drover::rollout {

Engine::Engine(const Rollout& before, Time now) : now_(now), out_{before, {}, {}} {}

std::vector<int> Engine::Batch() const {
  std::vector<int> batch;
  for (int i = 0; i < members(); ++i) {
    const MemberState& m = r().members[static_cast<size_t>(i)];
    const bool idle = m.step == MemberStep::kDone || m.skipped || m.held;
    if (planned(i).batch == r().batch && !idle) batch.push_back(i);
  }
  return batch;
}

bool Engine::Lost(const std::string& host) const {
  return std::find(r().lost_hosts.begin(), r().lost_hosts.end(), host) != r().lost_hosts.end();
}

int Engine::NodesWithout(const std::vector<int>& out) const {
  int nodes = plan().observed_nodes;
  for (int i = 0; i < members(); ++i) {
    const bool leaves = std::find(out.begin(), out.end(), i) != out.end();
    if (leaves || (r().members[static_cast<size_t>(i)].stopped &&
                   r().members[static_cast<size_t>(i)].step != MemberStep::kJoined)) {
      --nodes;
    }
  }
  return nodes;
}

bool Engine::Busy(int slot) const {
  return std::any_of(r().outstanding.begin(), r().outstanding.end(),
                     [slot](const Outstanding& o) { return o.member == slot; });
}

ActionId Engine::Do(int slot, const std::string& step, Action action) {
  const std::string member = slot < 0 ? "-" : planned(slot).name;
  ActionId id(r().id.str() + "/" + member + "/" + step + "/" + std::to_string(r().next_action++));
  if (auto* start = std::get_if<StartOperation>(&action)) start->order.id = id;
  r().outstanding.push_back({id, std::move(action), slot});
  out_.actions.push_back(r().outstanding.back());
  return id;
}

OperationId Engine::Order(int i, const std::string& step, Verb verb, Millis limit,
                          std::optional<Millis> begin_within) {
  const PlannedMember& to = planned(i);
  StartOperation start;
  start.order.host = to.host;
  start.order.project = to.project;
  start.order.verb = std::move(verb);
  start.order.deadline = now_ + limit;
  if (begin_within) start.order.begin_by = now_ + *begin_within;
  const std::string name = VerbName(start.order.verb);
  const OperationId id = Do(i, step, std::move(start));
  const bool lost = Lost(to.host);
  WaitFor(i,
          lost ? "the agent of " + to.host + ", which is not connected" : name + " on " + to.host,
          now_ + limit, lost ? "the agent of " + to.host + " connects" : name + " ends");
  return id;
}

void Engine::Perform(Action action) {
  out_.actions.push_back(
      {ActionId(r().id.str() + "/-/perform/" + std::to_string(r().next_action++)),
       std::move(action), kOwnSlot});
}

void Engine::PerformAgain(const Outstanding& outstanding) { out_.actions.push_back(outstanding); }

void Engine::RetryLater(int slot, Millis delay) { Do(slot, "retry", SetTimer{now_ + delay}); }

std::optional<Outstanding> Engine::Take(const ActionId& id) {
  auto& all = r().outstanding;
  const auto it =
      std::find_if(all.begin(), all.end(), [&](const Outstanding& o) { return o.id == id; });
  if (it == all.end()) return std::nullopt;
  Outstanding taken = std::move(*it);
  all.erase(it);
  return taken;
}

const Outstanding* Engine::Find(const ActionId& id) const {
  const auto& all = r().outstanding;
  const auto it =
      std::find_if(all.begin(), all.end(), [&](const Outstanding& o) { return o.id == id; });
  return it == all.end() ? nullptr : &*it;
}

void Engine::Drop(int slot) {
  std::erase_if(r().outstanding, [slot](const Outstanding& o) { return o.member == slot; });
}

void Engine::Enter(Phase phase) {
  if (r().phase == phase) return;
  const std::string from = Name(r().phase);
  r().phase = phase;
  r().wait.reset();
  r().attempts = 0;
  r().progress_at.reset();
  if (HasEnded(phase)) {
    r().ended_at = now_;
    r().outstanding.clear();
    for (int i = 0; i < slots(); ++i) member(i).wait.reset();
  }
  std::map<std::string, std::string> fields = {{"from", from}, {"to", Name(phase)}};
  if (!r().reason.empty()) fields["reason"] = r().reason;
  Say("rollout.state", from + " → " + Name(phase) + (r().reason.empty() ? "" : ": " + r().reason),
      kOwnSlot, std::move(fields));
}

void Engine::EnterStep(int i, MemberStep step) {
  MemberState& m = member(i);
  if (m.step == step) return;
  std::map<std::string, std::string> fields = {{"from", Name(m.step)}, {"to", Name(step)}};
  if (m.step_since) fields["took_ms"] = std::to_string((now_ - *m.step_since).count());
  m.step = step;
  m.attempts = 0;
  m.step_since = now_;
  m.progress_at.reset();
  m.progress_mark.clear();
  m.wait.reset();
  // The new version archives settings that it does not know once it is there (opensearch.md M2 c).
  if (step == MemberStep::kThaw && CrossesMajor(plan())) r().clear_archived = true;
  Say("member.step", planned(i).name + " " + Name(step), i, std::move(fields));
}

void Engine::Say(const std::string& kind, const std::string& text, int i,
                 std::map<std::string, std::string> fields) {
  Record record{kind, "", "", text, std::move(fields)};
  if (i != kOwnSlot) {
    record.member = planned(i).name;
    record.host = planned(i).host;
  }
  out_.records.push_back(std::move(record));
}

void Engine::StartCell(int i, Cell cell) {
  CellTimes& times = member(i).cells[static_cast<size_t>(cell)];
  if (times.started_at && !times.ended_at) return;
  times = CellTimes{now_, std::nullopt, false, ""};
}

void Engine::EndCell(int i, Cell cell, bool failed) {
  CellTimes& times = member(i).cells[static_cast<size_t>(cell)];
  if (!times.started_at || times.ended_at) return;
  times.ended_at = now_;
  times.failed = failed;
}

void Engine::WaitFor(int slot, const std::string& reason, std::optional<Time> until,
                     const std::string& ends_when) {
  std::optional<Wait>& wait = slot == kOwnSlot ? r().wait : member(slot).wait;
  const bool same = wait && wait->ends_when == ends_when;
  wait = Wait{reason, same ? wait->since : now_, until, ends_when};
}

bool Engine::Stalled(const std::string& mark, Millis limit) {
  if (r().progress_mark != mark) r().progress_at = now_;
  r().progress_mark = mark;
  return Stalled(limit);
}

bool Engine::Stalled(Millis limit) {
  if (!r().progress_at) r().progress_at = now_;
  return now_ - *r().progress_at > limit;
}

void Engine::NoteProgress(int i, const std::string& mark) {
  MemberState& m = member(i);
  if (m.progress_mark == mark) return;
  m.progress_mark = mark;
  m.progress_at = now_;
}

Time Engine::ProgressSince(int i) const {
  const MemberState& m = member(i);
  const Time since = m.step_since.value_or(now_);
  return m.progress_at ? std::max(since, *m.progress_at) : since;
}

bool Engine::Expired(int i, Millis limit) const {
  return !Lost(planned(i).host) && now_ - ProgressSince(i) > limit;
}

void Engine::RestartClocks(int i) {
  for (int k = 0; k < slots(); ++k) {
    if (i == -1 || i == k) member(k).progress_at = now_;
  }
  if (r().restore_since) {
    r().restore_since = now_;
    Drop(kClockSlot);
  }
  if (i != -1) return;
  r().progress_at = now_;
  r().snapshot.progress_at = now_;
}

Transition Engine::Finish() && {
  std::erase_if(out_.actions, [this](const Outstanding& action) {
    return !std::holds_alternative<CancelOperation>(action.action) && Find(action.id) == nullptr;
  });
  return std::move(out_);
}

}  // namespace drover::rollout
