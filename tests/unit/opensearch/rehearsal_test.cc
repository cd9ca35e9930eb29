// The calls to a rehearsal's node, by another way than a connection of the controller's own.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "controller/opensearch/rehearsal_node.h"

namespace drover::opensearch {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FakeTransport final : public Transport {
 public:
  StatusOr<WireAnswer> Send(const WireRequest& request) override {
    sent.push_back(request);
    if (!down.ok()) return down;
    const auto found =
        answers.find(request.method + " " + request.path.substr(0, request.path.find('?')));
    return found == answers.end() ? WireAnswer{200, "{}"} : found->second;
  }
  nlohmann::json LastBody() const {
    return nlohmann::json::parse(sent.back().body, nullptr, false);
  }

  std::map<std::string, WireAnswer> answers;
  std::vector<WireRequest> sent;
  Status down;
};

class RehearsalNodeTest : public ::testing::Test {
 protected:
  std::shared_ptr<FakeTransport> wire_ = std::make_shared<FakeTransport>();
  std::shared_ptr<RehearsalNode> node_ = MakeRestRehearsalNode("the node on h1", wire_);
};

TEST_F(RehearsalNodeTest, SaysItsVersionOrWhyNot) {
  wire_->answers["GET /"] = {200, R"({"version":{"number":"3.8.0"}})"};
  EXPECT_EQ(node_->Version().value_or(""), "3.8.0");
  wire_->down = Unavailable("host h1: nothing answers");
  const auto version = node_->Version();
  EXPECT_EQ(version.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(Message(version.status()), HasSubstr("host h1: nothing answers"));
}

TEST_F(RehearsalNodeTest, RegistersTheRepositoryReadOnly) {
  rollout::RepositoryView repository;
  repository.name = "backups";
  repository.type = "s3";
  repository.settings = {{"bucket", "b"}, {"readonly", "false"}};
  EXPECT_TRUE(node_->RegisterReadOnly(repository).ok());
  EXPECT_EQ(wire_->sent.back().path, "/_snapshot/backups");
  EXPECT_EQ(wire_->LastBody()["settings"]["readonly"], "true");
  EXPECT_EQ(wire_->LastBody()["settings"]["bucket"], "b");
}

TEST_F(RehearsalNodeTest, SeesTheSnapshotOrNone) {
  wire_->answers["GET /_snapshot/backups/nightly"] = {
      200, R"({"snapshots":[{"snapshot":"nightly","state":"SUCCESS"}]})"};
  EXPECT_EQ(node_->FindSnapshot("backups", "nightly")->state, "SUCCESS");
  wire_->answers["GET /_snapshot/backups/nightly"] = {200, R"({"snapshots":[]})"};
  EXPECT_EQ(node_->FindSnapshot("backups", "nightly")->state, "");
}

TEST_F(RehearsalNodeTest, TakesSettingsAwayAgain) {
  wire_->answers["GET /_cluster/settings"] = {
      200,
      R"({"persistent":{"archived.old.setting":"1","cluster.routing.allocation.enable":"x"}})"};
  const auto archived = node_->RestoreGlobalState("backups", "nightly");
  ASSERT_TRUE(archived.ok()) << archived.status();
  EXPECT_THAT(*archived, ElementsAre("old.setting"));
  EXPECT_TRUE(wire_->LastBody()["persistent"]["*"].is_null());
  EXPECT_TRUE(wire_->LastBody()["persistent"].contains("*"));
}

TEST_F(RehearsalNodeTest, RestoresWithoutReplicasAndFilters) {
  ASSERT_TRUE(node_->BeginRestore("backups", "nightly", "logs").ok());
  nlohmann::json body = wire_->LastBody();
  EXPECT_EQ(body["indices"], "logs");
  EXPECT_EQ(body["rename_replacement"], "logs");
  EXPECT_EQ(body["include_aliases"], true);
  EXPECT_EQ(body["index_settings"]["index.number_of_replicas"], 0);
  EXPECT_THAT(body["ignore_index_settings"], Contains("index.routing.allocation.*"));
  ASSERT_TRUE(node_->BeginRestore("backups", "nightly", ".alerts").ok());
  body = wire_->LastBody();
  EXPECT_EQ(body["rename_replacement"], "drover-rehearsal.alerts");
  EXPECT_EQ(body["include_aliases"], false);
}

TEST_F(RehearsalNodeTest, ARefusalHasTheNodesOwnWords) {
  wire_->answers["POST /_snapshot/backups/nightly/_restore"] = {
      500, R"({"error":{"type":"snapshot_restore_exception","reason":"cannot restore index [old]",
               "caused_by":{"type":"illegal_state_exception","reason":"was created with 1.3.20"}}})"};
  const Status begun = node_->BeginRestore("backups", "nightly", "old");
  EXPECT_EQ(begun.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Message(begun),
            "snapshot_restore_exception: cannot restore index [old] (illegal_state_exception: was "
            "created with 1.3.20)");
}

TEST_F(RehearsalNodeTest, CountsSearchesAndReadsArchivedSettings) {
  wire_->answers["GET /logs/_count"] = {200, R"({"count":7})"};
  wire_->answers["GET /_cluster/health/logs"] = {200, R"({"status":"green"})"};
  wire_->answers["GET /logs/_settings"] = {
      200, R"({"logs":{"settings":{"archived.index.odd":"1","index.codec":"default"}}})"};
  auto served = node_->LookAtIndex("logs");
  ASSERT_TRUE(served.ok()) << served.status();
  EXPECT_EQ(served->documents, 7U);
  EXPECT_EQ(served->health, "green");
  EXPECT_EQ(served->search_failure, "");
  EXPECT_THAT(served->archived, ElementsAre("index.odd"));
  wire_->answers["POST /logs/_search"] = {
      200, R"({"_shards":{"failed":1,"failures":[{"reason":{"type":"corrupt","reason":"bad"}}]}})"};
  EXPECT_EQ(node_->LookAtIndex("logs")->search_failure, "corrupt: bad");
}

}  // namespace
}  // namespace drover::opensearch
