#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/unit/opensearch/helpers.h"

namespace drover::opensearch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RestoreCalls : public ::testing::Test {
 protected:
  // What the server answers to "METHOD /path" without its query; anything else is a 500.
  std::map<std::string, Reply> answers_;
  HttpServer server_{[this](const SeenRequest& seen) {
    const auto found = answers_.find(seen.Line());
    return found == answers_.end() ? Reply{500, "{}"} : found->second;
  }};
  std::shared_ptr<ClusterApi> api_ = ApiOf(SpecOf({server_.url()}));

  nlohmann::json Sent(const rollout::RestorePlan& plan, bool sample) {
    answers_["POST /_snapshot/backups/nightly/_restore"] = {200, R"({"accepted":true})"};
    const Status status = api_->BeginRestore(plan, sample);
    EXPECT_TRUE(status.ok()) << status;
    return nlohmann::json::parse(server_.requests().back().body, nullptr, false);
  }
};

rollout::RestorePlan Plan(const std::string& prefix) {
  return {"nightly",
          "backups",
          "2.17.1",
          prefix,
          {{"logs", prefix + "logs"}, {"metrics", prefix + "metrics"}},
          {},
          false};
}

TEST_F(RestoreCalls, UnderItsOwnNameWithItsAliases) {
  const nlohmann::json body = Sent(Plan(""), false);
  EXPECT_EQ(body.value("indices", ""), "logs,metrics");
  EXPECT_EQ(body.value("include_aliases", false), true);
  EXPECT_EQ(body.value("include_global_state", true), false);
  EXPECT_EQ(body.value("partial", true), false);
  EXPECT_FALSE(body.contains("rename_pattern"));
  EXPECT_FALSE(body.contains("index_settings"));
}

TEST_F(RestoreCalls, ASampleTakesNoAliasesAndNoReplicas) {
  const nlohmann::json body = Sent(Plan("drover-proof-"), true);
  EXPECT_EQ(body.value("include_aliases", true), false);
  EXPECT_EQ(body.value("rename_pattern", ""), "(.+)");
  EXPECT_EQ(body.value("rename_replacement", ""), "drover-proof-$1");
  ASSERT_TRUE(body.contains("index_settings"));
  EXPECT_EQ(body.at("index_settings").value("index.number_of_replicas", 1), 0);
}

TEST_F(RestoreCalls, TheGlobalStateAloneIsNoIndex) {
  rollout::RestorePlan plan = Plan("");
  plan.indices.clear();
  plan.global_state = true;
  EXPECT_EQ(Sent(plan, false).value("indices", ""), "-*");
}

TEST_F(RestoreCalls, WhatTheClusterRefusesIsSaid) {
  answers_["POST /_snapshot/backups/nightly/_restore"] = {
      500,
      R"({"error":{"type":"snapshot_restore_exception","reason":"cannot restore index [logs]"}})"};
  EXPECT_THAT(Message(api_->BeginRestore(Plan(""), false)),
              HasSubstr("cannot restore index [logs]"));
}

TEST_F(RestoreCalls, ProgressIsOfThePrimaries) {
  answers_["GET /_cluster/state/routing_table"] = {
      200, R"({"routing_table":{"indices":{"logs":{"shards":{
      "0":[{"state":"STARTED","primary":true},{"state":"UNASSIGNED","primary":false}],
      "1":[{"state":"INITIALIZING","primary":true}]}}}}})"};
  answers_["GET /_recovery"] = {200, R"({"logs":{"shards":[
      {"type":"SNAPSHOT","index":{"size":{"total_in_bytes":100,"recovered_in_bytes":60}}},
      {"type":"PEER","index":{"size":{"total_in_bytes":7,"recovered_in_bytes":7}}}]}})"};
  const auto seen = api_->LookAtRestore({"logs", "metrics"});
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(seen->shards_total, 3);  // metrics is not there yet
  EXPECT_EQ(seen->shards_done, 1);
  EXPECT_EQ(seen->bytes_done, 60U);
  EXPECT_EQ(seen->bytes_total, 100U);
  EXPECT_FALSE(seen->Ended());
}

TEST_F(RestoreCalls, AShardThatIsGivenUpIsAFailure) {
  answers_["GET /_cluster/state/routing_table"] = {
      200, R"({"routing_table":{"indices":{"logs":{"shards":{
      "0":[{"state":"UNASSIGNED","primary":true,
            "unassigned_info":{"failed_attempts":5,"details":"no such file"}}]}}}}})"};
  answers_["GET /_recovery"] = {200, "{}"};
  const auto seen = api_->LookAtRestore({"logs"});
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_THAT(seen->failures, ElementsAre("logs[0]: no such file"));
  EXPECT_TRUE(seen->Ended());
}

TEST_F(RestoreCalls, CountsAndDeletes) {
  answers_["POST /logs/_refresh"] = {200, "{}"};
  answers_["GET /logs/_count"] = {200, R"({"count":42})"};
  EXPECT_EQ(api_->CountDocuments("logs").value_or(0), 42U);
  answers_["DELETE /logs"] = {200, R"({"acknowledged":true})"};
  EXPECT_TRUE(api_->DeleteIndex("logs").ok());
  answers_["DELETE /gone"] = {404,
                              R"({"error":{"type":"index_not_found_exception","reason":"no"}})"};
  EXPECT_EQ(api_->DeleteIndex("gone").code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace drover::opensearch
