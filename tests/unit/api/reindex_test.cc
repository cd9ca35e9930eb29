// An index made anew: in one go, with an interruption after each call, and over the service.
#include "controller/api/reindex_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drover/control/v1/index.grpc.pb.h"
#include "drover/control/v1/rollout.grpc.pb.h"
#include "tests/unit/api/served.h"

namespace drover::api {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kMostSteps = 60;

// Advances until it is done; a fresh IndexReindex, that knows nothing, for each step where
// `forgets`.
StatusOr<ReindexProgress> RunToEnd(FakeReindexApi& api, bool forgets, bool keep_old = false) {
  auto run = std::make_unique<IndexReindex>(api, "logs", keep_old);
  for (int i = 0; i < kMostSteps; ++i) {
    const StatusOr<ReindexProgress> progress = run->Advance();
    if (!progress.ok()) return progress.status();
    if (progress->what == ReindexProgress::What::kDone ||
        progress->what == ReindexProgress::What::kLeftAlone) {
      return progress;
    }
    if (forgets) run = std::make_unique<IndexReindex>(api, "logs", keep_old);
  }
  return Internal("it does not come to an end");
}

void ExpectMadeAnew(const FakeReindexApi& api) {
  ASSERT_TRUE(api.indices.contains("logs"));
  const FakeIndex& logs = api.indices.at("logs");
  EXPECT_EQ(logs.created_version, "2.19.4");
  EXPECT_EQ(logs.documents, FakeReindexApi::kDocuments);
  EXPECT_THAT(logs.aliases, ElementsAre("all-logs", "write-logs"));
  EXPECT_FALSE(logs.record.has_value());
  EXPECT_FALSE(logs.hidden.has_value());
  EXPECT_FALSE(api.indices.contains("drover-reindex-logs"));
  EXPECT_FALSE(api.data_lost);
}

TEST(ReindexTest, InOneGo) {
  FakeReindexApi api;
  const auto end = RunToEnd(api, false);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(end->what, ReindexProgress::What::kDone);
  ExpectMadeAnew(api);
  EXPECT_FALSE(api.indices.at("logs").write_block.has_value());
  EXPECT_THAT(api.calls, ElementsAre("CreateTemporary", "Block", "BeginCopy", "BlockTemporary",
                                     "HandOver", "FreeName", "Clone", "MoveAliases", "ForgetRecord",
                                     "Unblock", "DeleteTemporary"));
}

TEST(ReindexTest, InterruptedAfterEachCallItGoesOn) {
  FakeReindexApi api;
  const auto end = RunToEnd(api, true);
  ASSERT_TRUE(end.ok()) << end.status();
  ExpectMadeAnew(api);
  EXPECT_EQ(std::count(api.calls.begin(), api.calls.end(), "BeginCopy"), 1);
}

TEST(ReindexTest, AnAnswerThatIsLostIsNoHarmAtAnyCall) {
  FakeReindexApi once;
  ASSERT_TRUE(RunToEnd(once, false).ok());
  const int calls = static_cast<int>(once.calls.size());
  for (int lost = 1; lost <= calls; ++lost) {
    FakeReindexApi api;
    api.lost_answer = lost;
    EXPECT_EQ(RunToEnd(api, false).status().code(), StatusCode::kUnavailable) << lost;
    const auto end = RunToEnd(api, false);
    ASSERT_TRUE(end.ok()) << lost << ": " << end.status();
    ExpectMadeAnew(api);
  }
}

TEST(ReindexTest, WhatWasSetBeforeIsPutBack) {
  for (const bool forgets : {false, true}) {
    FakeReindexApi api;
    FakeIndex& logs = api.indices.at("logs");
    logs.open = false;
    logs.write_block = "false";
    const auto end = RunToEnd(api, forgets);
    ASSERT_TRUE(end.ok()) << end.status();
    ExpectMadeAnew(api);
    EXPECT_FALSE(api.indices.at("logs").open);
    EXPECT_EQ(api.indices.at("logs").write_block, "false");
  }
}

TEST(ReindexTest, HiddenAndBlockedOnesStayAsTheyWere) {
  FakeReindexApi api;
  api.indices.at("logs").hidden = "true";
  api.indices.at("logs").write_block = "true";
  ASSERT_TRUE(RunToEnd(api, true).ok());
  EXPECT_EQ(api.indices.at("logs").hidden, "true");
  EXPECT_EQ(api.indices.at("logs").write_block, "true");
  EXPECT_THAT(api.calls, Not(Contains("Unblock")));
}

TEST(ReindexTest, TheOldOneIsKeptWhereItIsWanted) {
  FakeReindexApi api;
  ASSERT_TRUE(RunToEnd(api, false, true).ok());
  ExpectMadeAnew(api);
  EXPECT_EQ(api.indices.at("drover-old-logs").created_version, "1.3.20");
}

TEST(ReindexTest, OneOfThePresentVersionIsLeftAlone) {
  FakeReindexApi api;
  api.indices.at("logs").created_version = "2.0.1";
  const auto end = RunToEnd(api, false);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->what, ReindexProgress::What::kLeftAlone);
  EXPECT_THAT(end->text, HasSubstr("left alone: it was created by 2.0.1"));
  EXPECT_THAT(api.calls, IsEmpty());
}

