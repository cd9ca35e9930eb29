// Samples of restarts, of clusters with two cluster managers, of companions, of snapshot policies,
// of a recovery that stalls, and of a pause that owes something.
#include "tests/unit/rollout/sample_runs.h"

namespace drover::rollout::testing {
namespace {

using Boot = Harness::Member::Boot;

Plan PlanOf(const PlanRequest& request, const ClusterSpec& spec, const World& world) {
  StatusOr<Plan> plan = MakePlan(PlanId("7f3c9a1e"), request, spec, world, {});
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return *plan;
}

PlanRequest RestartOfOne() {
  PlanRequest request;
  request.cluster = "search-prod";
  request.kind = Kind::kRestart;
  request.members = {"os-2"};
  return request;
}

MemberStep StepOf(const Harness& h) { return h.rollout().members[0].step; }

Harness Restart() {
  return Harness(PlanOf(RestartOfOne(), HealthySpec(), HealthyWorld()), HealthyWorld());
}

template <typename A>
Sample RestartAt(MemberStep step) {
  Harness h = Restart();
  return Until(h, [step](const Harness& now) { return StepOf(now) == step && Awaits<A>(now); });
}

// It has stopped, and the cluster still lists it a minute later.
Sample Lingering() {
  Harness h = Restart();
  h.override = [&h](const Outstanding& action) -> std::optional<EventBody> {
    if (StepOf(h) != MemberStep::kLeft || !std::holds_alternative<ReadNodes>(action.action)) {
      return std::nullopt;
    }
    h.Advance(Millis(61'000));
    return NodesSeen{action.id, HealthyWorld().cluster.nodes, ""};
  };
  return Until(h, [](const Harness& now) {
    return StepOf(now) == MemberStep::kLeft && Awaits<ReadContainer>(now);
  });
}

// Its container was made again and ends; `aftermath` is what is done about it.
Sample RestartFailed(Aftermath aftermath) {
  Harness h = Restart();
  h.members["os-2"].boot = Boot::kCrashes;
  return Until(h, [aftermath](const Harness& now) {
    const auto& failure = now.rollout().members[0].failure;
    return now.rollout().phase == Phase::kRolling && failure && failure->aftermath == aftermath;
  });
}

// Paused after a failure, and resumed: the gate looks whether it has come up meanwhile.
Sample RestartResumed() {
  Harness h = Restart();
  h.members["os-2"].boot = Boot::kCrashes;
  h.Ask(Request::kStart);
  h.Run([&] { return h.rollout().phase == Phase::kPaused; });
  h.members["os-2"].running = true;
  h.Ask(Request::kResume);
  h.Run([&] { return StepOf(h) == MemberStep::kPending && Awaits<ObserveWorld>(h); });
  EXPECT_EQ(StepOf(h), MemberStep::kPending);
  return Take(h);
}

// os-1 and os-2 may be cluster manager, and os-2, which is to stop, has the only vote.
World TwoManagers() {
  World world = HealthyWorld();
  Node(world, "os-3").roles = {"data"};
  world.cluster.last_committed_config = world.cluster.last_accepted_config = {"id-2"};
  return world;
}

Harness TwoManagersCluster() {
  return Harness(PlanOf(RestartOfOne(), HealthySpec(), TwoManagers()), TwoManagers());
}

Sample Voting(const Condition& condition) {
  Harness h = TwoManagersCluster();
  return Until(h, condition);
}

Sample VotingAborted() {
  Harness h = TwoManagersCluster();
  h.Ask(Request::kStart);
  h.Run([&] { return StepOf(h) == MemberStep::kFreeze; });
  h.Ask(Request::kAbort);
  h.Run([&] { return Awaits<ClearVotingExclusions>(h); });
  EXPECT_TRUE(Awaits<ClearVotingExclusions>(h));
  return Take(h);
}

constexpr char kDash[] = "registry.test:5000/dashboards";

// dash@h2 is the first companion, dash@h1 the second.
ClusterSpec SpecWithCompanions() {
  ClusterSpec spec = HealthySpec();
  for (const char* host : {"h2", "h1"}) {
    spec.companions.push_back({host, "ui", "dash", std::string(kDash) + ":{version}"});
  }
  return spec;
}

World WorldWithCompanions() {
  World world = HealthyWorld();
  for (const char* host : {"h1", "h2"}) {
    ServiceView service;
    service.name = "dash";
    service.image = std::string(kDash) + ":" + kOld;
    service.container.emplace();
    service.container->image = service.image;
    service.container->state = "running";
    ProjectView project;
    project.name = "ui";
    project.services = {service};
    world.projects[{host, "ui"}] = project;
  }
  return world;
}

constexpr int kCompanion = 3;  // behind three members: dash@h2

bool Works(const Harness& h, int slot) {
  for (const Outstanding& o : h.rollout().outstanding) {
    if (o.member == slot) return true;
  }
  return false;
}

Sample Companion(const Condition& condition, Boot boot = Boot::kJoins) {
  Harness h(PlanOf(UpgradeRequest(), SpecWithCompanions(), WorldWithCompanions()),
            WorldWithCompanions());
  h.companions["dash@h2"].boot = boot;
  return Until(h, condition, kCompanion);
}

Sample CompanionAt(MemberStep step, bool works = true) {
  return Companion([=](const Harness& h) {
    return h.rollout().companions[0].step == step && Works(h, kCompanion) == works;
  });
}

Sample CompanionFailed(Aftermath aftermath) {
  const auto there = [aftermath](const Harness& h) {
    const auto& failure = h.rollout().companions[0].failure;
    return failure && failure->aftermath == aftermath && Works(h, kCompanion);
  };
  return Companion(there, Boot::kCrashes);
}

Sample WithPolicies(Phase phase) {
  Harness h;
  h.world.cluster.snapshot_policies = {{"nightly", true}};
  return Until(h, [phase](const Harness& now) { return now.rollout().phase == phase; });
}

// Looks at its shards, and nothing has moved for longer than it may take.
Sample RecoveryStalls() {
  Harness h;
  h.override = [&h](const Outstanding& action) -> std::optional<EventBody> {
    if (StepOf(h) != MemberStep::kRecovered) return std::nullopt;
    if (std::holds_alternative<AwaitHealth>(action.action)) {
      HealthView health;
      health.status = "yellow";
      health.timed_out = true;
      return HealthSeen{action.id, health, ""};
    }
    if (!std::holds_alternative<ObserveWorld>(action.action)) return std::nullopt;
    World world = h.Now();
    world.cluster.shards[0].state = ShardState::kInitializing;
    world.cluster.health.status = "yellow";
    world.cluster.health.initializing = 1;
    return Observed{action.id, world};
  };
  int looks = 0;
  Sample sample = Until(h, [&](const Harness& now) {
    return StepOf(now) == MemberStep::kRecovered && Awaits<ObserveWorld>(now) && ++looks > 1;
  });
  sample.now += sample.rollout.plan->spec.rules.recover_stall + Millis(1'000);
  return sample;
}

// The cluster takes nothing back: PAUSED all the same, and it is tried on.
Sample PausedInDebt() {
  Harness h;
  h.override = [&h](const Outstanding& action) -> std::optional<EventBody> {
    const bool refuses = h.rollout().phase == Phase::kRestoring;
    if (!refuses || !std::holds_alternative<PutSettings>(action.action)) return std::nullopt;
    h.Advance(Millis(60'000));
    return CallEnded{action.id, "no endpoint answers"};
  };
  h.Ask(Request::kStart);
  h.Run([&] { return StepOf(h) == MemberStep::kDone; });
  h.Ask(Request::kPause);
  const auto tries = [&] { return h.rollout().phase == Phase::kPaused && Awaits<PutSettings>(h); };
  h.Run(tries);
  EXPECT_TRUE(tries());
  return Take(h);
}

}  // namespace

std::map<std::string, Sample> RolloutSamplesOfKinds() {
  return {
      {"PAUSED (owes settings)", PausedInDebt()},
      {"FINISHING (vote)", Voting([](const Harness& h) {
         return h.rollout().phase == Phase::kFinishing && Awaits<ClearVotingExclusions>(h);
       })},
      {"FINISHING (vote moved)", Voting([](const Harness& h) {
         return h.rollout().phase == Phase::kFinishing && Awaits<PutSettings>(h);
       })},
      {"RESTORING (vote)", VotingAborted()},
      {"CHECKING (policies run)", WithPolicies(Phase::kChecking)},
      {"FINISHING (policies stopped)", WithPolicies(Phase::kFinishing)},
  };
}

std::map<std::string, Sample> MemberSamplesOfKinds() {
  return {
      {"STOP (restart)", RestartAt<StartOperation>(MemberStep::kStop)},
      {"LEFT (restart)", RestartAt<ReadNodes>(MemberStep::kLeft)},
      {"LEFT (restart lingers)", Lingering()},
      {"UP (restart)", RestartAt<StartOperation>(MemberStep::kUp)},
      {"FAILED (restart looks)", RestartFailed(Aftermath::kLook)},
      {"PENDING (restart resumed)", RestartResumed()},
      {"PENDING (vote)", Voting([](const Harness& h) {
         return h.rollout().phase == Phase::kRolling && StepOf(h) == MemberStep::kPending &&
                Awaits<ObserveWorld>(h);
       })},
      {"PENDING (vote moves)",
       Voting([](const Harness& h) { return Awaits<AddVotingExclusion>(h); })},
      {"RECOVERED (stalls)", RecoveryStalls()},
      {"STOP (companion)", CompanionAt(MemberStep::kStop)},
      {"SET_IMAGE (companion)", CompanionAt(MemberStep::kSetImage)},
      {"UP (companion waits)", CompanionAt(MemberStep::kUp, false)},
      {"UP (companion)", CompanionAt(MemberStep::kUp)},
      {"JOINED (companion)", CompanionAt(MemberStep::kJoined)},
      {"DONE (companion)", CompanionAt(MemberStep::kDone, false)},
      {"FAILED (companion)", CompanionFailed(Aftermath::kLog)},
      {"FAILED (companion looks)", CompanionFailed(Aftermath::kLook)},
      {"FAILED (companion stops)", CompanionFailed(Aftermath::kStop)},
  };
}

}  // namespace drover::rollout::testing
