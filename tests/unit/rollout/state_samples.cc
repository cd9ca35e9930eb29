#include "tests/unit/rollout/state_samples.h"

#include <gtest/gtest.h>

#include "tests/unit/rollout/matchers.h"
#include "tests/unit/rollout/sample_runs.h"

namespace drover::rollout::testing {
namespace {

using Boot = Harness::Member::Boot;

constexpr int kFirst = 0;  // os-2

MemberStep StepOf(const Harness& h) { return h.rollout().members[kFirst].step; }

Sample Until(const Condition& condition) {
  Harness h;
  return Until(h, condition);
}

Sample InPhase(Phase phase) {
  return Until([phase](const Harness& h) { return h.rollout().phase == phase; });
}

template <typename A>
Sample AtStep(MemberStep step) {
  return Until([step](const Harness& h) {
    return h.rollout().phase == Phase::kRolling && StepOf(h) == step && Awaits<A>(h);
  });
}

Sample Prefetching() {
  Harness h;
  h.Ask(Request::kStart);
  h.Run([&] { return Awaits<TakeSnapshot>(h); });
  const ActionId id = Find<TakeSnapshot>(h.rollout())->id;
  SnapshotView view;
  view.state = "SUCCESS";
  view.version = kOld;
  view.indices = {"logs"};
  h.snapshot = true;
  h.Give(SnapshotSeen{id, view, ""});
  EXPECT_EQ(h.rollout().phase, Phase::kPrefetching);
  return Take(h);
}

Sample FlushGate() {
  return Until(
      [](const Harness& h) { return StepOf(h) == MemberStep::kFlush && Awaits<ObserveWorld>(h); });
}

// The container of os-2 ends at boot; its failure has come to `aftermath`.
Sample Failed(Aftermath aftermath) {
  Harness h;
  h.members["os-2"].boot = Boot::kCrashes;
  return Until(h, [aftermath](const Harness& now) {
    const auto& failure = now.rollout().members[kFirst].failure;
    return now.rollout().phase == Phase::kRolling && failure && failure->aftermath == aftermath;
  });
}

Sample PausedAtFailure() {
  Harness h;
  h.members["os-2"].boot = Boot::kCrashes;
  return Until(h, [](const Harness& now) { return now.rollout().phase == Phase::kPaused; });
}

// At the gate of os-2, when the others run the next major version already.
Sample BeforeNoReturn() {
  Harness h(MajorPlan(false), OldMajorWorld());
  h.Ask(Request::kStart);
  h.Run([&] { return h.rollout().phase == Phase::kRolling && Awaits<ObserveWorld>(h); });
  for (const char* name : {"os-1", "os-3"}) h.members[name].running_version = kNewMajor;
  return Take(h);
}

Sample Copying() {
  Harness h(MajorPlan(false), OldMajorWorld());
  return Until(h, [](const Harness& now) { return StepOf(now) == MemberStep::kCopy; });
}

Sample ClearingArchived() {
  Harness h(MajorPlan(false), OldMajorWorld());
  return Until(h, [](const Harness& now) { return Awaits<ClearArchived>(now); });
}

Sample PausedByOperator() {
  Harness h;
  h.Ask(Request::kStart);
  h.Ask(Request::kPause);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  return Take(h);
}

Sample Pausing() {
  Harness h;
  h.members["os-2"].boot = Boot::kCrashes;
  return Until(h, [](const Harness& now) { return now.rollout().phase == Phase::kRestoring; });
}

// Aborted when the member was stopped and its file not yet edited; `condition` is of the way back.
Sample Aborting(const Condition& condition) {
  Harness h;
  h.Ask(Request::kStart);
  h.Run([&] { return StepOf(h) == MemberStep::kLeft; });
  h.Ask(Request::kAbort);
  h.Run([&] { return condition(h); });
  EXPECT_EQ(h.rollout().phase, Phase::kRestoring);
  return Take(h);
}

Sample Aborted() {
  Harness h;
  h.Ask(Request::kStart);
  h.Run([&] { return StepOf(h) == MemberStep::kLeft; });
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  return Take(h);
}

Sample Refused() {
  Harness h;
  h.world.cluster.health.status = "red";
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kFailed);
  return Take(h);
}

Sample ToCome(Phase phase) {
  Sample sample = Take(Harness());
  sample.rollout.phase = phase;
  return sample;
}

std::map<std::string, Sample> With(std::map<std::string, Sample> kinds,
                                   std::map<std::string, Sample> samples) {
  samples.merge(kinds);
  return samples;
}

}  // namespace

