#include <gtest/gtest.h>

#include "tests/unit/fleet/fleet_fixture.h"

namespace drover::fleet {
namespace {

namespace pb = drover::agent::v1;

constexpr Millis kLong{10'000};

class QueryTest : public FleetTest {
 protected:
  void Inspect(Millis timeout = kLong) {
    gateway_->InspectProject("h1", "search", {{"node.name"}, {}}, timeout,
                             [this](StatusOr<rollout::ProjectView> project) {
                               errors_.Put(project.status());
                               if (project.ok()) projects_.Put(*std::move(project));
                             });
  }
  void Follow(FakeAgent& agent) {
    gateway_->FollowLog(
        "h1", "search", "os", 10,
        [this](const LogChunk& chunk) {
          for (const std::string& line : chunk.lines) lines_.Put((chunk.gap ? "…" : "") + line);
          return listening_.load();
        },
        [this](Status status) { errors_.Put(std::move(status)); });
    query_id_ = agent.Read().query().query_id();
  }
  static pb::OutputChunk Chunk(const std::string& id, const std::string& data, uint64_t gap = 0) {
    pb::OutputChunk chunk;
    chunk.set_query_id(id);
    chunk.set_data(data);
    chunk.set_gap_bytes(gap);
    return chunk;
  }

  Box<Status> errors_;
  Box<rollout::ProjectView> projects_;
  Box<std::string> lines_;
  std::atomic<bool> listening_{true};
  std::string query_id_;
};

TEST_F(QueryTest, AnswersGoToTheirQuestions) {
  const auto agent = ConnectHost("h1");
  Inspect();
  Inspect();
  const pb::Query first = agent->Read().query();
  const pb::Query second = agent->Read().query();
  EXPECT_NE(first.query_id(), second.query_id());
  EXPECT_EQ(first.inspect_project().project(), "search");
  EXPECT_EQ(first.inspect_project().environment_keys(0), "node.name");
  pb::AgentMessage answer;
  answer.mutable_query_result()->set_query_id(second.query_id());
  answer.mutable_query_result()->mutable_project()->set_name("two");
  ASSERT_TRUE(agent->Send(answer));
  EXPECT_EQ(projects_.Get(0).name, "two");
  answer.mutable_query_result()->set_query_id(first.query_id());
  answer.mutable_query_result()->mutable_project()->set_name("one");
  ASSERT_TRUE(agent->Send(answer));
  EXPECT_EQ(projects_.Get(1).name, "one");
}

TEST_F(QueryTest, ErrorsOfTheHostComeBack) {
  const auto agent = ConnectHost("h1");
  Inspect();
  pb::AgentMessage answer;
  answer.mutable_query_result()->set_query_id(agent->Read().query().query_id());
  answer.mutable_query_result()->mutable_error()->set_code(
      pb::OPERATION_ERROR_CODE_UNKNOWN_PROJECT);
  answer.mutable_query_result()->mutable_error()->set_message("no project search here");
  ASSERT_TRUE(agent->Send(answer));
  EXPECT_EQ(errors_.Get().code(), StatusCode::kNotFound);
  EXPECT_EQ(Message(errors_.Get()), "host h1: no project search here");
}

TEST_F(QueryTest, SilenceEndsInDeadlineExceededAndALateAnswerIsDropped) {
  const auto agent = ConnectHost("h1");
  Inspect(Millis(30));
  const std::string id = agent->Read().query().query_id();
  EXPECT_EQ(errors_.Get().code(), StatusCode::kDeadlineExceeded);
  pb::AgentMessage answer;
  answer.mutable_query_result()->set_query_id(id);
  answer.mutable_query_result()->mutable_project();
  ASSERT_TRUE(agent->Send(answer));
  ASSERT_TRUE(agent->SendEvent("after", 1));  // the answer was read before this
  listener_.events.Get();
  EXPECT_EQ(errors_.All().size(), 1u);
}

TEST_F(QueryTest, AnotherHostCannotAnswer) {
  const auto agent = ConnectHost("h1");
  const auto other = ConnectHost("h2");
  Inspect(Millis(300));
  pb::AgentMessage answer;
  answer.mutable_query_result()->set_query_id(agent->Read().query().query_id());
  answer.mutable_query_result()->mutable_project()->set_name("forged");
  ASSERT_TRUE(other->Send(answer));
  EXPECT_EQ(errors_.Get().code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(projects_.All().empty());
}

TEST_F(QueryTest, WithoutAConnectionAndWhenItEndsTheyFail) {
  const rpc::Identity identity = EnrollHost("h1");
  Inspect();
  EXPECT_EQ(errors_.Get(0).code(), StatusCode::kUnavailable);
  const auto agent = Reconnect(identity);
  Inspect();
  EXPECT_TRUE(agent->Read().has_query());
  EXPECT_TRUE(agent->Close().ok());
  EXPECT_EQ(errors_.Get(1).code(), StatusCode::kUnavailable);
}

TEST_F(QueryTest, TailLogIsBoundedAndMarksWhatWasLeftOut) {
  const auto agent = ConnectHost("h1");
  Box<LogChunk> chunks;
  gateway_->TailLog("h1", "search", "os", 1'000'000, kLong,
                    [&chunks](StatusOr<LogChunk> chunk) { chunks.Put(*std::move(chunk)); });
  const pb::Query query = agent->Read().query();
  EXPECT_EQ(query.tail_log().lines(), 1000u);
  EXPECT_FALSE(query.tail_log().follow());
  pb::AgentMessage answer;
  answer.mutable_query_result()->set_query_id(query.query_id());
  answer.mutable_query_result()->mutable_log_tail()->add_lines("last words");
  answer.mutable_query_result()->mutable_log_tail()->set_truncated(true);
  ASSERT_TRUE(agent->Send(answer));
  EXPECT_EQ(chunks.Get().lines, std::vector<std::string>{"last words"});
  EXPECT_TRUE(chunks.Get().gap);
}

TEST_F(QueryTest, FollowedLogComesInLinesUntilTheAgentEndsIt) {
  const auto agent = ConnectHost("h1");
  Follow(*agent);
  grpc::ClientContext context;
  pb::UploadOutputResponse response;
  const auto upload = agent->stub().UploadOutput(&context, &response);
  ASSERT_TRUE(upload->Write(Chunk(query_id_, "one\ntw")));
  ASSERT_TRUE(upload->Write(Chunk(query_id_, "o\n")));
  ASSERT_TRUE(upload->Write(Chunk(query_id_, "three\n", 100)));
  ASSERT_TRUE(upload->Write(Chunk(query_id_, "rest")));
  upload->WritesDone();
  EXPECT_TRUE(upload->Finish().ok());
  EXPECT_TRUE(errors_.Get().ok());
  EXPECT_EQ(lines_.All(), (std::vector<std::string>{"one", "two", "…three", "rest"}));
}

TEST_F(QueryTest, FollowerThatLeavesEndsTheUpload) {
  const auto agent = ConnectHost("h1");
  Follow(*agent);
  listening_ = false;
  grpc::ClientContext context;
  pb::UploadOutputResponse response;
  const auto upload = agent->stub().UploadOutput(&context, &response);
  while (upload->Write(Chunk(query_id_, "line\n"))) {
  }
  EXPECT_TRUE(upload->Finish().ok());
  EXPECT_TRUE(errors_.Get().ok());
  EXPECT_EQ(lines_.All().size(), 1u);
}

TEST_F(QueryTest, UploadThatNobodyAskedForIsEnded) {
  const auto agent = ConnectHost("h1");
  const auto other = ConnectHost("h2");
  Follow(*agent);
  for (const std::string& id : {std::string("nonsense"), query_id_}) {
    grpc::ClientContext context;
    pb::UploadOutputResponse response;
    const auto upload = other->stub().UploadOutput(&context, &response);
    while (upload->Write(Chunk(id, "line\n"))) {
    }
    upload->Finish();
  }
  EXPECT_TRUE(lines_.All().empty());
  EXPECT_TRUE(errors_.All().empty());
}

TEST_F(QueryTest, UploadNeedsACertificate) {
  grpc::ClientContext context;
  pb::UploadOutputResponse response;
  const auto stub = pb::AgentGateway::NewStub(rpc::MakeTlsChannel(Address(), Nobody()));
  const auto upload = stub->UploadOutput(&context, &response);
  EXPECT_EQ(upload->Finish().error_code(), grpc::PERMISSION_DENIED);
}

TEST_F(QueryTest, LeftoversAreListedAndRemoved) {
  const auto agent = ConnectHost("h1");
  Box<std::vector<Leftover>> lists;
  gateway_->ListLeftovers(
      "h1", kLong, [&lists](StatusOr<std::vector<Leftover>> all) { lists.Put(*std::move(all)); });
  const pb::Query asked = agent->Read().query();
  EXPECT_TRUE(asked.has_list_leftovers());
  pb::AgentMessage answer;
  answer.mutable_query_result()->set_query_id(asked.query_id());
  pb::Leftover* left = answer.mutable_query_result()->mutable_leftovers()->add_leftovers();
  left->set_kind(pb::LEFTOVER_KIND_KEPT_VOLUME);
  left->set_project("search");
  left->set_service("os");
  left->set_name("drover-1");
  left->set_bytes(7);
  ASSERT_TRUE(agent->Send(answer));
  const std::vector<Leftover> list = lists.Get(0);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].kind, LeftoverKind::kKeptVolume);
  EXPECT_EQ(list[0].bytes, 7u);

  gateway_->RemoveLeftover("h1", list[0], kLong,
                           [this](StatusOr<Leftover> removed) { errors_.Put(removed.status()); });
  const pb::Query removal = agent->Read().query();
  EXPECT_EQ(removal.remove_leftover().kind(), pb::LEFTOVER_KIND_KEPT_VOLUME);
  EXPECT_EQ(removal.remove_leftover().project(), "search");
  EXPECT_EQ(removal.remove_leftover().service(), "os");
  EXPECT_EQ(removal.remove_leftover().name(), "drover-1");
  answer.mutable_query_result()->set_query_id(removal.query_id());
  answer.mutable_query_result()->mutable_error()->set_code(pb::OPERATION_ERROR_CODE_POLICY_DENIED);
  ASSERT_TRUE(agent->Send(answer));
  EXPECT_EQ(errors_.Get(0).code(), StatusCode::kPermissionDenied);
}

TEST_F(QueryTest, FollowFailsWithItsHost) {
  const auto agent = ConnectHost("h1");
  Follow(*agent);
  ASSERT_TRUE(gateway_->RevokeHost("h1").ok());
  EXPECT_EQ(errors_.Get().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace drover::fleet
