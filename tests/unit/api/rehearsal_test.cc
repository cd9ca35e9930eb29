// Rehearsals over the control service: what is refused, what is found, and that nothing is left.
#include <gmock/gmock.h>

#include "drover/control/v1/common.pb.h"
#include "drover/control/v1/rehearsal.grpc.pb.h"
#include "tests/unit/api/served.h"

namespace drover::api {

namespace pb = drover::control::v1;

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RehearsalTest : public ::testing::Test {
 protected:
  RehearsalTest() {
    EXPECT_TRUE(
        served_.clusters
            .PutCluster({"search-prod", "search-prod repo=backups h1/search/opensearch", {}})
            .ok());
    FakeClusterApi& api = *served_.cluster_api;
    rollout::SnapshotView snapshot;
    snapshot.repository = "backups";
    snapshot.name = "nightly";
    snapshot.state = "SUCCESS";
    snapshot.version = "2.17.1";
    snapshot.indices = {"logs", "old"};
    api.snapshots = {snapshot};
    api.repository.exists = true;
    api.repository.type = "s3";
    rollout::World& world = served_.coordinator.world;
    rollout::HostView host = TestHost("h1");
    host.memory_available_bytes = 8ULL << 30;
    world.hosts = {host};
    rollout::ProjectView project = host.projects[0];
    project.services[0].environment["node.name"] = "os-1";
    world.projects[{"h1", "search"}] = project;
    served_.agents.projects[{"h1", "search"}] = project;
    rollout::NodeView node;
    node.id = "id-1";
    node.name = "os-1";
    node.version = "2.17.1";
    node.roles = {"data"};
    world.cluster.nodes = {node};
    AddIndex("logs", "2.17.1", 1000);
    AddIndex("old", "1.3.20", 10);
    Node().served["logs"] = {"green", 1000, "", {}};
    Node().served["old"] = {"green", 10, "", {}};
  }

  void AddIndex(const std::string& name, const std::string& created, uint64_t documents) {
    rollout::IndexView index;
    index.name = name;
    index.created_version = created;
    index.docs = documents;
    served_.coordinator.world.cluster.indices.push_back(index);
  }

  // Every message of the stream as one.
  grpc::Status Rehearse(pb::RehearseResponse* all, bool keep = false) {
    grpc::ClientContext context;
    pb::RehearseRequest request;
    request.set_cluster("search-prod");
    request.set_to_version("3.8.0");
    request.set_keep(keep);
    const auto reader = rehearsals_->Rehearse(&context, request);
    pb::RehearseResponse message;
    while (reader->Read(&message)) all->MergeFrom(message);
    return reader->Finish();
  }
  void ExpectRefused(pb::ErrorReason reason, const std::string& why) {
    pb::RehearseResponse all;
    const grpc::Status status = Rehearse(&all);
    EXPECT_THAT(status.error_message(), HasSubstr(why));
    pb::ErrorDetail detail;
    EXPECT_TRUE(detail.ParseFromString(status.error_details()));
    EXPECT_EQ(detail.reason(), reason) << status.error_message();
    EXPECT_THAT(served_.rehearsal_hosts.Started(), IsEmpty());
  }
  void ExpectFails(const std::string& subject, const std::string& text) {
    pb::RehearseResponse all;
    const grpc::Status status = Rehearse(&all);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(all.verdict(), pb::REHEARSAL_VERDICT_FAILED);
    ASSERT_EQ(all.findings_size(), 1);
    EXPECT_EQ(all.findings(0).subject(), subject);
    EXPECT_THAT(all.findings(0).text(), HasSubstr(text));
    EXPECT_TRUE(all.findings(0).fails());
    EXPECT_THAT(served_.rehearsal_hosts.Ended(), ElementsAre(false));
  }
  FakeRehearsalNode& Node() { return *served_.rehearsal_node; }

  Served served_;
  std::unique_ptr<pb::RehearsalService::Stub> rehearsals_ =
      pb::RehearsalService::NewStub(served_.channel);
};

TEST_F(RehearsalTest, PassesWhereEveryIndexComesUp) {
  pb::RehearseResponse all;
  const grpc::Status status = Rehearse(&all);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(all.verdict(), pb::REHEARSAL_VERDICT_PASSED);
  EXPECT_EQ(all.place().host(), "h1");
  EXPECT_EQ(all.place().image(), "registry:5000/opensearch:3.8.0");
  EXPECT_EQ(all.place().snapshot(), "nightly");
  ASSERT_EQ(all.indexes_size(), 2);
  EXPECT_EQ(all.indexes(0).name(), "logs");
  EXPECT_EQ(all.indexes(0).documents(), 1000U);
  EXPECT_EQ(all.indexes(0).live_documents(), 1000U);
  EXPECT_THAT(all.findings(), IsEmpty());
  EXPECT_THAT(served_.rehearsal_hosts.Started(), ElementsAre("h1 registry:5000/opensearch:3.8.0"));
  EXPECT_THAT(served_.rehearsal_hosts.Ended(), ElementsAre(false));
  ASSERT_EQ(served_.coordinator.appended.size(), 2U);
  EXPECT_EQ(served_.coordinator.appended[1].kind, "rehearsal.end");
}

TEST_F(RehearsalTest, AnOldIndexIsFoundWithTheNodesWordsAndTheRemedy) {
  Node().refused["old"] = "the index was created with version [1.3.20]";
  pb::RehearseResponse all;
  EXPECT_TRUE(Rehearse(&all).ok());
  EXPECT_EQ(all.verdict(), pb::REHEARSAL_VERDICT_FAILED);
  ASSERT_EQ(all.indexes_size(), 2);
  EXPECT_EQ(all.indexes(0).verdict(), pb::REHEARSAL_VERDICT_PASSED) << "the others are looked at";
  EXPECT_EQ(all.indexes(1).verdict(), pb::REHEARSAL_VERDICT_FAILED);
  EXPECT_EQ(all.indexes(1).created_version(), "1.3.20");
  EXPECT_EQ(all.indexes(1).text(), "the index was created with version [1.3.20]");
  EXPECT_THAT(all.indexes(1).remedy(), HasSubstr("drover index reindex search-prod old"));
}

TEST_F(RehearsalTest, WhatComesUpOtherwiseThanItShouldIsFound) {
  Node().served["logs"] = {"red", 1000, "", {}};
  Node().served["old"] = {"green", 9, "", {"index.odd"}};
  Node().archived = std::vector<std::string>{"some.setting"};
  pb::RehearseResponse all;
  EXPECT_TRUE(Rehearse(&all).ok());
  EXPECT_EQ(all.indexes(0).text(), "its health is red");
  EXPECT_EQ(all.indexes(1).verdict(), pb::REHEARSAL_VERDICT_PASSED);
  ASSERT_EQ(all.findings_size(), 3);
  EXPECT_EQ(all.findings(0).subject(), "setting some.setting");
  EXPECT_THAT(all.findings(1).text(), HasSubstr("index.odd"));
  EXPECT_THAT(all.findings(2).text(), HasSubstr("9 documents of it and the cluster 10"));
  EXPECT_FALSE(all.findings(2).fails());
}

TEST_F(RehearsalTest, ANodeThatDoesNotBootIsFoundWithItsLog) {
  served_.rehearsal_hosts.view.state = fleet::RehearsalView::State::kEnded;
  served_.rehearsal_hosts.view.exit_code = 78;
  served_.rehearsal_hosts.view.log = {"fatal: unknown setting"};
  ExpectFails("node", "exit code 78\nfatal: unknown setting");
}

TEST_F(RehearsalTest, AnotherVersionThanAskedForIsFound) {
  Node().version = std::string("2.17.1");
  ExpectFails("node", "it reports version 2.17.1, not 3.8.0");
}

TEST_F(RehearsalTest, ARepositoryThatIsNotThereIsFound) {
  Node().sees_snapshot = false;
  ExpectFails("repository", "has no snapshot nightly");
}

TEST_F(RehearsalTest, ARestoreThatStopsIsFound) {
  Node().progress.failures = {"[logs][0]: corrupt"};
  pb::RehearseResponse all;
  EXPECT_TRUE(Rehearse(&all).ok());
  EXPECT_EQ(all.indexes(0).text(), "[logs][0]: corrupt");
}

TEST_F(RehearsalTest, AnImageThatCannotBePulledIsRefusedAndCleanedUp) {
  served_.rehearsal_hosts.view.state = fleet::RehearsalView::State::kEnded;
  served_.rehearsal_hosts.view.error = NotFound("host h1: there is no such image");
  pb::RehearseResponse all;
  const grpc::Status status = Rehearse(&all);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("no such image"));
  EXPECT_THAT(served_.rehearsal_hosts.Ended(), ElementsAre(false));
}

