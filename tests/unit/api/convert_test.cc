#include "controller/api/convert.h"

#include <gtest/gtest.h>

#include "tests/unit/api/fakes.h"

namespace drover::api {
namespace {

using rollout::Cell;
using rollout::MemberStep;
using rollout::Phase;

const Time kNow = FromUnixMillis(1'800'000'000'123);

TEST(ConvertTimeTest, BothSidesOfTheEpoch) {
  google::protobuf::Timestamp stamp;
  ToProto(FromUnixMillis(1'500), &stamp);
  EXPECT_EQ(stamp.seconds(), 1);
  EXPECT_EQ(stamp.nanos(), 500'000'000);
  ToProto(FromUnixMillis(-500), &stamp);
  EXPECT_EQ(stamp.seconds(), -1);
  EXPECT_EQ(stamp.nanos(), 500'000'000);
}

TEST(ConvertTimeTest, DurationsKeepTheirSign) {
  for (const int64_t ms : {0, 1, 999, 61'500, -1, -1'500}) {
    google::protobuf::Duration span;
    ToProto(Millis(ms), &span);
    EXPECT_EQ(FromProto(span), Millis(ms));
    EXPECT_GE(span.seconds() * span.nanos(), 0);
  }
}

TEST(ConvertRolloutTest, EveryPhaseAndStepHasItsWord) {
  rollout::Rollout rollout = TestRollout();
  for (int phase = 0; phase <= static_cast<int>(Phase::kRolledBack); ++phase) {
    rollout.phase = static_cast<Phase>(phase);
    pb::Rollout out;
    ToProto(rollout, kNow, &out);
    EXPECT_EQ(pb::RolloutState_Name(out.state()), "ROLLOUT_STATE_" + Name(rollout.phase));
  }
  for (int step = 0; step <= static_cast<int>(MemberStep::kFailed); ++step) {
    rollout.members[0].step = static_cast<MemberStep>(step);
    pb::Rollout out;
    ToProto(rollout, kNow, &out);
    EXPECT_EQ(pb::MemberState_Name(out.members(0).state()),
              "MEMBER_STATE_" + Name(rollout.members[0].step));
  }
}

TEST(ConvertRolloutTest, WhatTheWatchScreenShows) {
  rollout::Rollout rollout = TestRollout();
  auto& member = rollout.members[1];
  rollout.batch = 1;
  rollout.health = "green";
  rollout.members[0].step = MemberStep::kDone;
  rollout.members[0].new_image_ran = true;
  rollout.members[0].version = "2.19.1";
  member.step = MemberStep::kJoined;
  auto& stop = member.cells[static_cast<size_t>(Cell::kStop)];
  stop.started_at = kNow - Millis(600);
  stop.ended_at = kNow;
  auto& join = member.cells[static_cast<size_t>(Cell::kJoin)];
  join.started_at = kNow;
  join.text = "waits for os-2 in the cluster";
  member.cells[static_cast<size_t>(Cell::kUp)].failed = true;
  member.wait = rollout::Wait{"waits for os-2", kNow, kNow + Millis(600'000), "os-2 joined"};
  rollout.rollback = "tier 1, rebuild os-1 from its replicas, no loss";
  rollout.snapshot.state = "SUCCESS";
  rollout.snapshot.shards_total = 20;

  pb::Rollout out;
  ToProto(rollout, kNow, &out);
  EXPECT_EQ(out.id(), "7f3c9a1e");
  EXPECT_EQ(out.batch(), 2u);
  EXPECT_EQ(out.batches(), 3u);
  EXPECT_EQ(out.from_version(), "2.17.1");
  EXPECT_EQ(out.to_version(), "2.19.1");
  EXPECT_EQ(out.cluster_health(), "green");
  EXPECT_EQ(out.snapshot().name(), "drover-7f3c9a1e");
  EXPECT_EQ(out.snapshot().shards_total(), 20u);
  EXPECT_EQ(out.rollback(),
            "rollback now would be: tier 1, rebuild os-1 from its replicas, no loss");
  ASSERT_EQ(out.members_size(), 3);
  const pb::MemberProgress& second = out.members(1);
  EXPECT_EQ(second.batch(), 2u);
  ASSERT_EQ(second.cells_size(), 5);
  EXPECT_EQ(second.cells(0).column(), pb::COLUMN_PREFETCH);
  EXPECT_EQ(second.cells(0).state(), pb::CELL_STATE_PENDING);
  EXPECT_EQ(second.cells(1).state(), pb::CELL_STATE_DONE);
  EXPECT_EQ(second.cells(2).state(), pb::CELL_STATE_FAILED);
  EXPECT_EQ(second.cells(3).state(), pb::CELL_STATE_RUNNING);
  EXPECT_EQ(second.cells(3).text(), "waits for os-2 in the cluster");
  EXPECT_EQ(second.wait().ends_when(), "os-2 joined");
  EXPECT_TRUE(second.wait().has_until());
  EXPECT_EQ(out.members(2).note(), "next: last, it is the elected manager");
}

TEST(ConvertRolloutTest, ARolloutWithoutMemberStatesIsShownPending) {
  rollout::Rollout rollout = TestRollout();
  rollout.members.clear();
  pb::Rollout out;
  ToProto(rollout, kNow, &out);
  ASSERT_EQ(out.members_size(), 3);
  EXPECT_EQ(out.members(0).state(), pb::MEMBER_STATE_PENDING);
}

TEST(ConvertPlanTest, PromisesOnlyWhatHolds) {
  rollout::Plan plan = TestPlan();
  pb::Plan out;
  ToProto(plan, &out);
  ASSERT_EQ(out.promises_size(), 2);
  EXPECT_EQ(out.promises(0), "one member down at a time");
  EXPECT_EQ(out.promises(1), "no shard without a started copy");
  EXPECT_EQ(out.prefetch_images_size(), 1);
  EXPECT_EQ(out.repository_verified_nodes(), 3u);
  EXPECT_EQ(out.members(2).batch(), 3u);
  EXPECT_TRUE(out.startable());

  plan.checks.push_back({"P16", "replicas", rollout::Verdict::kWarn, "logs-tmp has none", ""});
  plan.checks.push_back({"P2", "health", rollout::Verdict::kBlock, "red", ""});
  plan.members[1].batch = 0;
  out.Clear();
  ToProto(plan, &out);
  ASSERT_EQ(out.promises_size(), 1);
  EXPECT_EQ(out.promises(0), "at most 2 members down at a time");
  EXPECT_FALSE(out.startable());
  EXPECT_EQ(out.checks(1).verdict(), pb::VERDICT_BLOCK);
}

TEST(ConvertRefusalTest, GoesIntoTheDetails) {
  driver::Refusal refusal;
  refusal.reason = driver::RefusalReason::kStale;
  refusal.changes = {"h1 search/docker-compose.yml has other bytes"};
  const grpc::Status status = ToGrpc(FailedPrecondition("the plan is stale"), refusal);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "the plan is stale");
  pb::ErrorDetail detail;
  ASSERT_TRUE(detail.ParseFromString(status.error_details()));
  EXPECT_EQ(detail.reason(), pb::ERROR_REASON_PLAN_STALE);
  ASSERT_EQ(detail.changes_size(), 1);
  EXPECT_TRUE(ToGrpc(NotFound("x"), driver::Refusal()).error_details().empty());
}

TEST(ConvertHostTest, TheFullestDiskCounts) {
  fleet::HostStatus status;
  status.view = TestHost("h1");
  status.view.disks = {{"/", 100, 50}, {"/var/lib/docker", 200, 10}};
  status.revoked = true;
  pb::Host out;
  ToProto(status, &out);
  EXPECT_EQ(out.disk_free_bytes(), 10u);
  EXPECT_EQ(out.disk_total_bytes(), 200u);
  EXPECT_TRUE(out.revoked());
  EXPECT_EQ(out.projects(0).services(0).container_state(), "running");
}

}  // namespace
}  // namespace drover::api