TEST(ReindexTest, ACopyThatFailsOrLacksDocumentsLeavesTheOldOne) {
  FakeReindexApi failing;
  failing.copy_failure = "document 7: mapper_parsing_exception: no";
  EXPECT_THAT(Message(RunToEnd(failing, false).status()), HasSubstr("document 7"));
  FakeReindexApi lossy;
  lossy.documents_lost = 1;
  EXPECT_THAT(Message(RunToEnd(lossy, false).status()), HasSubstr("999 documents and logs 1000"));
  for (const FakeReindexApi* api : {&failing, &lossy}) {
    EXPECT_EQ(api->indices.at("logs").uuid, "old");
    EXPECT_EQ(api->indices.at("logs").write_block, "true");
  }
}

TEST(ReindexTest, WhatSomebodyElseDidIsNotPapered) {
  FakeReindexApi api;
  IndexReindex run(api, "logs", false);
  while (api.calls.empty() || api.calls.back() != "FreeName") ASSERT_TRUE(run.Advance().ok());
  api.indices["logs"] = FakeIndex{"foreign", "2.19.4", true, {}, {}, "", {}, {}, 3};
  const auto refused = RunToEnd(api, false);
  EXPECT_THAT(Message(refused.status()), HasSubstr("somebody made an index logs"));
  EXPECT_EQ(api.indices.at("drover-reindex-logs").documents, FakeReindexApi::kDocuments);
  api.indices.erase("logs");
  ASSERT_TRUE(RunToEnd(api, false).ok());
  ExpectMadeAnew(api);
}

TEST(ReindexTest, AnOldIndexThatIsGoneIsNotReplacedByHalfACopy) {
  FakeReindexApi api;
  IndexReindex run(api, "logs", false);
  while (api.calls.empty() || api.calls.back() != "BeginCopy") ASSERT_TRUE(run.Advance().ok());
  api.indices.erase("logs");
  EXPECT_THAT(Message(RunToEnd(api, false).status()), HasSubstr("no complete copy"));
  EXPECT_THAT(api.calls, Not(Contains("Clone")));
}

TEST(ReindexTest, ABlockThatWasTakenAwayIsSeen) {
  FakeReindexApi api;
  IndexReindex run(api, "logs", false);
  while (api.calls.empty() || api.calls.back() != "BlockTemporary") ASSERT_TRUE(run.Advance().ok());
  api.indices.at("logs").write_block.reset();
  EXPECT_THAT(Message(RunToEnd(api, false).status()), HasSubstr("write block of logs was taken"));
}

TEST(ReindexTest, SomeAreNotForIt) {
  for (const std::string name : {".opendistro_security", ".ds-metrics-000001", "a*", "",
                                 "drover-reindex-logs", "drover-old-logs"}) {
    EXPECT_NE(rollout::WhyNotReindexed(name), "") << name;
  }
  EXPECT_THAT(rollout::WhyNotReindexed(".opendistro_security"), HasSubstr("securityadmin.sh"));
  EXPECT_EQ(rollout::WhyNotReindexed(".hidden"), "");
}

