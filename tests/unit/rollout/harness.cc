#include "tests/unit/rollout/harness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "controller/rollout/version.h"

namespace drover::rollout::testing {

Harness::Harness(Plan plan) : world(HealthyWorld()) {
  rollout_ = NewRollout(std::make_shared<const Plan>(std::move(plan)), now_);
  for (const NodeView& node : world.cluster.nodes) {
    members[node.name] = {true, std::string(kImage) + ":" + kOld, kOld};
  }
}

const MemberState& Harness::state(const std::string& name) const {
  for (size_t i = 0; i < rollout_.members.size(); ++i) {
    if (rollout_.plan->members[i].name == name) return rollout_.members[i];
  }
  ADD_FAILURE() << "no member " << name;
  return rollout_.members.front();
}

std::vector<std::string> Harness::KindsSaid() const {
  std::vector<std::string> kinds;
  for (const Record& record : records) kinds.push_back(record.kind);
  return kinds;
}

void Harness::Ask(Request request) { Apply(Asked{request, "tester", ""}); }

void Harness::Give(EventBody body) { Apply(std::move(body)); }

void Harness::Apply(EventBody body) {
  now_ += Millis(10);
  Transition transition = Step(rollout_, {now_, std::move(body)});
  rollout_ = std::move(transition.next);
  for (Outstanding& action : transition.actions) actions.push_back(std::move(action));
  for (Record& record : transition.records) records.push_back(std::move(record));
}

// Timers come last: whatever can be answered is answered before they are due.
Outstanding Harness::Next() {
  const auto it = std::find_if(actions.begin(), actions.end(), [](const Outstanding& o) {
    return !std::holds_alternative<SetTimer>(o.action);
  });
  Outstanding next = it == actions.end() ? actions.front() : *it;
  actions.erase(it == actions.end() ? actions.begin() : it);
  return next;
}

void Harness::Run(const std::function<bool()>& until) {
  for (int steps = 0; steps < 2000 && !actions.empty(); ++steps) {
    if (until && until()) return;
    const Outstanding action = Next();
    if (std::holds_alternative<CancelOperation>(action.action)) continue;
    if (const auto* timer = std::get_if<SetTimer>(&action.action)) {
      now_ = std::max(now_, timer->at);
    }
    std::optional<EventBody> answer = override ? override(action) : std::nullopt;
    Apply(answer ? std::move(*answer) : Answer(action));
  }
  EXPECT_TRUE(actions.empty()) << "the rollout does not come to rest";
}

World Harness::Now() const {
  World now = world;
  std::erase_if(now.cluster.nodes,
                [&](const NodeView& node) { return !members.at(node.name).running; });
  for (NodeView& node : now.cluster.nodes) node.version = members.at(node.name).running_version;
  now.cluster.persistent_settings = settings;
  now.cluster.health.nodes = static_cast<int>(now.cluster.nodes.size());
  return now;
}

// One function for each kind of action: what a healthy world does and answers.
struct Model {
  Harness& h;
  const Outstanding& action;

  EventBody operator()(const ObserveWorld&) { return Observed{action.id, h.Now()}; }
  EventBody operator()(const StartOperation& start) {
    const std::string name = h.rollout_.plan->members[static_cast<size_t>(action.member)].name;
    h.verbs_.push_back(VerbName(start.order.verb) + " " + name);
    OperationEnd end;
    std::visit(Verbs{h, h.members.at(name), &end}, start.order.verb);
    size_t down = 0;
    for (const auto& [unused, member] : h.members) down += member.running ? 0 : 1;
    h.most_down = std::max(h.most_down, down);
    return OperationEnded{action.id, end};
  }
  EventBody operator()(const CancelOperation&) { return TimerFired{}; }
  EventBody operator()(const TakeSnapshot& take) {
    h.snapshot_ = true;
    SnapshotView view;
    view.repository = take.repository;
    view.name = take.name;
    view.state = "SUCCESS";
    view.version = kOld;
    view.indices = {"logs"};
    view.shards_total = view.shards_done = 2;
    return SnapshotSeen{action.id, view, ""};
  }
  EventBody operator()(const DeleteSnapshot&) { return CallEnded{action.id, ""}; }
  EventBody operator()(const PutSettings& put) {
    for (const auto& [name, value] : put.persistent) {
      if (value) {
        h.settings[name] = *value;
      } else {
        h.settings.erase(name);
      }
    }
    return CallEnded{action.id, ""};
  }
  EventBody operator()(const Flush&) { return CallEnded{action.id, ""}; }
  EventBody operator()(const RetryFailedShards&) { return CallEnded{action.id, ""}; }
  EventBody operator()(const StopPolicies&) { return CallEnded{action.id, ""}; }
  EventBody operator()(const StartPolicies&) { return CallEnded{action.id, ""}; }
  EventBody operator()(const AwaitHealth& await) {
    HealthView health = h.Now().cluster.health;
    health.timed_out = await.condition.nodes && *await.condition.nodes != health.nodes;
    return HealthSeen{action.id, health, ""};
  }
  EventBody operator()(const ReadNodes&) { return NodesSeen{action.id, h.Now().cluster.nodes, ""}; }
  EventBody operator()(const ReadContainer&) { return ContainerSeen{action.id, true, {}}; }
  EventBody operator()(const ReadLog&) { return LogSeen{action.id, {"last line"}}; }
  EventBody operator()(const SetTimer&) { return TimerFired{action.id}; }

  struct Verbs {
    Harness& h;
    Harness::Member& member;
    OperationEnd* end;
    void operator()(const PullImage&) { end->digest = "sha256:new"; }
    void operator()(const SetImage& set) { member.file_image = set.image; }
    void operator()(const RestoreFile&) { member.file_image = std::string(kImage) + ":" + kOld; }
    void operator()(const StopService&) {
      member.running = false;
      if (!h.snapshot_) h.stopped_before_snapshot = true;
    }
    void operator()(const UpService&) {
      member.running = true;
      member.running_version = ParseImage(member.file_image).tag;
    }
    void operator()(const DownProject&) { member.running = false; }
  };
};

EventBody Harness::Answer(const Outstanding& action) {
  return std::visit(Model{*this, action}, action.action);
}

}  // namespace drover::rollout::testing
