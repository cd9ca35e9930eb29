#include "controller/rollout/step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/rollout/control.h"
#include "tests/unit/rollout/harness.h"

namespace drover::rollout {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const StartOperation* Verb(const Outstanding& action) {
  return std::get_if<StartOperation>(&action.action);
}

template <typename V>
bool Orders(const Outstanding& action) {
  return Verb(action) != nullptr && std::holds_alternative<V>(Verb(action)->order.verb);
}

OperationEnded Fails(const Outstanding& action, OperationErrorCode code,
                     const std::string& message) {
  OperationEnd end;
  end.state = OperationState::kFailed;
  end.error = code;
  end.message = message;
  return {action.id, end};
}

void ExpectAsBefore(const Harness& h) {
  EXPECT_THAT(h.settings, IsEmpty());
  for (const auto& [name, member] : h.members) EXPECT_TRUE(member.running) << name;
}

TEST(StepTest, AWholeUpgradeGoesInTheDocumentedOrder) {
  Harness h;
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_THAT(h.verbs(),
              ElementsAre("PullImage os-2", "PullImage os-3", "PullImage os-1", "StopService os-2",
                          "SetImage os-2", "UpService os-2", "StopService os-3", "SetImage os-3",
                          "UpService os-3", "StopService os-1", "SetImage os-1", "UpService os-1"));
  EXPECT_EQ(h.most_down, 1u);
  EXPECT_FALSE(h.stopped_before_snapshot);
  ExpectAsBefore(h);
  for (const auto& [name, member] : h.members) EXPECT_EQ(member.running_version, testing::kNew);
  EXPECT_THAT(h.rollout().outcome, Contains(HasSubstr("all 3 members at 2.19.1")));
}

TEST(StepTest, TheSameInputGivesTheSameOutput) {
  Harness a, b;
  a.Ask(Request::kStart);
  a.Run();
  b.Ask(Request::kStart);
  b.Run();
  EXPECT_EQ(a.verbs(), b.verbs());
  EXPECT_EQ(a.records, b.records);
}

TEST(StepTest, SettingsAreFrozenOnlyWhileAMemberIsAway) {
  Harness h;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (Orders<StopService>(action)) {
      EXPECT_EQ(h.settings["cluster.routing.allocation.enable"], "primaries");
      EXPECT_EQ(h.settings["cluster.routing.rebalance.enable"], "none");
    }
    if (const auto* await = std::get_if<AwaitHealth>(&action.action)) {
      if (await->condition.status == "green") {
        EXPECT_FALSE(h.settings.contains("cluster.routing.allocation.enable"));
      }
    }
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
}

TEST(StepTest, RecordedValuesArePutBackNotDefaults) {
  testing::Harness h;
  h.settings["cluster.routing.allocation.enable"] = "all";
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_THAT(h.settings, ElementsAre(std::make_pair("cluster.routing.allocation.enable", "all")));
}

TEST(StepTest, ABlockingCheckAtTheStartRefusesUntouched) {
  Harness h;
  h.world.cluster.health.status = "red";
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kFailed);
  EXPECT_EQ(h.rollout().refused, Refused::kCheck);
  EXPECT_THAT(h.rollout().reason, HasSubstr("P2"));
  EXPECT_THAT(h.verbs(), IsEmpty());
}

TEST(StepTest, AChangedFileMakesThePlanStale) {
  Harness h;
  testing::Project(h.world, "h3").file_sha256["/srv/search/docker-compose.yml"] = "edited";
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().refused, Refused::kStale);
  EXPECT_THAT(h.rollout().changes, ElementsAre(HasSubstr("on h3 changed")));
  EXPECT_THAT(h.verbs(), IsEmpty());
}

TEST(StepTest, AnUnreachableHostIsItsOwnRefusal) {
  Harness h;
  h.world.hosts[1].connected = false;
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().refused, Refused::kHosts);
  EXPECT_THAT(h.rollout().changes, ElementsAre("h2"));
}

TEST(StepTest, APartialSnapshotIsNoBackupAndNothingIsStopped) {
  Harness h;
  bool deleted = false;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (std::holds_alternative<DeleteSnapshot>(action.action)) deleted = true;
    if (!std::holds_alternative<TakeSnapshot>(action.action)) return std::nullopt;
    SnapshotView view;
    view.state = "PARTIAL";
    view.shards_failed = 1;
    return SnapshotSeen{action.id, view, ""};
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kFailed);
  EXPECT_THAT(h.rollout().reason, HasSubstr("PARTIAL"));
  EXPECT_TRUE(deleted);
  for (const std::string& verb : h.verbs()) EXPECT_THAT(verb, HasSubstr("PullImage"));
  ExpectAsBefore(h);
}

