// Restores, proofs and deletions of snapshots over the control services.
#include <gmock/gmock.h>

#include "drover/control/v1/snapshot.grpc.pb.h"
#include "tests/unit/api/served.h"

namespace drover::api {

namespace pb = drover::control::v1;

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RestoreTest : public ::testing::Test {
 protected:
  RestoreTest() {
    EXPECT_TRUE(served_.clusters.PutCluster({"search-prod", "search-prod repo=backups", {}}).ok());
    FakeClusterApi& api = *served_.cluster_api;
    rollout::SnapshotView snapshot;
    snapshot.repository = "backups";
    snapshot.name = "nightly";
    snapshot.state = "SUCCESS";
    snapshot.version = "2.17.1";
    snapshot.indices = {"logs", "metrics"};
    api.snapshots = {snapshot};
    rollout::NodeView node;
    node.version = "2.17.1";
    api.observation.nodes = {node};
    AddIndex("logs", 1000);
    api.restores = {Progress(0), Progress(1), Progress(2)};
    api.documents = {{"metrics", 7}, {"drover-proof-logs", 900}};
  }

  void AddIndex(const std::string& name, uint64_t documents) {
    rollout::IndexView index;
    index.name = name;
    index.docs = documents;
    served_.cluster_api->observation.indices.push_back(index);
  }

  static opensearch::RestoreProgress Progress(int done) {
    opensearch::RestoreProgress progress;
    progress.shards_total = 2;
    progress.shards_done = done;
    return progress;
  }

  // Reads a stream to its end.
  template <typename Reader, typename Message>
  grpc::Status ReadAll(Reader& reader, std::vector<Message>* messages) {
    Message message;
    while (reader.Read(&message)) messages->push_back(message);
    return reader.Finish();
  }

  grpc::Status Restore(std::vector<pb::RestoreSnapshotResponse>* messages,
                       const std::string& index = "") {
    grpc::ClientContext context;
    pb::RestoreSnapshotRequest request;
    request.set_cluster("search-prod");
    request.set_name("nightly");
    if (!index.empty()) request.add_indices(index);
    return ReadAll(*snapshots_->RestoreSnapshot(&context, request), messages);
  }

  grpc::Status Prove(std::vector<pb::ProveSnapshotResponse>* messages) {
    grpc::ClientContext context;
    pb::ProveSnapshotRequest request;
    request.set_cluster("search-prod");
    request.set_name("nightly");
    request.set_sample(1);
    return ReadAll(*snapshots_->ProveSnapshot(&context, request), messages);
  }

  Served served_;
  std::unique_ptr<pb::SnapshotService::Stub> snapshots_ =
      pb::SnapshotService::NewStub(served_.channel);
};

TEST_F(RestoreTest, IsFollowedAndCounted) {
  std::vector<pb::RestoreSnapshotResponse> seen;
  const grpc::Status status = Restore(&seen);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(served_.cluster_api->begun_restores.size(), 1U);
  EXPECT_THAT(served_.cluster_api->begun_restores[0].first.indices,
              ElementsAre(rollout::RestoredIndex{"metrics", "metrics"}));
  EXPECT_FALSE(served_.cluster_api->begun_restores[0].second);
  ASSERT_FALSE(seen.empty());
  ASSERT_EQ(seen.back().progress().counted_size(), 1);
  EXPECT_EQ(seen.back().progress().counted(0).documents(), 7U);
  EXPECT_THAT(served_.cluster_api->DeletedIndices(), IsEmpty());
}

TEST_F(RestoreTest, ARefusedOneBeginsNothing) {
  std::vector<pb::RestoreSnapshotResponse> seen;
  const grpc::Status status = Restore(&seen, "logs");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("it is there already"));
  EXPECT_THAT(served_.cluster_api->begun_restores, IsEmpty());
}

TEST_F(RestoreTest, NotWhileARolloutRuns) {
  rollout::Rollout rollout = TestRollout();
  rollout.phase = rollout::Phase::kRolling;
  served_.coordinator.Commit(rollout, {});
  std::vector<pb::RestoreSnapshotResponse> seen;
  const grpc::Status status = Restore(&seen);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("has not ended"));
  EXPECT_THAT(served_.cluster_api->begun_restores, IsEmpty());
}

TEST_F(RestoreTest, AShardThatIsGivenUpEndsIt) {
  opensearch::RestoreProgress failed = Progress(1);
  failed.failures = {"metrics[0]: no such file"};
  served_.cluster_api->restores = {failed};
  std::vector<pb::RestoreSnapshotResponse> seen;
  const grpc::Status status = Restore(&seen);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("metrics[0]: no such file"));
}

TEST_F(RestoreTest, AProofCountsAndCleansUp) {
  AddIndex("drover-proof-left", 3);
  std::vector<pb::ProveSnapshotResponse> seen;
  const grpc::Status status = Prove(&seen);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(served_.cluster_api->begun_restores.size(), 1U);
  EXPECT_TRUE(served_.cluster_api->begun_restores[0].second);
  EXPECT_THAT(served_.cluster_api->DeletedIndices(),
              ElementsAre("drover-proof-left", "drover-proof-logs"));
  uint64_t restored = 0, live = 0;
  for (const auto& message : seen) {
    for (const auto& index : message.progress().counted()) {
      restored = index.documents();
      live = index.live_documents();
    }
  }
  EXPECT_EQ(restored, 900U);
  EXPECT_EQ(live, 1000U);
}

