// The judge itself: each promise is seen to be broken where it is.
#include "tests/simulation/promises.h"

#include <gtest/gtest.h>

#include "tests/simulation/sim_host.h"

namespace drover::simulation {
namespace {

class PromisesTest : public testing::Test {
 protected:
  Schedule schedule_{FromUnixMillis(1'700'000'000'000)};
  Random random_{1};
  SimCluster cluster_{schedule_, random_, {3, 3}, kOldVersion, false};
  Promises promises_{schedule_, cluster_};
  rollout::Rollout rollout_;

  bool Broken(const std::string& promise) const {
    return promises_.violation().starts_with(promise + ":");
  }
  rollout::Outstanding Stop() {
    rollout::StartOperation start;
    start.order.verb = rollout::StopService{"opensearch", Millis(1'000)};
    return {rollout::ActionId("r/os-1/stop/1"), start, 0};
  }
};

TEST_F(PromisesTest, StopWithoutASnapshot) {
  promises_.OnVerb(OperationId("a"), rollout::StopService{});
  EXPECT_TRUE(Broken("1")) << promises_.violation();
}

TEST_F(PromisesTest, ARepositoryWithoutItsSnapshotIsARuin) {
  cluster_.BeginSnapshot("backups-drover-1", "drover-1", true);
  EXPECT_TRUE(cluster_.HasRuins());
  cluster_.DeleteSnapshot("backups-drover-1", "drover-1", false);
  EXPECT_TRUE(cluster_.HasRuins());
  cluster_.DeleteSnapshot("backups-drover-1", "drover-1", true);
  EXPECT_FALSE(cluster_.HasRuins());
  EXPECT_FALSE(cluster_.HasBackup());
}

TEST_F(PromisesTest, StopWhileACheckBlocks) {
  rollout_.outstanding = {Stop()};
  rollout_.checks = {{"P2", "health", rollout::Verdict::kBlock, "red", ""}};
  promises_.OnAction(rollout_, Stop());
  EXPECT_TRUE(Broken("2")) << promises_.violation();
}

TEST_F(PromisesTest, TwoHoldersOfAShardDown) {
  cluster_.Leave(0);
  promises_.OnObserved();
  rollout_.outstanding = {Stop()};
  promises_.OnAction(rollout_, Stop());
  promises_.BeforeStop();
  cluster_.Leave(1);
  promises_.AfterStop(Stop().id);
  EXPECT_TRUE(Broken("3")) << promises_.violation();
}

TEST_F(PromisesTest, ANodeThatDiedByItselfIsNobodysFault) {
  promises_.OnObserved();
  rollout_.outstanding = {Stop()};
  promises_.OnAction(rollout_, Stop());
  promises_.OnDisturbance();
  cluster_.Leave(0);
  promises_.BeforeStop();
  cluster_.Leave(1);
  promises_.AfterStop(Stop().id);
  EXPECT_EQ(promises_.violation(), "");
}

TEST_F(PromisesTest, OlderVersionOnANewerVolume) {
  promises_.OnVolumeOpened("os-1", kNewVersion, kOldVersion);
  EXPECT_TRUE(Broken("4")) << promises_.violation();
}

TEST_F(PromisesTest, AClusterManagersVolumeOfAnotherMajorVersionWithoutACopy) {
  promises_.OnVolumeOpened("os-1", kNewVersion, kNewMajorVersion, true);
  EXPECT_EQ(promises_.violation(), "");
  promises_.OnVolumeOpened("os-1", kNewVersion, kNewMajorVersion, false);
  EXPECT_TRUE(Broken("5")) << promises_.violation();
}

TEST_F(PromisesTest, AMemberIsBroughtUpWithAnotherImageThanTheTarget) {
  promises_.WantVersion(kNewVersion);
  promises_.OnUp(OperationId("r/os-1/up/3"), std::string("reg/os:") + kNewVersion);
  promises_.OnUp(OperationId("r/os-1/start-again/4"), std::string("reg/os:") + kOldVersion);
  EXPECT_EQ(promises_.violation(), "");
  promises_.OnUp(OperationId("r/os-1/up/5"), std::string("reg/os:") + kOldVersion);
  EXPECT_TRUE(Broken("8")) << promises_.violation();
}

TEST_F(PromisesTest, AStopOnTheLookOfAnEarlierStop) {
  rollout_.members.resize(1);
  rollout_.members[0].step = rollout::MemberStep::kStop;
  rollout::Outstanding first = Stop();
  rollout_.outstanding = {first};
  promises_.OnObserved();
  promises_.OnAction(rollout_, first);
  promises_.OnAction(rollout_, first);  // performed once more after a start of the controller
  EXPECT_EQ(promises_.violation(), "");
  rollout::Outstanding second = first;
  second.id = rollout::ActionId("r/os-1/stop/9");
  rollout_.outstanding = {second};
  promises_.OnAction(rollout_, second);
  EXPECT_TRUE(Broken("3")) << promises_.violation();
}

TEST_F(PromisesTest, AStopOnALookFromBeforeTheFlush) {
  rollout_.members.resize(1);
  rollout_.members[0].step = rollout::MemberStep::kStop;
  promises_.OnObserved();
  const rollout::Outstanding flush{rollout::ActionId("r/-/flush/1"), rollout::Flush{}};
  rollout_.outstanding = {flush, Stop()};
  promises_.OnAction(rollout_, flush);
  promises_.OnAction(rollout_, Stop());
  EXPECT_TRUE(Broken("3")) << promises_.violation();
}

TEST_F(PromisesTest, AStopThatActsLongAfterItsLook) {
  rollout_.members.resize(1);
  rollout_.members[0].step = rollout::MemberStep::kStop;
  promises_.OnObserved();
  rollout_.outstanding = {Stop()};
  promises_.OnAction(rollout_, Stop());
  schedule_.After(Millis(20'000), [] {});
  schedule_.RunNext();
  promises_.OnVerb(Stop().id, rollout::StopService{});
  EXPECT_TRUE(Broken("3")) << promises_.violation();
}

TEST_F(PromisesTest, SettingChangedAndNotRecorded) {
  rollout::Outstanding put{
      rollout::ActionId("r/-/freeze/1"),
      rollout::PutSettings{{{"cluster.routing.allocation.enable", "primaries"}}}, -1};
  rollout_.outstanding = {put};
  promises_.OnAction(rollout_, put);
  EXPECT_TRUE(Broken("6")) << promises_.violation();
}

TEST_F(PromisesTest, PausedWithASettingOfOurs) {
  cluster_.settings["cluster.routing.allocation.enable"] = "primaries";
  rollout_.phase = rollout::Phase::kPaused;
  rollout_.wait = rollout::Wait{"an operator", {}, {}, "resume"};
  promises_.OnCommitted(rollout_);
  EXPECT_TRUE(Broken("6")) << promises_.violation();
}

TEST_F(PromisesTest, NodeExcludedFromVotingAndNotRecorded) {
  const rollout::Outstanding add{rollout::ActionId("r/-/exclude/1"),
                                 rollout::AddVotingExclusion{{"os-1"}}, -1};
  rollout_.outstanding = {add};
  rollout_.exclusions = {{"os-1", true}};
  promises_.OnAction(rollout_, add);
  EXPECT_EQ(promises_.violation(), "");
  rollout_.exclusions.clear();
  promises_.OnAction(rollout_, add);
  EXPECT_TRUE(Broken("6")) << promises_.violation();
}

TEST_F(PromisesTest, PausedWithANodeExcludedFromVoting) {
  cluster_.exclusions = {"os-1"};
  rollout_.phase = rollout::Phase::kPaused;
  rollout_.wait = rollout::Wait{"an operator", {}, {}, "resume"};
  promises_.OnCommitted(rollout_);
  EXPECT_TRUE(Broken("6")) << promises_.violation();
}

TEST_F(PromisesTest, RestartThatPulls) {
  promises_.ForbidImages();
  promises_.OnVerb(OperationId("a"), rollout::PullImage{});
  EXPECT_NE(promises_.violation(), "");
}

TEST_F(PromisesTest, CompanionStoppedBesideAnOldNode) {
  promises_.WantVersion(kOldVersion);
  promises_.OnCompanionStops();
  EXPECT_EQ(promises_.violation(), "");
  promises_.WantVersion(kNewVersion);
  promises_.OnCompanionStops();
  EXPECT_NE(promises_.violation(), "");
}

TEST_F(PromisesTest, ActionThatIsNotCommitted) {
  promises_.OnAction(rollout_, Stop());
  EXPECT_TRUE(Broken("7")) << promises_.violation();
}

TEST_F(PromisesTest, VerbThatActsTwice) {
  promises_.OnVerb(OperationId("a"), rollout::PullImage{});
  EXPECT_EQ(promises_.violation(), "");
  promises_.OnVerb(OperationId("a"), rollout::PullImage{});
  EXPECT_TRUE(Broken("7")) << promises_.violation();
}

TEST_F(PromisesTest, WaitWithoutAReason) {
  rollout_.phase = rollout::Phase::kChecking;
  promises_.OnCommitted(rollout_);
  EXPECT_TRUE(Broken("10")) << promises_.violation();
}

}  // namespace
}  // namespace drover::simulation