TEST(StepTest, ASnapshotWithoutAnIndexIsNoBackup) {
  Harness h;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (!std::holds_alternative<TakeSnapshot>(action.action)) return std::nullopt;
    SnapshotView view;
    view.state = "SUCCESS";
    view.version = testing::kOld;
    return SnapshotSeen{action.id, view, ""};
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_THAT(h.rollout().reason, HasSubstr("index logs is not in it"));
}

TEST(StepTest, AnImageThatDoesNotExistFailsBeforeAnythingIsStopped) {
  Harness h;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (!Orders<PullImage>(action)) return std::nullopt;
    return Fails(action, OperationErrorCode::kImageNotFound, "manifest unknown");
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kFailed);
  EXPECT_THAT(h.rollout().reason, HasSubstr("manifest unknown"));
  EXPECT_THAT(h.verbs(), IsEmpty());
  ExpectAsBefore(h);
}

TEST(StepTest, AnImageThatThePolicyForbidsIsRefused) {
  Harness h;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (!Orders<PullImage>(action)) return std::nullopt;
    return Fails(action, OperationErrorCode::kPolicyDenied, "not in images of agent.yaml");
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().refused, Refused::kPolicy);
}

TEST(StepTest, DifferentDigestsStopBeforeTheRoll) {
  Harness h;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (!Orders<PullImage>(action)) return std::nullopt;
    OperationEnd end;
    end.digest = "sha256:" + std::to_string(action.member);
    return OperationEnded{action.id, end};
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kFailed);
  EXPECT_THAT(h.rollout().reason, HasSubstr("the tag was moved"));
}

TEST(StepTest, AMemberThatDoesNotJoinPausesWithItsLogAndSettingsBack) {
  Harness h;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (Orders<UpService>(action) && action.member == 1) {
      return OperationEnded{action.id, OperationEnd{}};  // up, but never in the cluster
    }
    if (std::holds_alternative<ReadContainer>(action.action)) h.Advance(Millis(200'000));
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("os-3: did not join within 10 min"));
  const MemberState& failed = h.state("os-3");
  ASSERT_TRUE(failed.failure.has_value());
  EXPECT_EQ(failed.failure->step, MemberStep::kJoined);
  EXPECT_THAT(failed.failure->log_lines, ElementsAre("last line"));
  EXPECT_THAT(h.settings, IsEmpty());
  EXPECT_EQ(h.state("os-1").step, MemberStep::kPending);
}

TEST(StepTest, ResumeGoesOnFromTheFailedMember) {
  Harness h;
  bool broken = true;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (broken && Orders<UpService>(action) && action.member == 1) {
      return Fails(action, OperationErrorCode::kComposeFailed, "port is taken");
    }
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_EQ(h.rollout().phase, Phase::kPaused);
  broken = false;
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  ExpectAsBefore(h);
}

TEST(StepTest, AContainerThatEndsAtBootFailsBeforeTheTimeout) {
  Harness h;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (Orders<UpService>(action)) return OperationEnded{action.id, OperationEnd{}};
    if (std::holds_alternative<ReadContainer>(action.action)) {
      ContainerView container;
      container.state = "exited";
      container.exit_code = 3;
      container.started_at = testing::kStart + Millis(60'000'000);
      return ContainerSeen{action.id, true, container};
    }
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("ended at boot, exit code 3"));
}

TEST(StepTest, TheWrongVersionIsAFailure) {
  Harness h;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (Orders<UpService>(action)) {
      h.members["os-2"].running = true;
      h.members["os-2"].running_version = "2.18.0";
      return OperationEnded{action.id, OperationEnd{}};
    }
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("version 2.18.0 instead of 2.19.1"));
}

TEST(StepTest, AnInterruptedVerbIsOrderedAgainUnderANewId) {
  Harness h;
  std::vector<std::string> stops;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (!Orders<StopService>(action)) return std::nullopt;
    stops.push_back(action.id.str());
    if (stops.size() > 1) return std::nullopt;
    OperationEnd end;
    end.state = OperationState::kInterrupted;
    return OperationEnded{action.id, end};
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
  ASSERT_GE(stops.size(), 2u);
  EXPECT_NE(stops[0], stops[1]);
}

TEST(StepTest, ALateResultChangesNothing) {
  Harness h;
  h.Ask(Request::kStart);
  h.Run();
  const size_t records = h.records.size();
  h.Give(CallEnded{ActionId("7f3c9a1e/-/freeze/99"), "late"});
  h.Give(OperationEnded{OperationId("7f3c9a1e/os-2/stop/98"), OperationEnd{}});
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
  EXPECT_EQ(h.records.size(), records);
}

TEST(StepTest, RecoveryPerformsTheOutstandingActionsWithTheirIds) {
  Harness h;
  h.Ask(Request::kStart);
  h.Run([&] { return !h.actions.empty() && Orders<StopService>(h.actions.front()); });
  ASSERT_FALSE(h.actions.empty());
  const ActionId stop = h.actions.front().id;
  h.actions.clear();  // the controller died before it acted
  h.Give(Recovered{});
  ASSERT_EQ(h.actions.size(), 1u);
  EXPECT_EQ(h.actions.front().id, stop);
  for (const char* host : {"h1", "h2", "h3"}) h.Give(AgentConnected{host});
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
}