TEST_F(RestoreTest, AProofThatFailsCleansUpToo) {
  opensearch::RestoreProgress failed = Progress(1);
  failed.failures = {"drover-proof-logs[0]: no such file"};
  served_.cluster_api->restores = {failed};
  std::vector<pb::ProveSnapshotResponse> seen;
  const grpc::Status status = Prove(&seen);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("no way back"));
  EXPECT_THAT(served_.cluster_api->DeletedIndices(), ElementsAre("drover-proof-logs"));
}

TEST_F(RestoreTest, AProofThatIsLeftCleansUp) {
  served_.cluster_api->restores = {Progress(0)};
  {
    grpc::ClientContext context;
    pb::ProveSnapshotRequest request;
    request.set_cluster("search-prod");
    request.set_name("nightly");
    const auto reader = snapshots_->ProveSnapshot(&context, request);
    pb::ProveSnapshotResponse message;
    ASSERT_TRUE(reader->Read(&message));
    context.TryCancel();
    EXPECT_FALSE(reader->Finish().ok());
  }
  EXPECT_TRUE(Eventually([this] { return !served_.cluster_api->DeletedIndices().empty(); }));
}

TEST_F(RestoreTest, APlanSaysWhatIsLeftAlone) {
  grpc::ClientContext context;
  pb::PlanRestoreRequest request;
  request.set_cluster("search-prod");
  request.set_name("nightly");
  pb::PlanRestoreResponse plan;
  ASSERT_TRUE(snapshots_->PlanRestore(&context, request, &plan).ok());
  ASSERT_EQ(plan.indices_size(), 1);
  EXPECT_EQ(plan.indices(0).target(), "metrics");
  ASSERT_EQ(plan.left_alone_size(), 1);
  EXPECT_EQ(plan.left_alone(0).name(), "logs");
  EXPECT_EQ(plan.snapshot().version(), "2.17.1");
}

TEST_F(RestoreTest, DeletesWhatIsNamed) {
  grpc::ClientContext context, second;
  pb::DeleteSnapshotsRequest request;
  request.set_cluster("search-prod");
  request.add_names("nightly");
  pb::DeleteSnapshotsResponse response;
  ASSERT_TRUE(snapshots_->DeleteSnapshots(&context, request, &response).ok());
  EXPECT_THAT(served_.cluster_api->deleted_snapshots, ElementsAre("nightly"));
  // One that is not there keeps all of them.
  request.add_names("typo");
  const grpc::Status status = snapshots_->DeleteSnapshots(&second, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(served_.cluster_api->deleted_snapshots, ElementsAre("nightly"));
}

TEST_F(RestoreTest, TheRepositoryOfOneUpgradeGoesWithItsSnapshot) {
  FakeClusterApi& api = *served_.cluster_api;
  rollout::RepositoryView own;
  own.name = "backups-drover-1";
  own.type = "fs";
  own.exists = true;
  own.settings = {{"location", "/snap/drover-1"}};
  api.own_repositories = {own};
  rollout::SnapshotView taken = api.snapshots[0];
  taken.name = "drover-1";
  taken.repository = own.name;
  api.own_snapshots = {{own.name, {taken}}};

  grpc::ClientContext first, second;
  pb::ListSnapshotsRequest list;
  list.set_cluster("search-prod");
  pb::ListSnapshotsResponse listed;
  ASSERT_TRUE(snapshots_->ListSnapshots(&first, list, &listed).ok());
  ASSERT_EQ(listed.snapshots_size(), 2);
  EXPECT_EQ(listed.snapshots(1).repository(), own.name);

  pb::DeleteSnapshotsRequest request;
  request.set_cluster("search-prod");
  request.add_names("drover-1");
  pb::DeleteSnapshotsResponse response;
  ASSERT_TRUE(snapshots_->DeleteSnapshots(&second, request, &response).ok());
  EXPECT_THAT(response.deleted(), ElementsAre("drover-1"));
  EXPECT_THAT(response.unregistered(), ElementsAre(own.name));
  EXPECT_THAT(api.own_repositories, IsEmpty());
}

TEST_F(RestoreTest, TheWayBackOfARolloutStays) {
  rollout::Rollout rollout = TestRollout();
  rollout.phase = rollout::Phase::kRolling;
  auto plan = std::make_shared<rollout::Plan>(*rollout.plan);
  plan->snapshot = "nightly";
  rollout.plan = plan;
  served_.coordinator.Commit(rollout, {});
  grpc::ClientContext context;
  pb::DeleteSnapshotsRequest request;
  request.set_cluster("search-prod");
  request.add_names("nightly");
  pb::DeleteSnapshotsResponse response;
  const grpc::Status status = snapshots_->DeleteSnapshots(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("way back of rollout"));
  EXPECT_THAT(served_.cluster_api->deleted_snapshots, IsEmpty());
}

TEST_F(RestoreTest, ListsWhatMayGo) {
  rollout::SnapshotView old = served_.cluster_api->snapshots[0];
  old.name = "drover-1";
  rollout::SnapshotView young = old;
  young.name = "drover-2";
  young.ended_at = FromUnixMillis(5'000);
  served_.cluster_api->snapshots = {old, young};
  grpc::ClientContext context;
  pb::ListExpiredSnapshotsRequest request;
  request.set_cluster("search-prod");
  request.set_keep(1);
  pb::ListExpiredSnapshotsResponse response;
  ASSERT_TRUE(snapshots_->ListExpiredSnapshots(&context, request, &response).ok());
  ASSERT_EQ(response.snapshots_size(), 1);
  EXPECT_EQ(response.snapshots(0).name(), "drover-1");
}

}  // namespace
}  // namespace drover::api