class ReindexServiceTest : public ::testing::Test {
 protected:
  ReindexServiceTest() {
    EXPECT_TRUE(
        served.clusters.PutCluster({"search-prod", "search-prod h1/search/os", Time{}}).ok());
  }

  // Its last message and how it ended.
  std::pair<pb::ReindexIndexesResponse, grpc::Status> Reindex(
      const std::vector<std::string>& names) {
    grpc::ClientContext context;
    pb::ReindexIndexesRequest request;
    request.set_cluster("search-prod");
    for (const std::string& name : names) request.add_indexes(name);
    const auto reader = indexes->ReindexIndexes(&context, request);
    pb::ReindexIndexesResponse message, last;
    while (reader->Read(&message)) last = message;
    return {last, reader->Finish()};
  }

  Served served;
  std::unique_ptr<pb::IndexService::Stub> indexes = pb::IndexService::NewStub(served.channel);
};

TEST_F(ReindexServiceTest, RunsToItsEnd) {
  served.reindex_api->copied_each_look = FakeReindexApi::kDocuments;
  const auto [last, status] = Reindex({"logs"});
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(last.state(), pb::REINDEX_STATE_DONE);
  ExpectMadeAnew(*served.reindex_api);
  EXPECT_TRUE(Eventually([&] { return Reindex({"logs"}).second.ok(); }));
}

TEST_F(ReindexServiceTest, ARolloutThatHasNotEndedRefusesIt) {
  rollout::Rollout rollout = TestRollout();
  rollout.phase = rollout::Phase::kPaused;
  served.coordinator.Commit(rollout, {});
  const auto [last, status] = Reindex({"logs"});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("has not ended (PAUSED)"));
  pb::ErrorDetail detail;
  ASSERT_TRUE(detail.ParseFromString(status.error_details()));
  EXPECT_EQ(detail.reason(), pb::ERROR_REASON_CLUSTER_BUSY);
  EXPECT_THAT(served.reindex_api->calls, IsEmpty());
}

TEST_F(ReindexServiceTest, ARefusalNamesWhatToDo) {
  const auto [last, status] = Reindex({".opendistro_security"});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("securityadmin.sh"));
  EXPECT_EQ(Reindex({}).second.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ReindexServiceTest, ListsWhatIsTooOld) {
  for (const auto& [name, created] : std::map<std::string, std::string>{
           {"new", "2.19.4"}, {"old", "1.3.20"}, {"older", "elasticsearch-7.10.2"}}) {
    rollout::IndexView index;
    index.name = name;
    index.created_version = created;
    served.cluster_api->observation.indices.push_back(index);
  }
  const auto names = [&](const std::string& too_old_for) {
    grpc::ClientContext context;
    pb::ListIndexesRequest request;
    request.set_cluster("search-prod");
    request.set_too_old_for(too_old_for);
    pb::ListIndexesResponse response;
    EXPECT_TRUE(indexes->ListIndexes(&context, request, &response).ok());
    std::vector<std::string> out;
    for (const auto& index : response.indexes()) out.push_back(index.name());
    return out;
  };
  EXPECT_THAT(names(""), ElementsAre("new", "old", "older"));
  EXPECT_THAT(names("3.8.0"), ElementsAre("old", "older"));
  EXPECT_THAT(names("2.19.4"), IsEmpty());
}

TEST(BusyClustersTest, AReindexAndAStartExcludeEachOther) {
  BusyClusters busy;
  auto reindex = busy.Take("a", "a reindex", false);
  ASSERT_TRUE(reindex.ok());
  EXPECT_FALSE(busy.Take("a", "a reindex", false).ok());
  EXPECT_THAT(Message(busy.Take("a", "the start of a rollout", true).status()),
              HasSubstr("a reindex of cluster a has not ended"));
  EXPECT_TRUE(busy.Take("b", "a reindex", false).ok());
  reindex->reset();
  const auto start = busy.Take("a", "the start of a rollout", true);
  ASSERT_TRUE(start.ok());
  EXPECT_TRUE(busy.Take("a", "the start of a rollout", true).ok());
  EXPECT_FALSE(busy.Take("a", "a reindex", false).ok());
}

}  // namespace
}  // namespace drover::api
