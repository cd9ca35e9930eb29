#include "controller/rollout/restore.h"

#include <gmock/gmock.h>

#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SnapshotView Whole(const std::string& name = "nightly") {
  SnapshotView snapshot;
  snapshot.repository = "backups";
  snapshot.name = name;
  snapshot.state = "SUCCESS";
  snapshot.version = "2.17.1";
  snapshot.indices = {"logs", "metrics", ".opendistro_security"};
  return snapshot;
}

// Runs 2.17.1 and holds "logs".
ClusterObservation Cluster() { return testing::HealthyWorld().cluster; }

void ExpectRefused(const RestoreRequest& request, const SnapshotView& snapshot, StatusCode code,
                   const std::string& reason) {
  const StatusOr<RestorePlan> plan = PlanRestore(request, snapshot, Cluster());
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().code(), code);
  EXPECT_THAT(Message(plan.status()), HasSubstr(reason));
}

TEST(RestoreTest, WhatTheClusterLacksComesBack) {
  const StatusOr<RestorePlan> plan = PlanRestore({}, Whole(), Cluster());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(plan->indices, ElementsAre(RestoredIndex{"metrics", "metrics"}));
  ASSERT_EQ(plan->left_alone.size(), 2U);
  EXPECT_EQ(plan->left_alone[0].name, "logs");
  EXPECT_THAT(plan->left_alone[0].reason, HasSubstr("delete it first"));
  EXPECT_THAT(plan->left_alone[1].reason, HasSubstr("admin certificate"));
}

TEST(RestoreTest, UnderAnotherNameItComesBesideWhatIsThere) {
  const StatusOr<RestorePlan> plan =
      PlanRestore({.indices = {"logs"}, .prefix = "old-"}, Whole(), Cluster());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(plan->indices, ElementsAre(RestoredIndex{"logs", "old-logs"}));
  ExpectRefused({.prefix = "_old"}, Whole(), StatusCode::kInvalidArgument, "a letter or a digit");
  ExpectRefused({.prefix = "Old-"}, Whole(), StatusCode::kInvalidArgument, "lower case");
}

TEST(RestoreTest, NeverOverAnIndexThatIsThere) {
  ExpectRefused({.indices = {"logs"}}, Whole(), StatusCode::kFailedPrecondition,
                "it is there already");
  SnapshotView snapshot = Whole();
  snapshot.indices = {"logs"};
  ExpectRefused({}, snapshot, StatusCode::kFailedPrecondition, "nothing of snapshot nightly");
}

TEST(RestoreTest, OnlyOfAWholeSnapshot) {
  SnapshotView partial = Whole();
  partial.state = "PARTIAL";
  ExpectRefused({}, partial, StatusCode::kFailedPrecondition, "that is no backup");
  SnapshotView failed = Whole();
  failed.shards_failed = 1;
  ExpectRefused({}, failed, StatusCode::kFailedPrecondition, "1 failed shards");
  ExpectRefused({.indices = {"nothing"}}, Whole(), StatusCode::kNotFound, "logs, metrics");
}

TEST(RestoreTest, NeverOntoAnOlderVersion) {
  SnapshotView newer = Whole();
  newer.version = "2.17.2";
  ExpectRefused({}, newer, StatusCode::kFailedPrecondition,
                "was taken by 2.17.2, and the cluster runs 2.17.1");
  // The oldest node counts.
  ClusterObservation mixed = Cluster();
  for (NodeView& node : mixed.nodes) node.version = "2.19.1";
  EXPECT_TRUE(PlanRestore({}, newer, mixed).ok());
  mixed.nodes[1].version = "2.17.1";
  EXPECT_FALSE(PlanRestore({}, newer, mixed).ok());
}

TEST(RestoreTest, OneMajorVersionAtMost) {
  SnapshotView old = Whole();
  old.version = "1.3.20";
  EXPECT_TRUE(PlanRestore({}, old, Cluster()).ok());
  ClusterObservation three = Cluster();
  for (NodeView& node : three.nodes) node.version = "3.8.0";
  const auto plan = PlanRestore({}, old, three);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(Message(plan.status()), HasSubstr("into a cluster of 2.x"));
}

TEST(RestoreTest, TheSecurityIndexWithTheAdminsCertificate) {
  const RestoreRequest request{.indices = {".opendistro_security"}};
  ExpectRefused(request, Whole(), StatusCode::kFailedPrecondition, "admin certificate");
  RestoreRequest by_admin = request;
  by_admin.is_admin = true;
  EXPECT_TRUE(PlanRestore(by_admin, Whole(), Cluster()).ok());
}

TEST(RestoreTest, ASampleIsOfSmallIndexesWithDocuments) {
  ClusterObservation cluster = Cluster();
  cluster.indices.clear();
  const auto add = [&](const std::string& name, uint64_t docs, uint64_t bytes) {
    IndexView index;
    index.name = name;
    index.docs = docs;
    index.store_bytes = bytes;
    cluster.indices.push_back(index);
  };
  add("large", 9, 900);
  add("empty", 0, 1);
  add("small", 5, 50);
  SnapshotView snapshot = Whole();
  snapshot.indices = {"gone", "empty", "large", "small", ".opendistro_security"};
  EXPECT_THAT(ChooseSample(snapshot, cluster, 2), ElementsAre("small", "large"));
  EXPECT_THAT(ChooseSample(snapshot, cluster, 9), ElementsAre("small", "large", "empty", "gone"));
}

SnapshotView Ended(const std::string& name, int hour, const std::string& state = "SUCCESS") {
  SnapshotView snapshot = Whole(name);
  snapshot.state = state;
  snapshot.ended_at = testing::kStart + Millis(hour * 3'600'000LL);
  return snapshot;
}

std::vector<std::string> Expired(const std::vector<SnapshotView>& snapshots,
                                 const Retention& retention) {
  std::vector<std::string> names;
  const Time now = testing::kStart + Millis(100 * 3'600'000LL);
  for (const SnapshotView& one : FindExpired(snapshots, retention, now)) names.push_back(one.name);
  return names;
}

TEST(RetentionTest, TheNewestWholeOnesStay) {
  const std::vector<SnapshotView> all = {Ended("drover-1", 1), Ended("drover-2", 2),
                                         Ended("drover-3", 3), Ended("drover-4", 4, "PARTIAL")};
  EXPECT_THAT(Expired(all, {.keep = 2}), ElementsAre("drover-4", "drover-1"));
  // The last whole one is never let go.
  EXPECT_THAT(Expired(all, {.keep = 0}), ElementsAre("drover-4", "drover-2", "drover-1"));
}

TEST(RetentionTest, YoungOnesStay) {
  const std::vector<SnapshotView> all = {Ended("drover-1", 1), Ended("drover-90", 90),
                                         Ended("drover-99", 99), Ended("drover-98", 98, "FAILED")};
  EXPECT_THAT(Expired(all, {.keep = 1, .age = Millis(24 * 3'600'000LL)}), ElementsAre("drover-1"));
}

TEST(RetentionTest, OnlyWhatDroverTookAndWhatHasEnded) {
  SnapshotView by_rollout = Ended("upgrade", 1);
  by_rollout.origin.emplace();
  const std::vector<SnapshotView> all = {Ended("nightly", 1), by_rollout, Ended("drover-9", 9),
                                         Ended("drover-5", 5, "IN_PROGRESS")};
  EXPECT_THAT(Expired(all, {.keep = 1}), ElementsAre("upgrade"));
  EXPECT_THAT(Expired({Ended("nightly", 1)}, {.keep = 1}), IsEmpty());
}

}  // namespace
}  // namespace drover::rollout