TEST(StepTest, AnAgentThatComesBackGetsItsOrderAgain) {
  Harness h;
  h.Ask(Request::kStart);
  h.Run([&] { return !h.actions.empty() && Orders<StopService>(h.actions.front()); });
  const ActionId stop = h.actions.front().id;
  h.actions.clear();
  h.Give(AgentLost{"h2", "connection reset"});
  EXPECT_THAT(h.state("os-2").wait->reason, HasSubstr("agent of h2, which is not connected"));
  h.Give(AgentConnected{"h2"});
  ASSERT_EQ(h.actions.size(), 1u);
  EXPECT_EQ(h.actions.front().id, stop);
}

TEST(StepTest, AMemberMayNotStopWhileAShardOwesItsCopy) {
  Harness h;
  int gates = 0;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    const auto* observe = std::get_if<ObserveWorld>(&action.action);
    if (observe == nullptr || observe->with_hosts || ++gates > 3) return std::nullopt;
    World world = h.world;
    world.cluster.shards[0].state = ShardState::kInitializing;
    EXPECT_TRUE(h.members["os-2"].running);
    return Observed{action.id, world};
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_GT(gates, 3);
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
}

TEST(StepTest, PauseWaitsForTheBatchAndPutsSettingsBack) {
  Harness h;
  h.Ask(Request::kStart);
  h.Run([&] { return !h.actions.empty() && Orders<SetImage>(h.actions.front()); });
  h.Ask(Request::kPause);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_EQ(h.state("os-2").step, MemberStep::kDone);
  EXPECT_EQ(h.state("os-3").step, MemberStep::kPending);
  ExpectAsBefore(h);
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
}

TEST(StepTest, PauseAfterTheFirstMember) {
  Plan plan = testing::HealthyPlan();
  plan.spec.rules.pause_after = {"first"};
  Harness h(plan);
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("pause_after"));
  h.Ask(Request::kApprove);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
}

// Aborted at every action of a whole rollout: settings back, every member running.
TEST(StepTest, AbortAnywhereLeavesNothingBehind) {
  Harness whole;
  whole.Ask(Request::kStart);
  int length = 0;
  whole.Run([&] { return ++length < 0; });
  ASSERT_GT(length, 30);
  for (int at = 0; at < length - 1; ++at) {
    SCOPED_TRACE(at);
    Harness h;
    h.Ask(Request::kStart);
    int steps = 0;
    h.Run([&] { return ++steps > at; });
    if (HasEnded(h.rollout().phase)) break;
    h.Ask(Request::kAbort);
    h.Run();
    EXPECT_EQ(h.rollout().phase, Phase::kAborted);
    ExpectAsBefore(h);
    for (const auto& [name, member] : h.members) {
      EXPECT_THAT(member.file_image, HasSubstr(member.running_version)) << name;
    }
  }
}

TEST(StepTest, AbortOfAStoppedMemberPutsItsFileBackBeforeItStarts) {
  Harness h;
  h.Ask(Request::kStart);
  h.Run([&] { return !h.actions.empty() && Orders<UpService>(h.actions.front()); });
  // The order to start the new image is out: it runs to its end, forward.
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.members["os-2"].running_version, testing::kNew);

  Harness early;
  early.Ask(Request::kStart);
  early.Run([&] { return !early.actions.empty() && Orders<SetImage>(early.actions.front()); });
  early.Ask(Request::kAbort);
  early.Run();
  EXPECT_EQ(early.members["os-2"].running_version, testing::kOld);
  EXPECT_THAT(early.verbs(), Contains("RestoreFile os-2"));
}

TEST(StepTest, SettingsAreTriedUntilTheClusterTakesThemBack) {
  Harness h;
  int refusals = 0;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    const auto* put = std::get_if<PutSettings>(&action.action);
    if (put == nullptr || h.rollout().phase != Phase::kRestoring || ++refusals > 20) {
      return std::nullopt;
    }
    return CallEnded{action.id, "503 cluster_manager_not_discovered_exception"};
  };
  h.Ask(Request::kStart);
  h.Run([&] { return !h.actions.empty() && Orders<StopService>(h.actions.front()); });
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_THAT(h.settings, IsEmpty());
}

TEST(ControlTest, SaysWhatWouldMakeSense) {
  Harness h;
  EXPECT_EQ(CanAsk(h.rollout(), Request::kResume).code(), StatusCode::kFailedPrecondition);
  h.Ask(Request::kStart);
  h.Run();
  const Status late = CanAsk(h.rollout(), Request::kAbort);
  EXPECT_EQ(late.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(late), HasSubstr("SUCCEEDED"));
}

}  // namespace
}  // namespace drover::rollout
