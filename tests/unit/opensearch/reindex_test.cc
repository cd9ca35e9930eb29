// What is sent for each step of making an index anew, and what is read of the answers.
#include "controller/opensearch/reindex_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/opensearch/reindex_body.h"
#include "tests/unit/opensearch/helpers.h"

namespace drover::opensearch {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kTemporary[] = "drover-reindex-logs";

rollout::ReindexRecord Record() { return {"logs", "old-uuid", true, "false", std::nullopt}; }

json Source() {
  return json::parse(R"({
    "aliases": {"all-logs": {"filter": {"term": {"a": 1}}, "is_write_index": true}},
    "mappings": {"_meta": {"team": "x"}, "properties": {"a": {"type": "long"}}},
    "settings": {
      "index.number_of_shards": "2", "index.number_of_replicas": "1",
      "index.analysis.analyzer.default.type": "simple", "index.uuid": "old-uuid",
      "index.creation_date": "1", "index.version.created": "135249827",
      "index.provided_name": "logs", "index.blocks.write": "false",
      "index.routing.allocation.initial_recovery._id": "n", "index.resize.source.uuid": "z",
      "index.knn.space_type": "l2", "index.refresh_interval": "5s"}})");
}

TEST(ReindexBodyTest, TakesSettingsAndMappingsLessWhatTheServerOwns) {
  const json body = TemporaryBody(Source(), Record(), {2, 19, 4});
  EXPECT_EQ(body["settings"],
            json::parse(R"({"index.number_of_shards": "2", "index.number_of_replicas": "1",
                            "index.analysis.analyzer.default.type": "simple",
                            "index.refresh_interval": "5s", "index.hidden": "true"})"));
  EXPECT_EQ(body["mappings"]["properties"]["a"]["type"], "long");
  EXPECT_EQ(body["mappings"]["_meta"]["team"], "x");
  EXPECT_EQ(ReadRecord(body["mappings"]), Record());
  EXPECT_EQ(MetaWithoutRecord(body["mappings"]), json::parse(R"({"team": "x"})"));
  // A setting that 3.x does not know is still one of 2.x.
  EXPECT_TRUE(
      TemporaryBody(Source(), Record(), {1, 3, 20})["settings"].contains("index.knn.space_type"));
}

TEST(ReindexBodyTest, AnIndexWithoutMappingsHasARecordToo) {
  const json body =
      TemporaryBody(json::parse(R"({"settings":{},"mappings":{}})"), Record(), {2, 19, 4});
  EXPECT_EQ(ReadRecord(body["mappings"]), Record());
  EXPECT_EQ(MetaWithoutRecord(body["mappings"]), json::object());
  EXPECT_FALSE(ReadRecord(json::parse(R"({"_meta":{"team":"x"}})")).has_value());
}

TEST(ReindexBodyTest, TheCloneIsAsHiddenAsTheIndexWas) {
  EXPECT_EQ(CloneBody(Record()), json::parse(R"({"settings":{"index.hidden":null}})"));
  rollout::ReindexRecord hidden = Record();
  hidden.hidden = "true";
  EXPECT_EQ(CloneBody(hidden), json::parse(R"({"settings":{"index.hidden":"true"}})"));
}

TEST(ReindexBodyTest, FindsTheCopyAndNotItsSlices) {
  const json tasks = json::parse(R"({"nodes": {"n1": {"tasks": {
    "n1:5": {"description": "reindex from [logs] to [drover-reindex-logs][_doc]",
             "parent_task_id": "n1:4", "status": {"total": 5}},
    "n1:3": {"description": "reindex from [a] to [b]", "status": {"total": 9}},
    "n1:4": {"description": "reindex from [logs] to [drover-reindex-logs]",
             "status": {"total": 10, "created": 4, "updated": 2}}}}}})");
  const auto copy = FindCopy(tasks, kTemporary);
  ASSERT_TRUE(copy.has_value());
  EXPECT_EQ(copy->id, "n1:4");
  EXPECT_EQ(copy->done, 6U);
  EXPECT_EQ(copy->total, 10U);
  EXPECT_FALSE(FindCopy(tasks, "drover-reindex-log").has_value());
  EXPECT_FALSE(FindCopy(json::parse(R"({"nodes":{}})"), kTemporary).has_value());
}

