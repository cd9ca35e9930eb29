// A member that fails: what is done about it, and the ways on (opensearch.md M1 steps 13 and 14,
// M4).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/rollout/control.h"
#include "tests/unit/rollout/harness.h"
#include "tests/unit/rollout/matchers.h"

namespace drover::rollout {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Fails;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kNew;
using testing::kOld;
using ::testing::Not;
using testing::Orders;
using Boot = Harness::Member::Boot;

// The first of the plan: os-2 on h2.
class FailingTest : public ::testing::Test {
 protected:
  // The override answers while it is true.
  template <typename V>
  void FailOnce(OperationErrorCode code, const std::string& message) {
    h.override = [this, code, message](const Outstanding& action) -> std::optional<EventBody> {
      if (!broken || !Orders<V>(action)) return std::nullopt;
      return Fails(action, code, message);
    };
  }

  void Start() {
    h.Ask(Request::kStart);
    h.Run();
  }

  void ExpectPausedAndPutBack() {
    EXPECT_EQ(h.rollout().phase, Phase::kPaused) << Name(h.rollout().phase);
    EXPECT_THAT(h.settings, IsEmpty());
    ASSERT_TRUE(h.state("os-2").failure.has_value());
    EXPECT_THAT(h.state("os-2").failure->log_lines, ElementsAre("last line"));
    EXPECT_EQ(h.state("os-3").step, MemberStep::kPending);
  }

  void ExpectResumeSucceeds() {
    broken = false;
    for (auto& [name, member] : h.members) member.boot = Boot::kJoins;
    h.Ask(Request::kResume);
    h.Run();
    EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
    EXPECT_THAT(h.settings, IsEmpty());
  }

