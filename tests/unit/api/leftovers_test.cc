// What rollouts left behind, over the control services.
#include <gmock/gmock.h>

#include "drover/control/v1/fleet.grpc.pb.h"
#include "tests/unit/api/served.h"

namespace drover::api {

namespace pb = drover::control::v1;

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LeftoversTest : public ::testing::Test {
 protected:
  LeftoversTest() {
    EXPECT_TRUE(served_.clusters
                    .PutCluster({"search-prod",
                                 "search-prod repo=backups h1/search/opensearch "
                                 "h2/search/opensearch",
                                 {}})
                    .ok());
    for (const char* name : {"h1", "h2", "h9"}) {
      fleet::HostStatus host;
      host.view = TestHost(name);
      served_.fleet.Put(host);
    }
    served_.leftovers.kept["h1"] = {
        Left(fleet::LeftoverKind::kColdCopy, "opensearch", "drover-7f3c9a1e"),
        Left(fleet::LeftoverKind::kKeptVolume, "opensearch", "drover-unknown")};
    served_.leftovers.kept["h9"] = {Left(fleet::LeftoverKind::kColdCopy, "other", "drover-old")};
    rollout::SnapshotView taken, manual;
    taken.repository = manual.repository = "backups";
    taken.name = "drover-3b5c0001";
    taken.origin = rollout::SnapshotOrigin();
    taken.origin->rollout = "3b5c0001";
    manual.name = "nightly";
    served_.cluster_api->snapshots = {manual, taken};
    served_.cluster_api->snapshot_bytes = {{"drover-3b5c0001", 4000}, {"nightly", 1}};
  }

  static fleet::Leftover Left(fleet::LeftoverKind kind, const std::string& service,
                              const std::string& name) {
    fleet::Leftover leftover;
    leftover.kind = kind;
    leftover.project = "search";
    leftover.service = service;
    leftover.name = name;
    leftover.path = "/var/lib/drover-agent/files/" + name;
    leftover.bytes = 1000;
    leftover.created_at = FromUnixMillis(1'799'000'000'000);
    return leftover;
  }
  pb::ListLeftoversResponse List(const std::string& cluster) {
    grpc::ClientContext context;
    pb::ListLeftoversRequest request;
    request.set_cluster(cluster);
    pb::ListLeftoversResponse response;
    const grpc::Status status = fleet_->ListLeftovers(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  static std::vector<std::string> Words(const pb::ListLeftoversResponse& response) {
    std::vector<std::string> words;
    for (const pb::Leftover& leftover : response.leftovers()) {
      words.push_back(leftover.cluster() + ":" + leftover.host() + "/" + leftover.service() + " " +
                      leftover.name() + " of " + leftover.rollout() + " " +
                      std::to_string(leftover.bytes()));
    }
    return words;
  }
  grpc::Status Remove(const std::string& host, const std::string& service, const std::string& name,
                      pb::LeftoverKind kind = pb::LEFTOVER_KIND_COLD_COPY) {
    grpc::ClientContext context;
    pb::RemoveLeftoverRequest request;
    request.set_host(host);
    request.set_project("search");
    request.set_service(service);
    request.set_name(name);
    request.set_kind(kind);
    return fleet_->RemoveLeftover(&context, request, &removed_);
  }

  Served served_;
  pb::RemoveLeftoverResponse removed_;
  std::unique_ptr<pb::FleetService::Stub> fleet_ = pb::FleetService::NewStub(served_.channel);
};

TEST_F(LeftoversTest, OfAClusterAreOfItsMembersAndItsRepository) {
  served_.coordinator.Commit(TestRollout(), {});
  const pb::ListLeftoversResponse response = List("search-prod");
  EXPECT_THAT(Words(response),
              ElementsAre("search-prod:/ drover-3b5c0001 of 3b5c0001 4000",
                          "search-prod:h1/opensearch drover-7f3c9a1e of 7f3c9a1e 1000",
                          "search-prod:h1/opensearch drover-unknown of  1000"));
  EXPECT_EQ(response.leftovers(0).kind(), pb::LEFTOVER_KIND_SNAPSHOT);
  EXPECT_EQ(response.leftovers(0).path(), "backups");
  EXPECT_EQ(response.leftovers(2).kind(), pb::LEFTOVER_KIND_KEPT_VOLUME);
  ASSERT_EQ(response.unseen_size(), 1);
  EXPECT_EQ(response.unseen(0).what(), "host h2");
  EXPECT_THAT(response.unseen(0).reason(), HasSubstr("not connected"));
}

TEST_F(LeftoversTest, OfAllAreThoseOfServicesOfNoClusterToo) {
  EXPECT_THAT(Words(List("")), testing::Contains(":h9/other drover-old of  1000"));
}

TEST_F(LeftoversTest, ARepositoryThatCannotBeReadIsNamed) {
  EXPECT_TRUE(served_.clusters.PutCluster({"broken", "bad", {}}).ok());
  const pb::ListLeftoversResponse response = List("");
  ASSERT_EQ(response.unseen_size(), 2);
  EXPECT_EQ(response.unseen(0).what(), "cluster broken");
}

TEST_F(LeftoversTest, ASnapshotInTheRepositoryOfOneUpgradeIsThereToo) {
  FakeClusterApi& api = *served_.cluster_api;
  rollout::RepositoryView own;
  own.name = "backups-drover-9a9a0001";
  own.type = "fs";
  own.exists = true;
  own.settings = {{"location", "/snap/drover-9a9a0001"}};
  api.own_repositories = {own};
  rollout::SnapshotView taken;
  taken.repository = own.name;
  taken.name = "drover-9a9a0001";
  taken.origin = rollout::SnapshotOrigin();
  taken.origin->rollout = "9a9a0001";
  api.own_snapshots = {{own.name, {taken}}};
  const pb::ListLeftoversResponse response = List("search-prod");
  ASSERT_EQ(response.leftovers_size(), 4);
  EXPECT_EQ(response.leftovers(0).name(), "drover-3b5c0001");
  EXPECT_EQ(response.leftovers(1).name(), "drover-9a9a0001");
  EXPECT_EQ(response.leftovers(1).path(), own.name);
  EXPECT_FALSE(response.leftovers(1).has_bytes());
}

TEST_F(LeftoversTest, OneIsRemovedAndItIsOnRecord) {
  const grpc::Status status =
      Remove("h1", "opensearch", "drover-unknown", pb::LEFTOVER_KIND_KEPT_VOLUME);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(removed_.leftover().bytes(), 1000u);
  EXPECT_EQ(served_.leftovers.kept["h1"].size(), 1u);
  ASSERT_EQ(served_.coordinator.appended.size(), 1u);
  EXPECT_EQ(served_.coordinator.appended[0].kind, "leftover.removed");
  EXPECT_THAT(served_.coordinator.appended[0].text, HasSubstr("removed drover-unknown of"));
}

TEST_F(LeftoversTest, NoneIsRemovedWhileARolloutOfItsClusterIsUnderWay) {
  served_.coordinator.Commit(TestRollout(), {});
  for (const char* host : {"h1", "h3"}) {  // h3 is in the rollout's plan alone
    const grpc::Status status = Remove(host, "opensearch", "drover-7f3c9a1e");
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << host;
    EXPECT_THAT(status.error_message(), HasSubstr("7f3c9a1e"));
  }
  EXPECT_EQ(served_.leftovers.kept["h1"].size(), 2u);
  EXPECT_TRUE(Remove("h9", "other", "drover-old").ok());
}

TEST_F(LeftoversTest, TheHostsRefusalComesBack) {
  served_.leftovers.refusal = PermissionDenied("host h1: the policy does not allow RemoveLeftover");
  const grpc::Status status = Remove("h1", "opensearch", "drover-7f3c9a1e");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(served_.coordinator.appended.empty());
}

TEST_F(LeftoversTest, SnapshotsAreDeletedElsewhere) {
  const grpc::Status status = Remove("h1", "opensearch", "nightly", pb::LEFTOVER_KIND_SNAPSHOT);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("drover snapshot delete CLUSTER nightly"));
  EXPECT_EQ(Remove("h1", "opensearch", "x", pb::LEFTOVER_KIND_UNSPECIFIED).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace drover::api
