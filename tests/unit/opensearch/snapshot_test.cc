#include <gmock/gmock.h>

#include "controller/opensearch/parse_snapshots.h"
#include "tests/unit/opensearch/helpers.h"

namespace drover::opensearch {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// Against the answers of real nodes of each version.
class Snapshots : public ::testing::TestWithParam<const char*> {
 protected:
  // What the server answers to "METHOD /path"; anything else is a 500.
  void On(const std::string& line, const std::string& recorded) { answers_[line] = recorded; }

  std::map<std::string, std::string> answers_;
  HttpServer server_{[this](const SeenRequest& seen) {
    const auto found = answers_.find(seen.Line());
    return found == answers_.end() ? Reply{500, "{}"} : Replay(GetParam(), found->second);
  }};
  std::shared_ptr<ClusterApi> api_ = ApiOf(SpecOf({server_.url()}));
};

INSTANTIATE_TEST_SUITE_P(Versions, Snapshots,
                         ::testing::Values("1.3.20", "2.17.1", "2.19.1", "3.8.0"));

TEST_P(Snapshots, ReadsARepository) {
  On("GET /_snapshot/backups", "repository");
  const auto repository = api_->GetRepository("backups");
  ASSERT_TRUE(repository.ok()) << repository.status();
  EXPECT_TRUE(repository->exists);
  EXPECT_FALSE(repository->verified);
  EXPECT_EQ(repository->type, "fs");
  EXPECT_THAT(repository->settings, Contains(Pair("location", "/snap")));
}

TEST_P(Snapshots, KnowsARepositoryThatIsNotThere) {
  On("GET /_snapshot/nowhere", "repository_missing");
  const auto repository = api_->GetRepository("nowhere");
  ASSERT_TRUE(repository.ok()) << repository.status();
  EXPECT_FALSE(repository->exists);
  EXPECT_EQ(repository->name, "nowhere");
}

TEST_P(Snapshots, VerifiesOnEveryNode) {
  On("GET /_snapshot/backups", "repository");
  On("POST /_snapshot/backups/_verify", "verified");
  const auto repository = api_->VerifyRepository("backups");
  ASSERT_TRUE(repository.ok()) << repository.status();
  EXPECT_TRUE(repository->verified);
  EXPECT_THAT(repository->verified_node_ids, SizeIs(3));
  EXPECT_EQ(repository->type, "fs");
}

TEST_P(Snapshots, SaysWhyAVerificationFailed) {
  On("GET /_snapshot/backups", "repository");
  On("POST /_snapshot/backups/_verify", "repository_unverified");
  const auto repository = api_->VerifyRepository("backups");
  ASSERT_TRUE(repository.ok()) << repository.status();
  EXPECT_FALSE(repository->verified);
  EXPECT_THAT(repository->verify_error, HasSubstr("repository_exception: [bad]"));
}

TEST_P(Snapshots, BeginsOneOfEverything) {
  On("PUT /_snapshot/backups/first", "snapshot_begun");
  const Status status = api_->BeginSnapshot("backups", "first");
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(
      nlohmann::json::parse(server_.requests()[0].body),
      nlohmann::json::parse(R"({"indices":"*","expand_wildcards":"all","ignore_unavailable":false,
                                      "include_global_state":true,"partial":false})"));
  EXPECT_EQ(server_.requests()[0].target, "/_snapshot/backups/first");
}

rollout::SnapshotOrigin Origin() {
  rollout::SnapshotOrigin origin;
  origin.rollout = "7f3c9a1e";
  origin.cluster_uuid = "AAAAAAAAAAAAAAAAAAAAAA";
  origin.from_version = "2.17.1";
  origin.to_version = "2.19.1";
  origin.settings = {{"cluster.routing.allocation.enable", std::nullopt},
                     {"cluster.routing.rebalance.enable", "all"}};
  origin.policies = {"daily"};
  return origin;
}

TEST_P(Snapshots, ARolloutWritesItsMarkIntoTheMetadata) {
  On("PUT /_snapshot/backups/first", "snapshot_begun");
  ASSERT_TRUE(api_->BeginRolloutSnapshot("backups", "first", Origin()).ok());
  const auto body = nlohmann::json::parse(server_.requests()[0].body);
  EXPECT_EQ(body["metadata"]["taken_by"], "drover");
  EXPECT_EQ(body["partial"], false);
  EXPECT_EQ(ParseOrigin(body["metadata"]), Origin());
}

// OpenSearch refuses a snapshot with more than 1024 bytes of metadata.
TEST(SnapshotMetadata, StaysBelowTheClustersLimit) {
  rollout::SnapshotOrigin origin = Origin();
  for (int i = 0; i < 100; ++i) origin.policies.push_back("policy-" + std::to_string(i));
  const nlohmann::json metadata = ToMetadata(origin);
  EXPECT_LE(metadata.dump().size(), 1000u);
  const auto read = ParseOrigin(metadata);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->settings, origin.settings);
  EXPECT_GT(read->policies.size(), 10u);
}