  Harness h;
  bool broken = true;
};

TEST_F(FailingTest, AFileThatCannotBeEditedGivesTheOldVersionBack) {
  FailOnce<SetImage>(OperationErrorCode::kDiskFull, "no space left");
  h.override = [this](const Outstanding& action) -> std::optional<EventBody> {
    const auto* set = testing::VerbOf<SetImage>(action);
    if (!broken || set == nullptr || set->image.ends_with(kOld)) return std::nullopt;
    return Fails(action, OperationErrorCode::kDiskFull, "no space left");
  };
  Start();
  ExpectPausedAndPutBack();
  EXPECT_TRUE(h.members["os-2"].running);
  EXPECT_EQ(h.members["os-2"].running_version, kOld);
  EXPECT_THAT(h.rollout().outcome, Contains(AllOf(HasSubstr("os-2"), HasSubstr("tier 0"))));
  EXPECT_FALSE(h.state("os-2").new_image_ran);
  ExpectResumeSucceeds();
}

TEST_F(FailingTest, AnImageThatNeverStartedGivesTheOldVersionBack) {
  FailOnce<UpService>(OperationErrorCode::kImageNotFound, "manifest unknown");
  h.override = [this](const Outstanding& action) -> std::optional<EventBody> {
    if (!broken || !Orders<UpService>(action) || !h.members["os-2"].file_image.ends_with(kNew)) {
      return std::nullopt;
    }
    h.members["os-2"].container.reset();
    return Fails(action, OperationErrorCode::kImageNotFound, "manifest unknown");
  };
  Start();
  ExpectPausedAndPutBack();
  EXPECT_THAT(h.rollout().reason, HasSubstr("manifest unknown"));
  EXPECT_EQ(h.Count("RestoreFile os-2"), 1);
  EXPECT_EQ(h.members["os-2"].running_version, kOld);
  EXPECT_FALSE(h.state("os-2").new_image_ran);
  EXPECT_FALSE(h.state("os-2").stopped);
  EXPECT_THAT(h.rollout().outcome, Contains(HasSubstr("tier 0")));
  ExpectResumeSucceeds();
}

TEST_F(FailingTest, AContainerThatWasMadeAndNeverStartedIsTierZeroToo) {
  h.override = [this](const Outstanding& action) -> std::optional<EventBody> {
    if (!broken || !Orders<UpService>(action) || !h.members["os-2"].file_image.ends_with(kNew)) {
      return std::nullopt;
    }
    ContainerView made;
    made.image = std::string(testing::kImage) + ":" + kNew;
    made.state = "created";
    h.members["os-2"].container = made;
    return Fails(action, OperationErrorCode::kComposeFailed, "port is taken");
  };
  Start();
  EXPECT_EQ(h.members["os-2"].running_version, kOld);
  ExpectResumeSucceeds();
}

TEST_F(FailingTest, WhereTheNewImageHasRunTheOldOneNeverStarts) {
  h.override = [this](const Outstanding& action) -> std::optional<EventBody> {
    if (!broken || !Orders<UpService>(action)) return std::nullopt;
    auto& member = h.members["os-2"];
    member.opened = kNew;  // the harness fails on an older image from now on
    member.container->image = member.file_image;
    member.container->state = "exited";
    member.container->started_at = h.now();
    return Fails(action, OperationErrorCode::kComposeFailed, "exited with code 1");
  };
  Start();
  ExpectPausedAndPutBack();
  EXPECT_EQ(h.Count("RestoreFile os-2"), 0);
  EXPECT_TRUE(h.state("os-2").new_image_ran);
  EXPECT_THAT(h.rollout().outcome,
              Contains(AllOf(HasSubstr("os-2 on h2 is not in the cluster"), HasSubstr("exited"))));
  ExpectResumeSucceeds();
}

TEST_F(FailingTest, AnAgentThatDoesNotSayCountsAsIfItHadRun) {
  h.override = [this](const Outstanding& action) -> std::optional<EventBody> {
    if (!broken) return std::nullopt;
    if (std::holds_alternative<ReadContainer>(action.action)) {
      return ContainerSeen{action.id, false, {}};
    }
    if (!Orders<UpService>(action)) return std::nullopt;
    return Fails(action, OperationErrorCode::kComposeFailed, "cut off");
  };
  Start();
  ExpectPausedAndPutBack();
  EXPECT_EQ(h.Count("RestoreFile os-2"), 0);
  EXPECT_TRUE(h.state("os-2").new_image_ran);
  ExpectResumeSucceeds();
}

TEST_F(FailingTest, ACrashAtBootIsStoppedWithItsVolumeKept) {
  h.members["os-2"].boot = Boot::kCrashes;
  Start();
  ExpectPausedAndPutBack();
  EXPECT_THAT(h.rollout().reason, HasSubstr("ended at boot, exit code 3"));
  EXPECT_EQ(h.Count("StopService os-2"), 2);
  EXPECT_THAT(h.state("os-2").failure->evidence, HasSubstr("its volume is kept"));
}

TEST_F(FailingTest, AfterTheFixACrashedMemberGoesUpDirectly) {
  h.members["os-2"].boot = Boot::kCrashes;
  Start();
  const size_t before = h.verbs().size();
  ExpectResumeSucceeds();
  const std::vector<std::string> after(h.verbs().begin() + static_cast<long>(before),
                                       h.verbs().begin() + static_cast<long>(before) + 3);
  EXPECT_THAT(after, ElementsAre("SetImage os-2", "UpService os-2", "StopService os-3"));
}

TEST_F(FailingTest, AHangIsLeftAsItIsAndItsTimeIsLimited) {
  h.members["os-2"].boot = Boot::kHangs;
  h.override = [this](const Outstanding& action) -> std::optional<EventBody> {
    if (std::holds_alternative<AwaitHealth>(action.action)) h.Advance(Millis(30'000));
    return std::nullopt;
  };
  Start();
  ExpectPausedAndPutBack();
  EXPECT_THAT(h.rollout().reason, HasSubstr("did not join within 10 min"));
  EXPECT_EQ(h.Count("StopService os-2"), 1);
  EXPECT_EQ(h.members["os-2"].container->state, "running");
  // The node is in the cluster by the time that the operator looks.
  h.members["os-2"].running = true;
  const size_t before = h.verbs().size();
  ExpectResumeSucceeds();
  EXPECT_EQ(h.verbs()[before], "StopService os-3");
}

TEST_F(FailingTest, TheWrongVersionStaysInTheClusterAndGoesTheWholeWayAgain) {
  h.override = [this](const Outstanding& action) -> std::optional<EventBody> {
    if (!broken || !Orders<UpService>(action)) return std::nullopt;
    h.members["os-2"].running = true;
    h.members["os-2"].running_version = h.members["os-2"].opened = "2.18.0";
    return OperationEnded{action.id, OperationEnd{}};
  };
  Start();
  ExpectPausedAndPutBack();
  EXPECT_TRUE(h.members["os-2"].running);
  EXPECT_EQ(h.Count("StopService os-2"), 1);
  EXPECT_THAT(h.rollout().outcome, Contains(HasSubstr("os-2 at 2.18.0")));
  ExpectResumeSucceeds();
  EXPECT_EQ(h.Count("StopService os-2"), 2);
}

TEST_F(FailingTest, SkippingGoesOnAndNeverEndsInSuccess) {
  h.members["os-2"].boot = Boot::kCrashes;
  Start();
  EXPECT_EQ(CanAsk(h.rollout(), Asked{Request::kResume, "t", "", "os-9"}).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(CanAsk(h.rollout(), Asked{Request::kResume, "t", "", "os-1"}).code(),
            StatusCode::kFailedPrecondition);
  // Its copies were built again elsewhere while the rollout was paused.
  for (ShardView& shard : h.world.cluster.shards) {
    if (shard.node_id == "id-2") shard.node_id = shard.shard == 0 ? "id-3" : "id-1";
  }
  h.world.cluster.last_committed_config = {"id-1", "id-3"};
  h.world.cluster.nodes[0].roles = h.world.cluster.nodes[2].roles = {"data"};
  h.world.cluster.last_committed_config = {"id-0"};
  NodeView manager;
  manager.id = "id-0";
  manager.name = "os-0";
  manager.roles = {"cluster_manager"};
  h.world.cluster.nodes.push_back(manager);
  h.members["os-0"].running_version = kOld;
  h.Skip("os-2");
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kFailed) << h.rollout().reason;
  EXPECT_THAT(h.rollout().reason, HasSubstr("os-2 is not in the cluster (skipped)"));
  EXPECT_THAT(h.rollout().outcome, Contains(HasSubstr("os-3, os-1 at 2.19.1")));
  EXPECT_EQ(h.state("os-1").step, MemberStep::kDone);
  EXPECT_EQ(h.state("os-3").step, MemberStep::kDone);
  EXPECT_THAT(h.settings, IsEmpty());
}

TEST_F(FailingTest, AGateThatASkippedMemberClosesPausesAndSaysSo) {
  h.members["os-2"].boot = Boot::kCrashes;
  Start();
  h.override = [this](const Outstanding& action) -> std::optional<EventBody> {
    if (std::holds_alternative<SetTimer>(action.action)) h.Advance(Millis(60'000));
    return std::nullopt;
  };
  h.Skip("os-2");
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("os-3 may not stop yet"));
  EXPECT_THAT(h.settings, IsEmpty());
}

TEST_F(FailingTest, AbortStartsTheStoppedMemberAgainAndSaysWhoRunsWhat) {
  h.members["os-2"].boot = Boot::kCrashes;
  Start();
  h.members["os-2"].boot = Boot::kJoins;
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_TRUE(h.members["os-2"].running);
  EXPECT_THAT(h.rollout().outcome,
              Contains(AllOf(HasSubstr("os-3, os-1 at 2.17.1"), HasSubstr("os-2 at 2.19.1"))));
}

TEST_F(FailingTest, AbortAfterTheOperatorPutTheOldTagBackStillGoesForward) {
  h.members["os-2"].boot = Boot::kCrashes;
  Start();
  h.members["os-2"].boot = Boot::kJoins;
  h.members["os-2"].file_image = std::string(testing::kImage) + ":" + kOld;
  h.Ask(Request::kAbort);
  h.Run();  // the harness fails where the old image meets the new volume
  EXPECT_EQ(h.members["os-2"].running_version, kNew);
}

TEST_F(FailingTest, AbortNamesTheMemberThatDoesNotComeBack) {
  h.members["os-2"].boot = Boot::kCrashes;
  Start();
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_THAT(h.rollout().outcome,
              Contains(AllOf(HasSubstr("os-2 on h2 was started again"), HasSubstr("exit code 3"))));
}

TEST_F(FailingTest, AnEngineThatIsDownForAWhileFailsNobody) {
  int down = 10;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (!Orders<UpService>(action) || down-- <= 0) return std::nullopt;
    return Fails(action, OperationErrorCode::kEngineDown, "cannot connect to the Docker daemon");
  };
  h.after_step = [](const Rollout& rollout) {
    for (const MemberState& m : rollout.members) EXPECT_FALSE(m.failure.has_value());
  };
  Start();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
}

// Green without it is not recovered: the others may have built its copies again.
TEST_F(FailingTest, AMemberThatLeavesAgainIsNotDone) {
  int looks = 0;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    const bool recovers = h.state("os-2").step == MemberStep::kRecovered;
    if (recovers && std::holds_alternative<AwaitHealth>(action.action)) {
      h.members["os-2"].running = ++looks > 3;
    }
    return std::nullopt;
  };
  Start();
  EXPECT_GT(looks, 3);
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
}

// The host's agent was away for an hour with the order on its way: the gate is asked again, as much
// may have changed.
TEST_F(FailingTest, AStopThatComesTooLateGoesBackToItsGate) {
  bool late = true;
  int gates = 0;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (std::holds_alternative<ObserveWorld>(action.action)) ++gates;
    const auto* start = std::get_if<StartOperation>(&action.action);
    if (start == nullptr || !Orders<StopService>(action) || !late) return std::nullopt;
    EXPECT_TRUE(start->order.begin_by.has_value());
    late = false;
    gates = 0;
    OperationEnd end;
    end.state = OperationState::kRefused;
    end.error = OperationErrorCode::kDeadlinePassed;
    return OperationEnded{action.id, end};
  };
  h.Ask(Request::kStart);
  h.Run([&] { return !late && !h.actions.empty() && Orders<StopService>(h.actions.front()); });
  EXPECT_EQ(gates, 2);  // before the freeze and after the flush
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
}

TEST_F(FailingTest, AFencedOperationIsNeitherRetriedNorAFailure) {
  h.Ask(Request::kStart);
  h.Run([&] { return !h.actions.empty() && Orders<StopService>(h.actions.front()); });
  const Outstanding stop = h.actions.front();
  h.actions.clear();
  h.Give(Fails(stop, OperationErrorCode::kStaleEpoch, "epoch 3 is older than 4"));
  EXPECT_THAT(h.actions, IsEmpty());
  EXPECT_THAT(h.rollout().outstanding, ElementsAre(stop));
  EXPECT_EQ(h.state("os-2").step, MemberStep::kStop);
  EXPECT_THAT(h.KindsSaid(), Contains("controller.fenced"));
  EXPECT_THAT(h.state("os-2").wait->reason, HasSubstr("another one has taken over"));
}

}  // namespace
}  // namespace drover::rollout
