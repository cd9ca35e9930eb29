#include "controller/api/rollout_view.h"

#include <gtest/gtest.h>

#include "tests/unit/api/fakes.h"

namespace drover::api {
namespace {

using rollout::Cell;
using rollout::MemberStep;
using rollout::Phase;
using rollout::Rollout;

void Finish(Rollout& rollout, size_t index, Time from, Millis took) {
  auto& member = rollout.members[index];
  member.step = MemberStep::kDone;
  member.new_image_ran = true;
  member.cells[static_cast<size_t>(Cell::kStop)].started_at = from;
  member.cells[static_cast<size_t>(Cell::kRecover)].ended_at = from + took;
}

std::shared_ptr<rollout::Plan> Copy(const Rollout& rollout) {
  return std::make_shared<rollout::Plan>(*rollout.plan);
}

TEST(ChangedSettingsTest, NamesWhatIsOursInShortWords) {
  Rollout rollout = TestRollout();
  EXPECT_EQ(ChangedSettings(rollout), "");
  rollout.settings = {
      {"cluster.routing.rebalance.enable", std::nullopt, "none", true, {}},
      {"cluster.routing.allocation.enable", std::nullopt, "primaries", true, {}},
      {"cluster.routing.allocation.node_concurrent_recoveries", std::nullopt, "4", false, {}},
  };
  EXPECT_EQ(ChangedSettings(rollout), "allocation primaries, rebalance none (ours)");
  rollout.settings[0].changed = false;
  EXPECT_EQ(ChangedSettings(rollout), "allocation primaries (ours)");
  rollout.settings[1].now.reset();
  EXPECT_EQ(ChangedSettings(rollout), "allocation default (ours)");
}

TEST(RollbackNowTest, TierZeroUntilANewImageRan) {
  EXPECT_EQ(RollbackNow(TestRollout()), "tier 0, the old image starts again, no loss");
}

TEST(RollbackNowTest, SaysWhatTheEngineSawAndNothingFromCounts) {
  Rollout rollout = TestRollout();
  rollout.members[0].new_image_ran = true;
  EXPECT_NE(RollbackNow(rollout).find("not known before"), std::string::npos);
  rollout.rollback = "tier 1, rebuild os-1 from the copies on old nodes, one at a time, no loss";
  EXPECT_EQ(RollbackNow(rollout), rollout.rollback);
}

TEST(NextCommandsTest, AFailedMemberOffersRetrySkipAndAbort) {
  Rollout rollout = TestRollout();
  rollout.phase = Phase::kPaused;
  rollout.members[1].step = MemberStep::kFailed;
  rollout.members[1].failure.emplace();
  const auto commands = NextCommands(rollout);
  ASSERT_EQ(commands.size(), 4u);
  EXPECT_EQ(commands[0], "drover rollout resume 7f3c9a1e   # after your fix: tries os-2 again");
  EXPECT_EQ(commands[1],
            "drover rollout resume 7f3c9a1e --skip os-2   # go on without it; ends as FAILED");
  EXPECT_EQ(commands[2],
            "drover rollout abort 7f3c9a1e   # starts stopped members again, then ends");
  EXPECT_EQ(commands[3].find("drover logs h2/"), 0u);
}

TEST(RollbackNowTest, NothingToRollBack) {
  Rollout aborted = TestRollout();
  aborted.phase = Phase::kAborted;
  EXPECT_EQ(RollbackNow(aborted), "");
  Rollout restart = TestRollout();
  const auto plan = Copy(restart);
  plan->request.kind = rollout::Kind::kRestart;
  restart.plan = plan;
  EXPECT_EQ(RollbackNow(restart),
            "none is needed: the image stays, so any member may be started again as it is");
}

TEST(ExpectedLeftTest, FromThePlanUntilABatchIsDone) {
  Rollout rollout = TestRollout();
  const Time begun = *rollout.started_at;
  EXPECT_EQ(ExpectedLeft(rollout, begun + Millis(10'000)), Millis(25'000));
  // Later than expected: nothing is said rather than something wrong.
  EXPECT_EQ(ExpectedLeft(rollout, begun + Millis(36'000)), std::nullopt);
}

TEST(ExpectedLeftTest, FromWhatBatchesTook) {
  Rollout rollout = TestRollout();
  const Time begun = *rollout.started_at;
  Finish(rollout, 0, begun, Millis(20'000));
  rollout.members[1].step = MemberStep::kUp;
  rollout.members[1].cells[static_cast<size_t>(Cell::kStop)].started_at = begun + Millis(20'000);
  // 5 s into the second of three batches of 20 s.
  EXPECT_EQ(ExpectedLeft(rollout, begun + Millis(25'000)), Millis(35'000));
  Finish(rollout, 1, begun + Millis(20'000), Millis(20'000));
  EXPECT_EQ(ExpectedLeft(rollout, begun + Millis(40'000)), Millis(20'000));
}

TEST(ExpectedLeftTest, NothingWhilePausedOrEnded) {
  Rollout rollout = TestRollout();
  for (const Phase phase : {Phase::kPaused, Phase::kRestoring, Phase::kSucceeded, Phase::kFailed}) {
    rollout.phase = phase;
    EXPECT_EQ(ExpectedLeft(rollout, *rollout.started_at), std::nullopt);
  }
}

TEST(NextCommandsTest, FitTheState) {
  Rollout rollout = TestRollout();
  EXPECT_EQ(NextCommands(rollout).front(), "drover rollout watch 7f3c9a1e");
  rollout.phase = Phase::kPaused;
  EXPECT_EQ(NextCommands(rollout)[0], "drover rollout resume 7f3c9a1e");
  EXPECT_EQ(NextCommands(rollout)[1], "drover rollout abort 7f3c9a1e");
  rollout.phase = Phase::kFailed;
  EXPECT_EQ(NextCommands(rollout)[0], "drover rollout show 7f3c9a1e");
  EXPECT_EQ(NextCommands(rollout)[1], "drover events --rollout 7f3c9a1e");
  rollout.refused = rollout::Refused::kStale;
  EXPECT_EQ(NextCommands(rollout)[0], "drover plan search-prod --to 2.19.1");
  rollout.phase = Phase::kSucceeded;
  EXPECT_EQ(NextCommands(rollout)[0], "drover cluster show search-prod");
}

TEST(NextCommandsTest, EveryPhaseHasOne) {
  Rollout rollout = TestRollout();
  for (int phase = 0; phase <= static_cast<int>(Phase::kRolledBack); ++phase) {
    rollout.phase = static_cast<Phase>(phase);
    EXPECT_FALSE(NextCommands(rollout).empty()) << Name(rollout.phase);
  }
}

TEST(BatchNowTest, CountsFromOneAndBeginsWithTheMembers) {
  Rollout rollout = TestRollout();
  rollout.phase = Phase::kSnapshotting;
  EXPECT_EQ(BatchNow(rollout), 0);
  rollout.phase = Phase::kRolling;
  EXPECT_EQ(BatchNow(rollout), 1);
  rollout.batch = 3;  // past the last one
  rollout.phase = Phase::kFinishing;
  EXPECT_EQ(BatchNow(rollout), 3);
  rollout.phase = Phase::kPaused;
  rollout.batch = 1;
  rollout.members[0].step = MemberStep::kDone;
  EXPECT_EQ(BatchNow(rollout), 2);
}

TEST(MemberNoteTest, NamesTheNextOne) {
  Rollout rollout = TestRollout();
  rollout.batch = 1;
  rollout.members[0].step = MemberStep::kDone;
  rollout.members[1].step = MemberStep::kUp;
  EXPECT_EQ(MemberNote(rollout, 0), "");
  EXPECT_EQ(MemberNote(rollout, 1), "");
  EXPECT_EQ(MemberNote(rollout, 2), "next: last, it is the elected manager");
  rollout.batch = 0;
  rollout.members[0].step = MemberStep::kUp;
  rollout.members[1].step = MemberStep::kPending;
  EXPECT_EQ(MemberNote(rollout, 1), "next");
  EXPECT_EQ(MemberNote(rollout, 2), "last, it is the elected manager");
}

}  // namespace
}  // namespace drover::api
