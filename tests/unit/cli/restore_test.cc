// snapshot restore, prove, delete and prune: what is asked for, what is said, how each end ends.
#include <gmock/gmock.h>

#include "tests/unit/cli/fake_control.h"

namespace drover::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RestoreTest : public CliTest {
 protected:
  RestoreTest() {
    v1::RestoredIndex* index = snapshots_.restore_plan.add_indices();
    index->set_name("logs");
    index->set_target("old-logs");
    v1::LeftIndex* left = snapshots_.restore_plan.add_left_alone();
    left->set_name("metrics");
    left->set_reason("it is there already");
    snapshots_.restore_plan.mutable_snapshot()->set_name("nightly");
    snapshots_.restore_plan.mutable_snapshot()->set_version("2.17.1");
    v1::RestoreProgress running;
    running.set_text("restores");
    running.set_shards_done(1);
    running.set_shards_total(4);
    v1::RestoreProgress counted;
    counted.set_text("restored old-logs");
    v1::CountedIndex* count = counted.add_counted();
    count->set_name("logs");
    count->set_target("old-logs");
    count->set_documents(1713);
    count->set_live_documents(1800);
    snapshots_.steps = {running, counted};
    v1::Snapshot* old = snapshots_.expired.add_snapshots();
    old->set_name("drover-1");
    old->set_state("SUCCESS");
  }
};

TEST_F(RestoreTest, SaysWhatComesBackThenHowFarItIs) {
  const Result result = Run({"snapshot", "restore", "search", "nightly", "--prefix", "old-", "-y"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("logs as old-logs"), HasSubstr("metrics is left alone"),
                                HasSubstr("1 of 4 shards")));
  EXPECT_THAT(result.out, AllOf(HasSubstr("old-logs"), HasSubstr("1713"), HasSubstr("1800")));
  ASSERT_TRUE(snapshots_.restored.has_value());
  EXPECT_EQ(snapshots_.restored->prefix(), "old-");
  ASSERT_EQ(snapshots_.restored->indices_size(), 1);
  EXPECT_EQ(snapshots_.restored->indices(0), "logs");
}

TEST_F(RestoreTest, AsksAndTakesNoForAnAnswer) {
  EXPECT_THAT(Run({"snapshot", "restore", "search", "nightly"}).err, HasSubstr("give --yes"));
  env_.in_is_terminal = env_.err_is_terminal = true;
  in_.str("n\n");
  const Result result = Run({"snapshot", "restore", "search", "nightly"});
  EXPECT_EQ(result.exit, Exit::kError);
  EXPECT_THAT(result.err, HasSubstr("nothing was changed"));
  EXPECT_FALSE(snapshots_.restored.has_value());
}

TEST_F(RestoreTest, WhatIsRefusedIsNotBegun) {
  snapshots_.plan_status =
      grpc::Status(grpc::StatusCode::FAILED_PRECONDITION,
                   "snapshot nightly was taken by 2.19.4, and the cluster runs 2.17.1");
  const Result result = Run({"snapshot", "restore", "search", "nightly", "-y"});
  EXPECT_NE(result.exit, Exit::kOk);
  EXPECT_THAT(result.err, AllOf(HasSubstr("2.19.4"), HasSubstr("2.17.1")));
  EXPECT_FALSE(snapshots_.restored.has_value());
}

TEST_F(RestoreTest, AProofSaysWhatItProved) {
  const Result result = Run({"snapshot", "prove", "search", "nightly"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_THAT(result.err, HasSubstr("proven: 1 index of snapshot nightly"));
  snapshots_.restore_status =
      grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "this snapshot is no way back");
  const Result failed = Run({"snapshot", "prove", "search", "nightly"});
  EXPECT_NE(failed.exit, Exit::kOk);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("no way back"), Not(HasSubstr("proven"))));
}

TEST_F(RestoreTest, DeletesWhatWasNamed) {
  const Result result = Run({"snapshot", "delete", "search", "a", "b", "-y"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_EQ(snapshots_.deleted.names_size(), 2);
  EXPECT_THAT(result.out, HasSubstr("deleted a"));
}

TEST_F(RestoreTest, PrunesWhatTheRetentionLetsGo) {
  const Result result =
      Run({"snapshot", "prune", "search", "--keep", "3", "--older-than", "24h", "-y"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_EQ(snapshots_.expired_request.keep(), 3U);
  EXPECT_EQ(snapshots_.expired_request.age().seconds(), 86'400);
  ASSERT_EQ(snapshots_.deleted.names_size(), 1);
  EXPECT_EQ(snapshots_.deleted.names(0), "drover-1");
}

TEST_F(RestoreTest, NothingToPruneIsSaid) {
  snapshots_.expired.clear_snapshots();
  const Result result = Run({"snapshot", "prune", "search", "-y"});
  EXPECT_EQ(result.exit, Exit::kOk);
  EXPECT_THAT(result.err, HasSubstr("nothing to delete"));
  EXPECT_EQ(snapshots_.deleted.names_size(), 0);
  EXPECT_THAT(Run({"snapshot", "prune", "search", "--older-than", "soon", "-y"}).err,
              HasSubstr("is no duration"));
}

}  // namespace
}  // namespace drover::cli