TEST(SnapshotMetadata, OfSomebodyElseIsNoMark) {
  EXPECT_FALSE(ParseOrigin(nlohmann::json()).has_value());
  EXPECT_FALSE(ParseOrigin(nlohmann::json::parse(R"({"taken_by":"cron"})")).has_value());
}

TEST_P(Snapshots, KnowsATakenName) {
  On("PUT /_snapshot/backups/first", "snapshot_taken");
  EXPECT_EQ(api_->BeginSnapshot("backups", "first").code(), StatusCode::kAlreadyExists);
}

TEST_P(Snapshots, ShowsTheProgressOfARunningOne) {
  On("GET /_snapshot/backups/_status", "status_running");
  const auto snapshot = api_->GetSnapshot("backups", "first");
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(snapshot->state, "IN_PROGRESS");
  EXPECT_GT(snapshot->shards_total, 0);
  EXPECT_LE(snapshot->shards_done, snapshot->shards_total);
  EXPECT_THAT(snapshot->indices, Contains("plain"));
  // One cheap question and no other.
  EXPECT_THAT(server_.requests(), SizeIs(1));
}

TEST_P(Snapshots, ShowsAnEndedOneWhole) {
  On("GET /_snapshot/backups/_status", "snapshots_running");
  On("GET /_snapshot/backups/first", "snapshot");
  const auto snapshot = api_->GetSnapshot("backups", "first");
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(snapshot->state, "SUCCESS");
  EXPECT_EQ(snapshot->version, GetParam());
  EXPECT_THAT(snapshot->indices, UnorderedElementsAre("plain", "hidden", "closed", "pinned"));
  EXPECT_EQ(snapshot->shards_total, 8);
  EXPECT_EQ(snapshot->shards_done, 8);
  EXPECT_EQ(snapshot->shards_failed, 0);
  EXPECT_THAT(snapshot->failures, IsEmpty());
  EXPECT_GE(snapshot->ended_at, snapshot->started_at);
  EXPECT_GT(ToUnixMillis(snapshot->started_at), 0);
}

TEST_P(Snapshots, KnowsOneThatIsNotThere) {
  On("GET /_snapshot/backups/_status", "snapshots_running");
  On("GET /_snapshot/backups/none", "snapshot_missing");
  const auto snapshot = api_->GetSnapshot("backups", "none");
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(snapshot->state, "");
  On("DELETE /_snapshot/backups/none", "snapshot_missing");
  EXPECT_EQ(api_->DeleteSnapshot("backups", "none").code(), StatusCode::kNotFound);
}

TEST_P(Snapshots, ListsThemWithTheirFailures) {
  On("GET /_snapshot/backups/_all", "snapshots");
  const auto snapshots = api_->ListSnapshots("backups");
  ASSERT_TRUE(snapshots.ok()) << snapshots.status();
  ASSERT_THAT(*snapshots, SizeIs(2));
  EXPECT_EQ((*snapshots)[0].name, "first");
  EXPECT_EQ((*snapshots)[1].name, "second");
  EXPECT_EQ((*snapshots)[1].state, "PARTIAL");
  EXPECT_GT((*snapshots)[1].shards_failed, 0);
  EXPECT_THAT((*snapshots)[1].failures, Contains(HasSubstr("homeless")));
}

TEST_P(Snapshots, PassesAMissingRepositoryOn) {
  On("GET /_snapshot/backups/_all", "repository_missing");
  const auto snapshots = api_->ListSnapshots("backups");
  EXPECT_EQ(snapshots.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(snapshots.status()), HasSubstr("repository_missing_exception"));
}

TEST_P(Snapshots, LeavesPoliciesAloneWithoutThePlugin) {
  On("POST /_plugins/_sm/policies/daily/_stop", "policies");
  On("POST /_plugins/_sm/policies/daily/_start", "policies");
  EXPECT_TRUE(api_->StopSnapshotPolicy("daily").ok());
  EXPECT_TRUE(api_->StartSnapshotPolicy("daily").ok());
}

TEST(Repository, IsRegisteredWithItsSettings) {
  HttpServer server([](const SeenRequest&) { return Reply{200, R"({"acknowledged":true})"}; });
  const Status status = ApiOf(SpecOf({server.url()}))
                            ->RegisterRepository({"my backups", "fs", {{"location", "/snap"}}});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(server.requests()[0].Line(), "PUT /_snapshot/my%20backups");
  EXPECT_EQ(nlohmann::json::parse(server.requests()[0].body),
            nlohmann::json::parse(R"({"type":"fs","settings":{"location":"/snap"}})"));
}

}  // namespace
}  // namespace drover::opensearch