const MemberState& Subject(const Rollout& rollout, int slot) {
  const auto i = static_cast<size_t>(slot);
  return i < rollout.members.size() ? rollout.members[i]
                                    : rollout.companions[i - rollout.members.size()];
}

const std::map<std::string, Sample>& RolloutSamples() {
  static const std::map<std::string, Sample> samples = With(
      With(RolloutSamplesOfKinds(), RolloutSamplesOfUndo()),
      {
          {"PLANNED", Take(Harness())},
          {"CHECKING", InPhase(Phase::kChecking)},
          {"SNAPSHOTTING", Until([](const Harness& h) { return Awaits<TakeSnapshot>(h); })},
          {"PREFETCHING", Prefetching()},
          {"PREFETCHING (looks)", Until([](const Harness& h) {
             return h.rollout().phase == Phase::kPrefetching && Awaits<ObserveWorld>(h);
           })},
          {"ROLLING", AtStep<StartOperation>(MemberStep::kStop)},
          {"FINISHING", InPhase(Phase::kFinishing)},
          {"FINISHING (looks)", Until([](const Harness& h) {
             return h.rollout().phase == Phase::kFinishing && Awaits<ObserveWorld>(h);
           })},
          {"RESTORING (to pause)", Pausing()},
          {"RESTORING (to abort)", Aborting([](const Harness& h) {
             return Awaits<PutSettings>(h) && Awaits<StartOperation>(h);
           })},
          {"RESTORING (awaits)", Aborting([](const Harness& h) { return Awaits<ReadNodes>(h); })},
          {"RESTORING (looks)", Aborting([](const Harness& h) { return Awaits<ObserveWorld>(h); })},
          {"PAUSED", PausedByOperator()},
          {"PAUSED (a member failed)", PausedAtFailure()},
          {"SUCCEEDED", InPhase(Phase::kSucceeded)},
          {"FAILED", Refused()},
          {"ABORTED", Aborted()},
          {"ROLLING_BACK", ToCome(Phase::kRollingBack)},
          {"ROLLED_BACK", ToCome(Phase::kRolledBack)},
      });
  return samples;
}

const std::map<std::string, Sample>& MemberSamples() {
  static const std::map<std::string, Sample> samples =
      With(With(MemberSamplesOfKinds(), MemberSamplesOfUndo()),
           {
               {"PENDING", AtStep<ObserveWorld>(MemberStep::kPending)},
               {"PENDING (no return)", BeforeNoReturn()},
               {"FREEZE", AtStep<PutSettings>(MemberStep::kFreeze)},
               {"FLUSH", AtStep<Flush>(MemberStep::kFlush)},
               {"FLUSH (flushed)", FlushGate()},
               {"STOP", AtStep<StartOperation>(MemberStep::kStop)},
               {"LEFT", AtStep<ReadNodes>(MemberStep::kLeft)},
               {"COPY", Copying()},
               {"SET_IMAGE", AtStep<StartOperation>(MemberStep::kSetImage)},
               {"UP", AtStep<StartOperation>(MemberStep::kUp)},
               {"JOINED", AtStep<AwaitHealth>(MemberStep::kJoined)},
               {"JOINED (asks)", AtStep<ReadNodes>(MemberStep::kJoined)},
               {"JOINED (looks)",
                [] {
                  Harness h;
                  h.members["os-2"].boot = Boot::kHangs;
                  return Until(h, [](const Harness& now) { return Awaits<ReadContainer>(now); });
                }()},
               {"THAW", AtStep<PutSettings>(MemberStep::kThaw)},
               {"THAW (archived)", ClearingArchived()},
               {"RECOVERED", AtStep<AwaitHealth>(MemberStep::kRecovered)},
               {"RECOVERED (looks)",
                [] {
                  Harness h;
                  h.override = [&h](const Outstanding& action) -> std::optional<EventBody> {
                    if (!std::holds_alternative<AwaitHealth>(action.action)) return std::nullopt;
                    if (StepOf(h) != MemberStep::kRecovered) return std::nullopt;
                    HealthView health;
                    health.status = "yellow";
                    health.timed_out = true;
                    return HealthSeen{action.id, health, ""};
                  };
                  return Until(h, [](const Harness& now) {
                    return StepOf(now) == MemberStep::kRecovered && Awaits<ObserveWorld>(now);
                  });
                }()},
               {"DONE", Until([](const Harness& h) { return StepOf(h) == MemberStep::kDone; })},
               {"FAILED", Failed(Aftermath::kLog)},
               {"FAILED (looks)", Failed(Aftermath::kLook)},
               {"FAILED (stops)", Failed(Aftermath::kStop)},
           });
  return samples;
}

