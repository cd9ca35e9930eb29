#include "controller/api/control_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "drover/control/v1/cluster.grpc.pb.h"
#include "drover/control/v1/event.grpc.pb.h"
#include "drover/control/v1/fleet.grpc.pb.h"
#include "drover/control/v1/rollout.grpc.pb.h"
#include "drover/control/v1/snapshot.grpc.pb.h"
#include "tests/unit/api/served.h"

namespace drover::api {
namespace {

namespace pb = drover::control::v1;
using ::testing::HasSubstr;

class ControlServerTest : public ::testing::Test {
 protected:
  Served served;
  std::unique_ptr<pb::FleetService::Stub> fleet = pb::FleetService::NewStub(served.channel);
  std::unique_ptr<pb::ClusterService::Stub> clusters = pb::ClusterService::NewStub(served.channel);
  std::unique_ptr<pb::RolloutService::Stub> rollouts = pb::RolloutService::NewStub(served.channel);
  std::unique_ptr<pb::SnapshotService::Stub> snapshots =
      pb::SnapshotService::NewStub(served.channel);
  std::unique_ptr<pb::EventService::Stub> events = pb::EventService::NewStub(served.channel);
  grpc::ClientContext context;
};

TEST_F(ControlServerTest, TellsOfItself) {
  pb::GetControllerResponse answer;
  ASSERT_TRUE(fleet->GetController(&context, {}, &answer).ok());
  EXPECT_EQ(answer.version(), "0.1.0");
  EXPECT_EQ(answer.epoch(), 7u);
  EXPECT_EQ(answer.fleet(), "test-fleet");
  EXPECT_EQ(answer.agent_address(), "controller:7441");
}

TEST_F(ControlServerTest, ATokenIsMadeAndRecordedWithoutItsSecret) {
  pb::CreateJoinTokenRequest request;
  request.mutable_ttl()->set_seconds(600);
  pb::CreateJoinTokenResponse answer;
  context.AddMetadata("drover-user", "alice (admin)");
  ASSERT_TRUE(fleet->CreateJoinToken(&context, request, &answer).ok());
  EXPECT_EQ(answer.token(), "DROVER-1-digest-secret");
  EXPECT_EQ(answer.agent_address(), "controller:7441");
  EXPECT_EQ(served.fleet.last_ttl, Millis(600'000));
  ASSERT_EQ(served.coordinator.appended.size(), 1u);
  EXPECT_EQ(served.coordinator.appended[0].kind, "token.created");
  EXPECT_EQ(served.coordinator.appended[0].fields.at("by"), "aliceadmin");
  EXPECT_EQ(served.coordinator.appended[0].text.find("secret"), std::string::npos);
}

TEST_F(ControlServerTest, ATokenThatLivesForNoTimeIsRefused) {
  pb::CreateJoinTokenRequest request;
  request.mutable_ttl()->set_seconds(0);
  pb::CreateJoinTokenResponse answer;
  EXPECT_EQ(fleet->CreateJoinToken(&context, request, &answer).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ControlServerTest, CordonsAndRecordsWho) {
  served.fleet.Put({TestHost("h1"), false, {}, {}});
  pb::CordonHostRequest request;
  request.set_host("h1");
  pb::CordonHostResponse answer;
  ASSERT_TRUE(fleet->CordonHost(&context, request, &answer).ok());
  EXPECT_TRUE(answer.host().cordoned());
  ASSERT_EQ(served.coordinator.appended.size(), 1u);
  EXPECT_EQ(served.coordinator.appended[0].host, "h1");
}

TEST_F(ControlServerTest, APlanThatBlocksIsReturnedAndNotStartable) {
  served.coordinator.plan = std::make_shared<rollout::Plan>(TestPlan());
  served.coordinator.plan->checks = {{"P2", "health", rollout::Verdict::kBlock, "red", "wait"}};
  pb::CreatePlanRequest request;
  request.set_cluster("search-prod");
  request.set_kind(pb::ROLLOUT_KIND_UPGRADE);
  request.set_to_version("2.19.1");
  pb::CreatePlanResponse answer;
  ASSERT_TRUE(rollouts->CreatePlan(&context, request, &answer).ok());
  EXPECT_FALSE(answer.plan().startable());
  EXPECT_EQ(answer.plan().members_size(), 3);
}

TEST_F(ControlServerTest, WaiversAreTheCallers) {
  served.coordinator.plan = std::make_shared<rollout::Plan>(TestPlan());
  pb::CreatePlanRequest request;
  request.set_cluster("search-prod");
  request.set_kind(pb::ROLLOUT_KIND_UPGRADE);
  request.set_to_version("2.19.1");
  request.add_waive("P16");
  request.set_waive_reason("logs can wait");
  pb::CreatePlanResponse answer;
  ASSERT_TRUE(rollouts->CreatePlan(&context, request, &answer).ok());
  const std::vector<rollout::Waiver> wanted = {{"P16", "logs can wait", "local"}};
  EXPECT_EQ(served.coordinator.wanted.waivers, wanted);
}

TEST_F(ControlServerTest, ListsTheChecks) {
  pb::ListChecksResponse answer;
  ASSERT_TRUE(clusters->ListChecks(&context, {}, &answer).ok());
  ASSERT_EQ(static_cast<size_t>(answer.checks_size()), rollout::CheckDefinitions().size());
  EXPECT_EQ(answer.checks(0).id(), "P1");
  EXPECT_FALSE(answer.checks(0).waivable());
  EXPECT_FALSE(answer.checks(0).not_waivable().empty());
}

TEST_F(ControlServerTest, APlanWithoutAKindIsRefused) {
  pb::CreatePlanRequest request;
  request.set_cluster("search-prod");
  pb::CreatePlanResponse answer;
  const grpc::Status status = rollouts->CreatePlan(&context, request, &answer);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(served.coordinator.by.empty());
}

TEST_F(ControlServerTest, ARefusedStartSaysWhyToPrograms) {
  served.coordinator.plan = std::make_shared<rollout::Plan>(TestPlan());
  served.coordinator.start_error = FailedPrecondition("2 hosts are not reachable");
  served.coordinator.start_refusal.reason = driver::RefusalReason::kHostsUnreachable;
  served.coordinator.start_refusal.hosts = {"h1", "h2"};
  pb::StartRolloutRequest request;
  request.set_plan_id(served.coordinator.plan->id.str());
  pb::StartRolloutResponse answer;
  const grpc::Status status = rollouts->StartRollout(&context, request, &answer);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "2 hosts are not reachable");
  pb::ErrorDetail detail;
  ASSERT_TRUE(detail.ParseFromString(status.error_details()));
  EXPECT_EQ(detail.reason(), pb::ERROR_REASON_HOSTS_UNREACHABLE);
  EXPECT_EQ(detail.hosts_size(), 2);
}

TEST_F(ControlServerTest, ResumeCarriesWhomToSkip) {
  served.coordinator.Commit(TestRollout(), {});
  pb::ResumeRolloutRequest request;
  request.set_id("7f3c9a1e");
  request.set_skip("os-2");
  pb::ResumeRolloutResponse answer;
  ASSERT_TRUE(rollouts->ResumeRollout(&context, request, &answer).ok());
  ASSERT_EQ(served.coordinator.asked.size(), 1u);
  EXPECT_EQ(served.coordinator.asked[0].request, rollout::Request::kResume);
  EXPECT_EQ(served.coordinator.asked[0].skip, "os-2");
}

TEST_F(ControlServerTest, AbortCarriesWhoAndWhy) {
  served.coordinator.Commit(TestRollout(), {});
  pb::AbortRolloutRequest request;
  request.set_id("7f3c");
  request.set_reason("wrong cluster");
  pb::AbortRolloutResponse answer;
  ASSERT_TRUE(rollouts->AbortRollout(&context, request, &answer).ok());
  EXPECT_EQ(answer.rollout().id(), "7f3c9a1e");
  ASSERT_EQ(served.coordinator.asked.size(), 1u);
  EXPECT_EQ(served.coordinator.asked[0].request, rollout::Request::kAbort);
  EXPECT_EQ(served.coordinator.asked[0].by, "local");
  EXPECT_EQ(served.coordinator.asked[0].reason, "wrong cluster");
}

TEST_F(ControlServerTest, WhatIsNotBuiltYetSaysSo) {
  pb::WaiveCheckResponse waived;
  EXPECT_EQ(rollouts->WaiveCheck(&context, {}, &waived).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ControlServerTest, ARollbackIsPlannedByTheTierThatIsAskedFor) {
  rollout::Rollout rollout = TestRollout();
  rollout.members.at(0).new_image_ran = true;
  served.coordinator.Commit(rollout, {});
  served.coordinator.plan = std::make_shared<rollout::Plan>(*rollout.plan);
  served.coordinator.plan->request.kind = rollout::Kind::kRollback;
  served.coordinator.plan->undo = rollout::Undo{"7f3c9a1e", 3, "loses it", true, {}, {}, {}, {}};
  pb::RollBackRolloutRequest request;
  request.set_id("7f3c");
  request.set_tier(3);
  pb::RollBackRolloutResponse answer;
  ASSERT_TRUE(rollouts->RollBackRollout(&context, request, &answer).ok());
  ASSERT_EQ(served.coordinator.undo_asked.size(), 1U);
  EXPECT_EQ(served.coordinator.undo_asked[0], std::make_pair(std::string("7f3c9a1e"), 3));
  EXPECT_EQ(answer.plan().undoes(), "7f3c9a1e");
  EXPECT_EQ(answer.plan().tier(), 3U);
  EXPECT_EQ(answer.plan().loss(), "loses it");
}

TEST_F(ControlServerTest, WhereNoNewImageRanThereIsNothingToPlan) {
  served.coordinator.Commit(TestRollout(), {});
  pb::RollBackRolloutRequest request;
  request.set_id("7f3c");
  pb::RollBackRolloutResponse answer;
  ASSERT_TRUE(rollouts->RollBackRollout(&context, request, &answer).ok());
  EXPECT_FALSE(answer.has_plan());
  EXPECT_EQ(answer.rollout().id(), "7f3c9a1e");
  EXPECT_TRUE(served.coordinator.undo_asked.empty());
}

TEST_F(ControlServerTest, EventsComeInPages) {
  served.coordinator.Commit(TestRollout(), {{"a", "", "", "1", {}}, {"b", "", "", "2", {}}});
  served.coordinator.Commit(TestRollout("aaaa0000"), {{"c", "", "", "3", {}}});
  pb::ListEventsRequest request;
  request.set_page_size(2);
  pb::ListEventsResponse answer;
  ASSERT_TRUE(events->ListEvents(&context, request, &answer).ok());
  ASSERT_EQ(answer.events_size(), 2);
  EXPECT_TRUE(answer.more());
  EXPECT_EQ(answer.next_sequence(), 2u);
  request.set_since_sequence(answer.next_sequence());
  grpc::ClientContext second, third;
  ASSERT_TRUE(events->ListEvents(&second, request, &answer).ok());
  ASSERT_EQ(answer.events_size(), 1);
  EXPECT_EQ(answer.events(0).rollout_id(), "aaaa0000");
  EXPECT_FALSE(answer.more());
  request.set_since_sequence(0);
  request.set_rollout_id("7f3c");
  ASSERT_TRUE(events->ListEvents(&third, request, &answer).ok());
  EXPECT_EQ(answer.events_size(), 2);
}

TEST_F(ControlServerTest, AClusterFileIsAppliedAndItsChangesNamed) {
  served.agents.hosts = {TestHost("h1"), TestHost("h2")};
  pb::ApplyClusterRequest request;
  request.set_file("search h1/search/opensearch");
  request.set_file_name("prod.yaml");
  pb::ApplyClusterResponse answer;
  ASSERT_TRUE(clusters->ApplyCluster(&context, request, &answer).ok());
  EXPECT_TRUE(answer.created());
  EXPECT_EQ(answer.changes_size(), 0);
  EXPECT_EQ(answer.cluster().members(0).member().host(), "h1");
  grpc::ClientContext second, third;
  request.set_file("search h1/search/opensearch h2/search/opensearch");
  ASSERT_TRUE(clusters->ApplyCluster(&second, request, &answer).ok());
  EXPECT_FALSE(answer.created());
  ASSERT_EQ(answer.changes_size(), 1);
  EXPECT_EQ(answer.changes(0), "member h2/search/opensearch added");
  EXPECT_EQ(served.clusters.GetCluster("search")->file, request.file());
  request.set_file("search h9/search/opensearch");
  const grpc::Status unknown = clusters->ApplyCluster(&third, request, &answer);
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(unknown.error_message(), HasSubstr("enrolled: h1, h2"));
  EXPECT_NE(served.clusters.GetCluster("search")->file, request.file());
}

TEST_F(ControlServerTest, ABadClusterFileIsRefusedAndNothingStored) {
  pb::ApplyClusterRequest request;
  request.set_file("bad");
  request.set_file_name("prod.yaml");
  pb::ApplyClusterResponse answer;
  const grpc::Status status = clusters->ApplyCluster(&context, request, &answer);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "prod.yaml:1:1: 'bad': expected a name");
  EXPECT_TRUE(served.clusters.ListClusters()->empty());
}

rollout::NodeView Node(const std::string& name) {
  rollout::NodeView node;
  node.id = "id-" + name;
  node.name = name;
  node.version = "2.17.1";
  node.roles = {"data", "cluster_manager"};
  return node;
}

TEST_F(ControlServerTest, AClusterIsShownWithItsMembersAsTheyAre) {
  served.agents.hosts = {TestHost("h1")};
  auto project = TestHost("h1").projects.front();
  project.services.front().environment["node.name"] = "os-1";
  served.agents.projects[{"h1", "search"}] = project;
  served.cluster_api->observation.nodes = {Node("os-1")};
  served.cluster_api->observation.manager_node_id = "id-os-1";
  served.cluster_api->observation.health.status = "green";
  ASSERT_TRUE(served.clusters.PutCluster({"search", "search h1/search/opensearch", {}}).ok());
  auto rollout = TestRollout();
  auto plan = std::make_shared<rollout::Plan>(TestPlan());
  plan->spec.name = "search";
  rollout.plan = plan;
  served.coordinator.Commit(rollout, {});

  pb::GetClusterRequest request;
  request.set_name("search");
  pb::GetClusterResponse answer;
  ASSERT_TRUE(clusters->GetCluster(&context, request, &answer).ok());
  const pb::Cluster& cluster = answer.cluster();
  EXPECT_EQ(cluster.health(), "green");
  EXPECT_EQ(cluster.version(), "2.17.1");
  EXPECT_EQ(cluster.problem(), "");
  EXPECT_EQ(cluster.active_rollout(), "7f3c9a1e");
  ASSERT_EQ(cluster.members_size(), 1);
  EXPECT_EQ(cluster.members(0).member().name(), "os-1");
  EXPECT_EQ(cluster.members(0).node_id(), "id-os-1");
  EXPECT_TRUE(cluster.members(0).elected_manager());
  EXPECT_EQ(cluster.members(0).problem(), "");
}

TEST_F(ControlServerTest, AClusterThatDoesNotAnswerIsListedWithThat) {
  served.cluster_api->error = Unavailable("http://10.0.0.1:9200: connection refused");
  ASSERT_TRUE(served.clusters.PutCluster({"search", "search h1/search/opensearch", {}}).ok());
  pb::ListClustersResponse answer;
  ASSERT_TRUE(clusters->ListClusters(&context, {}, &answer).ok());
  ASSERT_EQ(answer.clusters_size(), 1);
  EXPECT_THAT(answer.clusters(0).problem(), HasSubstr("connection refused"));
  EXPECT_EQ(answer.clusters(0).members_size(), 1);
  grpc::ClientContext second;
  pb::GetClusterRequest request;
  request.set_name("search");
  pb::GetClusterResponse one;
  ASSERT_TRUE(clusters->GetCluster(&second, request, &one).ok());
  EXPECT_THAT(one.cluster().problem(), HasSubstr("connection refused"));
  EXPECT_EQ(one.cluster().members(0).member().host(), "h1");
}

TEST_F(ControlServerTest, AClusterThatHangsIsGivenUpInTime) {
  served.cluster_api->hangs = true;
  ASSERT_TRUE(served.clusters.PutCluster({"search", "search h1/search/opensearch", {}}).ok());
  pb::ListClustersResponse answer;
  ASSERT_TRUE(clusters->ListClusters(&context, {}, &answer).ok());
  ASSERT_EQ(answer.clusters_size(), 1);
  EXPECT_THAT(answer.clusters(0).problem(), HasSubstr("no answer within"));
}

TEST_F(ControlServerTest, DiscoversWhatTheAgentsReport) {
  auto host = TestHost("h1");
  host.projects.front().services.front().container->ports = {{"10.0.0.1", 9201, 9200}};
  auto project = host.projects.front();
  project.services.front().environment = {{"cluster.name", "search"}, {"SECRET", "x"}};
  served.agents.hosts = {host};
  served.agents.projects[{"h1", "search"}] = project;
  pb::DiscoverClustersResponse answer;
  ASSERT_TRUE(clusters->DiscoverClusters(&context, {}, &answer).ok());
  ASSERT_EQ(answer.clusters_size(), 1);
  EXPECT_EQ(answer.clusters(0).file(), "search http://10.0.0.1:9201 h1/search/opensearch");
  EXPECT_GT(answer.clusters(0).notes_size(), 0);
}

TEST_F(ControlServerTest, VerifyNamesTheNodesThatAreMissing) {
  served.cluster_api->observation.nodes = {Node("os-1"), Node("os-2")};
  served.cluster_api->repository.exists = true;
  served.cluster_api->repository.type = "s3";
  served.cluster_api->repository.verified_node_ids = {"id-os-1"};
  ASSERT_TRUE(served.clusters.PutCluster({"search", "search repo=backups", {}}).ok());
  pb::VerifyRepositoryRequest request;
  request.set_cluster("search");
  pb::VerifyRepositoryResponse answer;
  ASSERT_TRUE(snapshots->VerifyRepository(&context, request, &answer).ok());
  EXPECT_EQ(answer.repository(), "backups");
  EXPECT_EQ(answer.type(), "s3");
  ASSERT_EQ(answer.verified_nodes_size(), 1);
  EXPECT_EQ(answer.verified_nodes(0), "os-1");
  ASSERT_EQ(answer.missing_nodes_size(), 1);
  EXPECT_EQ(answer.missing_nodes(0), "os-2");
}

TEST_F(ControlServerTest, ARepositoryThatDoesNotVerifyIsAnError) {
  served.cluster_api->repository.exists = true;
  served.cluster_api->repository.verify_error = "os-2: access denied";
  ASSERT_TRUE(served.clusters.PutCluster({"search", "search repo=backups", {}}).ok());
  pb::VerifyRepositoryRequest request;
  request.set_cluster("search");
  pb::VerifyRepositoryResponse answer;
  const grpc::Status status = snapshots->VerifyRepository(&context, request, &answer);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("os-2: access denied"));
}

TEST_F(ControlServerTest, AClusterWithoutARepositorySaysWhatToDo) {
  ASSERT_TRUE(served.clusters.PutCluster({"search", "search h1/search/opensearch", {}}).ok());
  pb::ListSnapshotsRequest request;
  request.set_cluster("search");
  pb::ListSnapshotsResponse answer;
  const grpc::Status status = snapshots->ListSnapshots(&context, request, &answer);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("names no snapshot repository"));
}

TEST_F(ControlServerTest, AnUnknownSnapshotNamesThoseThatExist) {
  served.cluster_api->snapshots.resize(1);
  served.cluster_api->snapshots[0].name = "nightly";
  ASSERT_TRUE(served.clusters.PutCluster({"search", "search repo=backups", {}}).ok());
  pb::GetSnapshotRequest request;
  request.set_cluster("search");
  request.set_name("weekly");
  pb::GetSnapshotResponse answer;
  const grpc::Status status = snapshots->GetSnapshot(&context, request, &answer);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("there is nightly"));
}

// A handler that is at work when the controller stops: the caller is told at once, and the worker
// finishes into nothing.
TEST_F(ControlServerTest, AUnaryCallEndsWhenTheControllerStops) {
  const auto begun = std::make_shared<std::promise<void>>();
  std::promise<void> release;
  const auto released = release.get_future().share();
  served.coordinator.on_create_plan = [begun, released] {
    begun->set_value();
    released.wait();
  };
  std::thread stopper([&] {
    begun->get_future().wait();
    std::thread shutdown([&] { served.control->Shutdown(); });
    // The call below ends while the worker still waits; only then may the worker go on.
    shutdown.join();
  });
  pb::CreatePlanRequest request;
  request.set_cluster("search-prod");
  request.set_kind(pb::ROLLOUT_KIND_UPGRADE);
  pb::CreatePlanResponse answer;
  const grpc::Status status = rollouts->CreatePlan(&context, request, &answer);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the controller is stopping");
  release.set_value();
  stopper.join();
  grpc::ClientContext second;
  pb::ListHostsResponse hosts;
  EXPECT_EQ(fleet->ListHosts(&second, {}, &hosts).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ControlServerTest, ACancelledCallDoesNotDisturbItsWorker) {
  const auto begun = std::make_shared<std::promise<void>>();
  std::promise<void> release;
  const auto released = release.get_future().share();
  served.coordinator.on_create_plan = [begun, released] {
    begun->set_value();
    released.wait();
  };
  std::thread canceler([&] {
    begun->get_future().wait();
    context.TryCancel();
  });
  pb::CreatePlanRequest request;
  request.set_cluster("search-prod");
  request.set_kind(pb::ROLLOUT_KIND_UPGRADE);
  pb::CreatePlanResponse answer;
  EXPECT_EQ(rollouts->CreatePlan(&context, request, &answer).error_code(),
            grpc::StatusCode::CANCELLED);
  canceler.join();
  release.set_value();
}

}  // namespace
}  // namespace drover::api