TEST(ReindexBodyTest, ReadsHowACopyEnded) {
  EXPECT_FALSE(ReadCopy("t", json::parse(R"({"completed":false})")).ended);
  const auto good = ReadCopy("t", json::parse(R"({"completed":true,"response":{"failures":[]}})"));
  EXPECT_TRUE(good.ended);
  EXPECT_EQ(good.failure, "");
  EXPECT_EQ(ReadCopy("t", json::parse(R"({"completed":true,"response":{"failures":[
    {"id":"7","cause":{"type":"mapper_parsing_exception","reason":"no"}}]}})"))
                .failure,
            "document 7: mapper_parsing_exception: no");
  EXPECT_EQ(
      ReadCopy("t", json::parse(R"({"completed":true,"error":{"type":"x","reason":"y"}})")).failure,
      "x: y");
}

// A cluster whose state is `state`; keeps what it was asked.
class ReindexApiTest : public ::testing::Test {
 protected:
  Reply Answer(const SeenRequest& seen) {
    if (seen.target.starts_with("/_nodes")) {
      return {200, R"({"nodes":{"a":{"name":"a","version":"2.19.4"}}})"};
    }
    if (seen.target.starts_with("/_cluster/state")) return {200, state_.dump()};
    if (seen.target.starts_with("/_tasks?")) return {200, R"({"nodes":{}})"};
    if (seen.Line() == "GET /logs") return {200, json({{"logs", Source()}}).dump()};
    if (seen.Line() == "GET /logs/_alias") {
      return {200, json({{"logs", {{"aliases", Source()["aliases"]}}}}).dump()};
    }
    if (seen.Line() == "GET /drover-reindex-logs/_alias") {
      return {200, json({{kTemporary, {{"aliases", Source()["aliases"]}}}}).dump()};
    }
    if (seen.method == "GET" && seen.target.ends_with("/_count")) return {200, R"({"count":12})"};
    if (seen.target.starts_with("/_reindex")) return {200, R"({"task":"n1:4"})"};
    return {200, R"({"acknowledged":true})"};
  }
  static json Index(const std::string& uuid, const std::string& created, bool blocked) {
    json index = {{"state", "open"},
                  {"settings", {{"index", {{"uuid", uuid}, {"version", {{"created", created}}}}}}},
                  {"mappings", {{"_doc", {{"properties", json::object()}}}}},
                  {"aliases", json::array()}};
    if (blocked) index["settings"]["index"]["blocks"] = {{"write", "true"}};
    return index;
  }
  void Put(const std::string& name, const json& index) {
    state_["metadata"]["indices"][name] = index;
    state_["routing_table"]["indices"][name]["shards"]["0"] =
        json::array({{{"primary", true}, {"state", "STARTED"}}});
  }
  // The last request with this method and path.
  json Sent(const std::string& line) {
    for (auto it = requests_.rbegin(); it != requests_.rend(); ++it) {
      if (it->Line() == line) return json::parse(it->body, nullptr, false);
    }
    ADD_FAILURE() << line << " was not sent";
    return {};
  }

  json state_ = json::object();
  std::mutex mutex_;
  std::vector<SeenRequest> requests_;
  HttpServer server_{[this](const SeenRequest& seen) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(seen);
    return Answer(seen);
  }};
  std::shared_ptr<ReindexApi> api_ = *MakeRestReindexApi(SpecOf({server_.url()}));
};

TEST_F(ReindexApiTest, LooksAtBothSides) {
  Put("logs", Index("old-uuid", "135249827", true));
  json temporary = Index("new-uuid", "136408227", false);
  temporary["mappings"]["_doc"] = TemporaryBody(Source(), Record(), {2, 19, 4})["mappings"];
  temporary["aliases"] = {"other"};
  Put(kTemporary, temporary);
  const auto view = api_->Look("logs", "");
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->version, "2.19.4");
  EXPECT_EQ(view->index.created_version, "1.3.20");
  EXPECT_TRUE(view->index.blocked);
  EXPECT_TRUE(view->index.ready);
  EXPECT_EQ(view->index.documents, 12U);
  EXPECT_EQ(view->record, Record());
  EXPECT_THAT(view->temporary.aliases, ElementsAre("other"));
  EXPECT_FALSE(view->temporary.blocked);
  EXPECT_FALSE(view->name_is_alias);
  EXPECT_EQ(server_.Count("POST /logs/_refresh"), 1);
}