namespace {

template <typename A>
ActionId IdOf(const Sample& sample) {
  const Outstanding* o = Find<A>(sample.rollout);
  return o == nullptr ? ActionId("7f3c9a1e/-/nobody/0") : o->id;
}

NamedEvent AskedTo(Request request, const std::string& name) {
  return {"asked to " + name, [request](const Sample&) { return Asked{request, "tester", ""}; }};
}

NamedEvent Ended(const std::string& name, OperationState state, OperationErrorCode code) {
  return {"operation " + name, [=](const Sample& sample) {
            OperationEnd end;
            end.state = state;
            end.error = code;
            end.message = name;
            end.digest = "sha256:new";
            return OperationEnded{IdOf<StartOperation>(sample), end};
          }};
}

NamedEvent Snapshot(const std::string& name, const std::string& state, const std::string& error) {
  return {"snapshot " + name, [=](const Sample& sample) {
            SnapshotView view;
            view.state = state;
            view.version = kOld;
            view.indices = {"logs"};
            return SnapshotSeen{IdOf<TakeSnapshot>(sample), view, error};
          }};
}

// The one call to the cluster that is outstanding.
ActionId CallOf(const Sample& sample) {
  for (const Outstanding& o : sample.rollout.outstanding) {
    if (std::holds_alternative<PutSettings>(o.action) || std::holds_alternative<Flush>(o.action) ||
        std::holds_alternative<StartPolicies>(o.action) ||
        std::holds_alternative<AddVotingExclusion>(o.action) ||
        std::holds_alternative<ClearVotingExclusions>(o.action) ||
        std::holds_alternative<RegisterRepository>(o.action) ||
        std::holds_alternative<RestoreSnapshot>(o.action) ||
        std::holds_alternative<ClearArchived>(o.action)) {
      return o.id;
    }
  }
  return ActionId("7f3c9a1e/-/nobody/0");
}

NamedEvent Health(const std::string& status, bool timed_out) {
  return {"health " + std::string(timed_out ? "timed out" : status), [=](const Sample& sample) {
            HealthView health = sample.world.cluster.health;
            health.status = status;
            health.timed_out = timed_out;
            return HealthSeen{IdOf<AwaitHealth>(sample), health, ""};
          }};
}

NamedEvent Nodes(const std::string& name, const std::string& version) {
  return {"nodes " + name, [=](const Sample& sample) {
            NodesSeen seen{IdOf<ReadNodes>(sample), HealthyWorld().cluster.nodes, ""};
            for (NodeView& node : seen.nodes) {
              if (node.name == "os-2") node.version = version;
            }
            if (version.empty()) {
              std::erase_if(seen.nodes, [](const NodeView& n) { return n.name == "os-2"; });
            }
            return seen;
          }};
}

NamedEvent Container(const std::string& state) {
  return {"container " + state, [=](const Sample& sample) {
            ContainerView container;
            container.id = Subject(sample.rollout, sample.slot).container;
            container.image = std::string(kImage) + ":" + kNew;
            container.started_at = sample.now;
            container.state = state;
            return ContainerSeen{IdOf<ReadContainer>(sample), true, container};
          }};
}

NamedEvent Look(const std::string& name, const std::function<void(World&)>& change) {
  return {"looked: " + name, [=](const Sample& sample) {
            World world = sample.world;
            change(world);
            return Observed{IdOf<ObserveWorld>(sample), world};
          }};
}

NamedEvent Call(const std::string& name, const std::string& error) {
  return {"call " + name, [=](const Sample& sample) { return CallEnded{CallOf(sample), error}; }};
}

}  // namespace