TEST_F(RehearsalTest, IsKeptWhereThatIsAskedFor) {
  pb::RehearseResponse all;
  EXPECT_TRUE(Rehearse(&all, /*keep=*/true).ok());
  EXPECT_THAT(served_.rehearsal_hosts.Ended(), ElementsAre(true));
}

TEST_F(RehearsalTest, ACallerWhoLeavesLeavesNothingBehind) {
  Node().version = Unavailable("it boots");
  grpc::ClientContext context;
  pb::RehearseRequest request;
  request.set_cluster("search-prod");
  request.set_to_version("3.8.0");
  const auto reader = rehearsals_->Rehearse(&context, request);
  pb::RehearseResponse message;
  ASSERT_TRUE(reader->Read(&message));
  context.TryCancel();
  while (reader->Read(&message)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Eventually([this] { return !served_.rehearsal_hosts.Ended().empty(); }));
  EXPECT_THAT(served_.rehearsal_hosts.Ended(), ElementsAre(false));
}

TEST_F(RehearsalTest, RefusesBeforeAnythingStarts) {
  served_.agents.projects[{"h1", "search"}].denials = {"the policy does not allow Rehearse"};
  ExpectRefused(pb::ERROR_REASON_REFUSED_BY_POLICY, "does not allow Rehearse");
  served_.agents.projects[{"h1", "search"}].denials.clear();
  served_.coordinator.world.hosts[0].memory_available_bytes = 1;
  ExpectRefused(pb::ERROR_REASON_REFUSED_BY_CHECK, "of memory free");
  served_.coordinator.world.hosts[0].connected = false;
  ExpectRefused(pb::ERROR_REASON_HOSTS_UNREACHABLE, "(h1)");
  served_.cluster_api->snapshots[0].state = "PARTIAL";
  ExpectRefused(pb::ERROR_REASON_REFUSED_BY_CHECK, "drover snapshot create search-prod");
}

TEST_F(RehearsalTest, NotBesideARollout) {
  rollout::Rollout rollout = TestRollout();
  rollout.phase = rollout::Phase::kRolling;
  auto plan = std::make_shared<rollout::Plan>(*rollout.plan);
  plan->spec.name = "search-prod";
  rollout.plan = plan;
  served_.coordinator.Commit(rollout, {});
  ExpectRefused(pb::ERROR_REASON_CLUSTER_BUSY, "has not ended");
}

}  // namespace
}  // namespace drover::api