TEST_F(ReindexApiTest, SeesThatTheNameIsAnAliasAndWhatIsMissing) {
  json temporary = Index("new-uuid", "136408227", true);
  temporary["aliases"] = {"logs"};
  Put(kTemporary, temporary);
  const auto view = api_->Look("logs", "");
  ASSERT_TRUE(view.ok());
  EXPECT_TRUE(view->name_is_alias);
  EXPECT_FALSE(view->index.exists);
  EXPECT_THAT(view->temporary.aliases, ::testing::IsEmpty());
  EXPECT_FALSE(view->record.has_value());
}

TEST_F(ReindexApiTest, RecordsWhatTheIndexWas) {
  json closed = Index("old-uuid", "135249827", true);
  closed["state"] = "close";
  Put("logs", closed);
  ASSERT_TRUE(api_->CreateTemporary("logs").ok());
  const auto record = ReadRecord(Sent("PUT /drover-reindex-logs")["mappings"]);
  ASSERT_TRUE(record.has_value());
  EXPECT_TRUE(record->closed);
  EXPECT_EQ(record->uuid, "old-uuid");
  EXPECT_EQ(record->write_block, "true");
}

TEST_F(ReindexApiTest, HandsOverInOneCall) {
  ASSERT_TRUE(api_->HandOver("logs").ok());
  EXPECT_EQ(Sent("POST /_aliases"), json::parse(R"({"actions": [
    {"remove_index": {"index": "logs"}},
    {"add": {"index": "drover-reindex-logs", "alias": "all-logs",
             "filter": {"term": {"a": 1}}, "is_write_index": true}},
    {"add": {"index": "drover-reindex-logs", "alias": "logs"}}]})"));
}

TEST_F(ReindexApiTest, MovesTheAliasesBackInOneCall) {
  ASSERT_TRUE(api_->MoveAliases("logs").ok());
  EXPECT_EQ(Sent("POST /_aliases"), json::parse(R"({"actions": [
    {"add": {"index": "logs", "alias": "all-logs",
             "filter": {"term": {"a": 1}}, "is_write_index": true}},
    {"remove": {"index": "drover-reindex-logs", "alias": "all-logs"}}]})"));
}

TEST_F(ReindexApiTest, CopiesInTheBackground) {
  const auto task = api_->BeginCopy("logs");
  ASSERT_TRUE(task.ok());
  EXPECT_EQ(*task, "n1:4");
  EXPECT_EQ(Sent("POST /_reindex"),
            json::parse(R"({"source":{"index":"logs"},"dest":{"index":"drover-reindex-logs"}})"));
  EXPECT_THAT(requests_.back().target, HasSubstr("wait_for_completion=false&slices=auto"));
}

TEST_F(ReindexApiTest, PutsTheMetaBackAsItWas) {
  json index = Index("uuid", "136408227", true);
  index["mappings"]["_doc"] = TemporaryBody(Source(), Record(), {2, 19, 4})["mappings"];
  Put("logs", index);
  ASSERT_TRUE(api_->ForgetRecord("logs").ok());
  EXPECT_EQ(Sent("PUT /logs/_mapping"), json::parse(R"({"_meta":{"team":"x"}})"));
}

TEST_F(ReindexApiTest, ClonesWithWhatWasRecorded) {
  json temporary = Index("uuid", "136408227", true);
  temporary["mappings"]["_doc"] = TemporaryBody(Source(), Record(), {2, 19, 4})["mappings"];
  Put(kTemporary, temporary);
  ASSERT_TRUE(api_->Clone("logs").ok());
  EXPECT_EQ(Sent("PUT /drover-reindex-logs/_clone/logs"),
            json::parse(R"({"settings":{"index.hidden":null}})"));
}

TEST_F(ReindexApiTest, PutsTheWriteBlockBack) {
  ASSERT_TRUE(api_->SetWriteBlock("logs", std::nullopt).ok());
  EXPECT_EQ(Sent("PUT /logs/_settings"), json::parse(R"({"index.blocks.write":null})"));
  ASSERT_TRUE(api_->SetWriteBlock("logs", "false").ok());
  EXPECT_EQ(Sent("PUT /logs/_settings"), json::parse(R"({"index.blocks.write":"false"})"));
}

}  // namespace
}  // namespace drover::opensearch