const std::vector<NamedEvent>& NamedEvents() {
  static const std::vector<NamedEvent> events = {
      AskedTo(Request::kStart, "start"),
      AskedTo(Request::kPause, "pause"),
      AskedTo(Request::kResume, "resume"),
      {"asked to skip os-2",
       [](const Sample&) {
         return Asked{Request::kResume, "tester", "", "os-2"};
       }},
      AskedTo(Request::kApprove, "approve"),
      AskedTo(Request::kHandOver, "hand over"),
      AskedTo(Request::kAbort, "abort"),
      {"agent connected", [](const Sample&) { return AgentConnected{"h2"}; }},
      {"agent lost",
       [](const Sample&) {
         return AgentLost{"h2", "link down"};
       }},
      {"operation progressed",
       [](const Sample& s) {
         return OperationProgressed{IdOf<StartOperation>(s), {"1 %", 1, 100}};
       }},
      Ended("succeeded", OperationState::kSucceeded, OperationErrorCode::kNone),
      Ended("failed", OperationState::kFailed, OperationErrorCode::kComposeFailed),
      Ended("interrupted", OperationState::kInterrupted, OperationErrorCode::kNone),
      Ended("met no Engine", OperationState::kFailed, OperationErrorCode::kEngineDown),
      Ended("came too late", OperationState::kRefused, OperationErrorCode::kDeadlinePassed),
      Ended("was fenced", OperationState::kRefused, OperationErrorCode::kStaleEpoch),
      Look("as it should be", [](World&) {}),
      Look("a shard owes its copy",
           [](World& w) {
             w.cluster.shards[0].state = ShardState::kInitializing;
             w.cluster.health.status = "yellow";
             w.cluster.health.initializing = 1;
           }),
      Look("os-2 is down",
           [](World& w) {
             std::erase_if(w.cluster.nodes, [](const NodeView& n) { return n.name == "os-2"; });
           }),
      Look("no answer", [](World& w) { w.cluster_error = "no endpoint answers"; }),
      Snapshot("in progress", "IN_PROGRESS", ""),
      Snapshot("SUCCESS", "SUCCESS", ""),
      Snapshot("PARTIAL", "PARTIAL", ""),
      Snapshot("cannot be begun", "", "503"),
      Call("done", ""),
      Call("failed", "503"),
      Health("green", false),
      Health("yellow", true),
      Nodes("list os-2 new", kNew),
      Nodes("list os-2 old", kOld),
      Nodes("do not list os-2", ""),
      Container("running"),
      Container("exited"),
      {"log read",
       [](const Sample& s) {
         return LogSeen{IdOf<ReadLog>(s), {"last line"}};
       }},
      {"timer fired", [](const Sample& s) { return TimerFired{IdOf<SetTimer>(s)}; }},
      {"recovered", [](const Sample&) { return Recovered{}; }},
  };
  return events;
}

std::string NameOf(const Action& action) {
  struct Names {
    std::string operator()(const ObserveWorld&) const { return "ObserveWorld"; }
    std::string operator()(const StartOperation& a) const { return VerbName(a.order.verb); }
    std::string operator()(const CancelOperation&) const { return "CancelOperation"; }
    std::string operator()(const TakeSnapshot&) const { return "TakeSnapshot"; }
    std::string operator()(const DeleteSnapshot&) const { return "DeleteSnapshot"; }
    std::string operator()(const PutSettings&) const { return "PutSettings"; }
    std::string operator()(const ClearArchived&) const { return "ClearArchived"; }
    std::string operator()(const Flush&) const { return "Flush"; }
    std::string operator()(const RegisterRepository&) const { return "RegisterRepository"; }
    std::string operator()(const RestoreSnapshot&) const { return "RestoreSnapshot"; }
    std::string operator()(const RetryFailedShards&) const { return "RetryFailedShards"; }
    std::string operator()(const AddVotingExclusion&) const { return "AddVotingExclusion"; }
    std::string operator()(const ClearVotingExclusions&) const { return "ClearVotingExclusions"; }
    std::string operator()(const StopPolicies&) const { return "StopPolicies"; }
    std::string operator()(const StartPolicies&) const { return "StartPolicies"; }
    std::string operator()(const AwaitHealth&) const { return "AwaitHealth"; }
    std::string operator()(const ReadNodes&) const { return "ReadNodes"; }
    std::string operator()(const ReadContainer&) const { return "ReadContainer"; }
    std::string operator()(const ReadLog&) const { return "ReadLog"; }
    std::string operator()(const SetTimer&) const { return "SetTimer"; }
  };
  return std::visit(Names{}, action);
}

}  // namespace drover::rollout::testing
