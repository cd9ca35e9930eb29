#include "tests/unit/rollout/harness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "controller/rollout/version.h"

namespace drover::rollout::testing {

Harness::Harness(Plan plan) : Harness(std::move(plan), HealthyWorld()) {}

Harness::Harness(Plan plan, World healthy) : world(std::move(healthy)) {
  rollout_ = NewRollout(std::make_shared<const Plan>(std::move(plan)), now_);
  for (const PlannedMember& planned : rollout_.plan->companions) {
    Member& companion = companions[planned.name];
    companion.file_image = planned.from_image;
    companion.running_version = companion.opened = kOld;
  }
  for (const NodeView& node : world.cluster.nodes) {
    Member& member = members[node.name];
    member.file_image = std::string(kImage) + ":" + rollout_.plan->from_version;
    member.running_version = member.opened = rollout_.plan->from_version;
    member.container.emplace();
    member.container->id = "old-" + node.name;
    member.container->image = member.file_image;
    member.container->state = "running";
    member.container->started_at = kStart - Millis(1'000'000);
  }
}

const PlannedMember& Harness::Planned(int slot) const {
  const Plan& plan = *rollout_.plan;
  const auto i = static_cast<size_t>(slot);
  return i < plan.members.size() ? plan.members[i] : plan.companions[i - plan.members.size()];
}

Harness::Member& Harness::Of(int slot) {
  const bool companion = static_cast<size_t>(slot) >= rollout_.plan->members.size();
  return (companion ? companions : members).at(Planned(slot).name);
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

void Harness::Skip(const std::string& member) {
  Apply(Asked{Request::kResume, "tester", "", member});
}

int Harness::Count(const std::string& verb_and_member) const {
  return static_cast<int>(std::count(verbs_.begin(), verbs_.end(), verb_and_member));
}

void Harness::Give(EventBody body) { Apply(std::move(body)); }

void Harness::Apply(EventBody body) {
  now_ += Millis(10);
  Transition transition = Step(rollout_, {now_, std::move(body)});
  rollout_ = std::move(transition.next);
  for (Outstanding& action : transition.actions) actions.push_back(std::move(action));
  for (Record& record : transition.records) records.push_back(std::move(record));
  if (after_step) after_step(rollout_);
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
  for (const PlannedMember& planned : rollout_.plan->members) {
    const Member& member = members.at(planned.name);
    ServiceView& service = now.projects.at({planned.host, planned.project}).services.front();
    service.image = member.file_image;
    if (!member.container) {
      service.container.reset();
    } else if (service.container) {
      service.container->image = member.container->image;
      service.container->state = member.container->state;
    }
  }
  now.cluster.persistent_settings = settings;
  now.cluster.voting_exclusions = exclusions;
  // The vote is with a node that is not excluded, where there is one.
  std::erase_if(now.cluster.last_committed_config, [&](const std::string& id) {
    const NodeView* node = world.cluster.NodeWithId(id);
    return node != nullptr &&
           std::find(exclusions.begin(), exclusions.end(), node->name) != exclusions.end();
  });
  for (const NodeView& node : now.cluster.nodes) {
    const bool excluded =
        std::find(exclusions.begin(), exclusions.end(), node.name) != exclusions.end();
    if (!now.cluster.last_committed_config.empty() || excluded || !node.ManagerEligible()) continue;
    now.cluster.last_committed_config = {node.id};
  }
  now.cluster.last_accepted_config = now.cluster.last_committed_config;
  now.cluster.health.nodes = static_cast<int>(now.cluster.nodes.size());
  return now;
}

// One function for each kind of action: what a healthy world does and answers.
struct Model {
  Harness& h;
  const Outstanding& action;

  // Where every node is down nobody answers.
  bool Answers() const {
    return std::any_of(h.members.begin(), h.members.end(),
                       [](const auto& entry) { return entry.second.running; });
  }
  std::string Silence() const { return Answers() ? "" : "no endpoint answers"; }

  EventBody operator()(const ObserveWorld&) {
    World world = h.Now();
    if (!Answers()) {
      world.cluster = {};
      world.cluster_error = Silence();
    }
    return Observed{action.id, std::move(world)};
  }
  EventBody operator()(const StartOperation& start) {
    const std::string name = h.Planned(action.member).name;
    h.verbs_.push_back(VerbName(start.order.verb) + " " + name);
    OperationEnd end;
    std::visit(Verbs{h, h.Of(action.member), name, &end}, start.order.verb);
    size_t down = 0;
    for (const auto& [unused, member] : h.members) down += member.running ? 0 : 1;
    h.most_down = std::max(h.most_down, down);
    return OperationEnded{action.id, end};
  }
  EventBody operator()(const CancelOperation&) { return TimerFired{}; }
  EventBody operator()(const TakeSnapshot& take) {
    h.snapshot = true;
    SnapshotView view;
    view.repository = take.repository;
    view.name = take.name;
    view.state = "SUCCESS";
    view.version = h.rollout_.plan->from_version;
    view.indices = {"logs"};
    view.shards_total = view.shards_done = 2;
    return SnapshotSeen{action.id, view, ""};
  }
  EventBody operator()(const DeleteSnapshot&) {
    h.snapshot = false;
    return CallEnded{action.id, ""};
  }
  EventBody operator()(const PutSettings& put) {
    if (!Answers()) return CallEnded{action.id, Silence()};
    if (!h.archived.empty()) {
      return CallEnded{action.id, "400: unknown setting [" + *h.archived.begin() + "]"};
    }
    for (const auto& [name, value] : put.persistent) {
      if (value) {
        h.settings[name] = *value;
      } else {
        h.settings.erase(name);
      }
    }
    return CallEnded{action.id, ""};
  }
  EventBody operator()(const ClearArchived&) {
    const std::vector<std::string> names(h.archived.begin(), h.archived.end());
    h.archived.clear();
    return CallEnded{action.id, "", names};
  }
  EventBody operator()(const Flush& flush) {
    h.flushes += flush.times;
    return CallEnded{action.id, ""};
  }
  EventBody operator()(const RegisterRepository& order) {
    h.repository = order;
    return CallEnded{action.id, Silence()};
  }
  EventBody operator()(const RestoreSnapshot& order) {
    h.restored.push_back(order);
    return CallEnded{action.id, Silence()};
  }
  EventBody operator()(const RetryFailedShards&) { return CallEnded{action.id, ""}; }
  EventBody operator()(const AddVotingExclusion& add) {
    h.exclusions = add.nodes;
    h.verbs_.push_back("Exclude " + add.nodes.front());
    return CallEnded{action.id, ""};
  }
  EventBody operator()(const ClearVotingExclusions&) {
    h.exclusions.clear();
    h.verbs_.push_back("ClearExclusions");
    return CallEnded{action.id, ""};
  }
  EventBody operator()(const StopPolicies& stop) {
    h.policies_stopped.insert(stop.names.begin(), stop.names.end());
    return CallEnded{action.id, ""};
  }
  EventBody operator()(const StartPolicies& start) {
    for (const std::string& name : start.names) h.policies_stopped.erase(name);
    return CallEnded{action.id, ""};
  }
  EventBody operator()(const AwaitHealth& await) {
    HealthView health = h.Now().cluster.health;
    health.timed_out = await.condition.nodes && *await.condition.nodes != health.nodes;
    return HealthSeen{action.id, health, Silence()};
  }
  EventBody operator()(const ReadNodes&) {
    return NodesSeen{action.id, h.Now().cluster.nodes, Silence()};
  }
  EventBody operator()(const ReadContainer&) {
    return ContainerSeen{action.id, true, h.Of(action.member).container};
  }
  EventBody operator()(const ReadLog&) { return LogSeen{action.id, {"last line"}}; }
  EventBody operator()(const SetTimer&) { return TimerFired{action.id}; }

  struct Verbs {
    Harness& h;
    Harness::Member& member;
    const std::string& name;
    OperationEnd* end;
    void operator()(const PullImage&) { end->digest = "sha256:new"; }
    void operator()(const SetImage& set) { member.file_image = set.image; }
    void operator()(const RestoreFile&) {
      member.file_image = std::string(kImage) + ":" + h.rollout_.plan->from_version;
    }
    void operator()(const CopyVolume& copy) {
      EXPECT_FALSE(member.running) << name << ": a cold copy of a volume in use";
      member.copied = member.opened;
      end->copy = "/copies/" + copy.name;
      end->bytes = 3 << 20;
    }
    void operator()(const RestoreVolume& restore) {
      EXPECT_FALSE(member.running) << name << ": a volume in use is changed";
      EXPECT_FALSE(member.copied.empty()) << name << ": there is no copy";
      member.kept = member.opened;
      member.opened = member.copied;
      end->copy = "/copies/" + restore.name;
      end->aside = "/data/.drover-kept/" + restore.aside;
    }
    void operator()(const SetAsideVolume& aside) {
      EXPECT_FALSE(member.running) << name << ": a volume in use is changed";
      member.kept = member.opened;
      member.opened.clear();
      NodeView* node = &testing::Node(h.world, name);
      node->id += "-new";
      end->aside = "/data/.drover-kept/" + aside.name;
    }
    void operator()(const StopService&) {
      member.running = false;
      if (member.container) member.container->state = "exited";
      if (!h.snapshot) h.stopped_before_snapshot = true;
    }
    void operator()(const UpService& up) {
      const std::string version = ParseImage(member.file_image).tag;
      EXPECT_GE(version, member.opened) << name << ": an older image on a newer volume";
      member.opened = std::max(member.opened, version);
      const bool same = !up.recreate && member.container &&
                        member.container->image == member.file_image &&
                        member.container->state == "running";
      if (!same) {
        member.container.emplace();
        member.container->id = "new-" + std::to_string(++h.containers_);
        member.container->image = member.file_image;
        member.container->started_at = h.now_;
      }
      end->container_id = member.container->id;
      using Boot = Harness::Member::Boot;
      member.container->state = member.boot == Boot::kCrashes ? "exited" : "running";
      const bool companion = name.find('@') != std::string::npos;
      if (companion)
        member.container->health = member.boot == Boot::kHangs ? "starting" : "healthy";
      member.container->exit_code = member.boot == Boot::kCrashes ? 3 : 0;
      member.running = member.boot == Boot::kJoins;
      member.running_version = version;
    }
    void operator()(const DownProject&) { member.running = false; }
  };
};

EventBody Harness::Answer(const Outstanding& action) {
  return std::visit(Model{*this, action}, action.action);
}

}  // namespace drover::rollout::testing
