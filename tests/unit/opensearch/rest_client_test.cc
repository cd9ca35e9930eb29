#include "controller/opensearch/rest_client.h"

#include <gmock/gmock.h>

#include <chrono>
#include <future>

#include "tests/unit/opensearch/helpers.h"

namespace drover::opensearch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const RestRequest kRead{.path = "/_cluster/health"};
const RestRequest kOnce{
    .method = "PUT", .path = "/_snapshot/r/s", .body = "{}", .repeatable = false};

Reply Fine(const SeenRequest&) { return {}; }

class RestClientTest : public ::testing::Test {
 protected:
  RestClient& Client(const std::vector<std::string>& endpoints) {
    client_ = std::make_unique<RestClient>(SpecOf(endpoints), options_);
    return *client_;
  }

  RestOptions options_;
  std::unique_ptr<RestClient> client_;
};

TEST_F(RestClientTest, KeepsItsConnection) {
  HttpServer server(&Fine);
  RestClient& client = Client({server.url()});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.Call(kRead).ok());
  EXPECT_EQ(server.Count("GET /_cluster/health"), 5);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(RestClientTest, SkipsADeadEndpointAndRemembersIt) {
  HttpServer server(&Fine);
  const std::string dead = RefusingUrl();
  RestClient& client = Client({dead, server.url()});
  const auto answer = client.Call(kRead);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->endpoint, server.url());
  EXPECT_EQ(client.endpoints().Order({}).front(), 1U);
}

TEST_F(RestClientTest, NamesEveryEndpointsReasonWhereNoneAnswers) {
  HttpServer hanging_up([](const SeenRequest&) { return Reply{200, "", true}; });
  HttpServer busy([](const SeenRequest&) { return Reply{503, R"({"error":"not yet"})"}; });
  const std::string dead = RefusingUrl();
  const auto answer = Client({dead, hanging_up.url(), busy.url()}).Call(kRead);
  ASSERT_EQ(answer.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(Message(answer.status()),
              AllOf(HasSubstr("no endpoint of cluster search answered GET /_cluster/health"),
                    HasSubstr(dead + ": no connection: Connection refused"),
                    HasSubstr(hanging_up.url() + ": it closed the connection"),
                    HasSubstr(busy.url() + " answered 503: not yet")));
}

class RetriedStatus : public RestClientTest, public ::testing::WithParamInterface<unsigned> {};

TEST_P(RetriedStatus, GoesToTheNextEndpointWhereRepeatable) {
  HttpServer first([](const SeenRequest&) { return Reply{GetParam(), "busy"}; });
  HttpServer second(&Fine);
  RestClient& client = Client({first.url(), second.url()});
  const auto answer = client.Call(kRead);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->endpoint, second.url());
}

TEST_P(RetriedStatus, IsTheAnswerWhereNot) {
  HttpServer first([](const SeenRequest&) { return Reply{GetParam(), "busy"}; });
  HttpServer second(&Fine);
  const auto answer = Client({first.url(), second.url()}).Call(kOnce);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, static_cast<long>(GetParam()));
  EXPECT_EQ(second.requests().size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Statuses, RetriedStatus, ::testing::Values(429U, 502U, 503U, 504U));

TEST_F(RestClientTest, SendsAnUnrepeatableRequestElsewhereIfTheConnectionWasRefused) {
  HttpServer server(&Fine);
  const auto answer = Client({RefusingUrl(), server.url()}).Call(kOnce);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(server.Count("PUT /_snapshot/r/s"), 1);
}

TEST_F(RestClientTest, NeverSendsAnUnrepeatableRequestTwice) {
  HttpServer first([](const SeenRequest& seen) { return Reply{200, "{}", seen.method == "PUT"}; });
  HttpServer second(&Fine);
  RestClient& client = Client({first.url(), second.url()});
  // A kept connection would let libcurl try again by itself.
  ASSERT_TRUE(client.Call(kRead).ok());
  const auto answer = client.Call(kOnce);
  ASSERT_EQ(answer.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(Message(answer.status()),
              HasSubstr("whether PUT /_snapshot/r/s was done is not known"));
  EXPECT_EQ(first.Count("PUT /_snapshot/r/s"), 1);
  EXPECT_EQ(second.requests().size(), 0U);
}

TEST_F(RestClientTest, PassesOtherAnswersOn) {
  for (const unsigned status : {200U, 400U, 404U, 408U, 409U, 500U}) {
    HttpServer server([&](const SeenRequest&) { return Reply{status, "x"}; });
    const auto answer = Client({server.url(), RefusingUrl()}).Call(kRead);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->status, static_cast<long>(status));
    EXPECT_EQ(answer->body, "x");
  }
}

TEST_F(RestClientTest, SendsThePasswordOfTheFileAsItIsNow) {
  HttpServer server(&Fine);
  rollout::ClusterSpec spec = SpecOf({server.url()});
  spec.auth = {"drover", WriteTemporary("password", "first\n")};
  RestClient client(spec, RestOptions{});
  ASSERT_TRUE(client.Call(kRead).ok());
  WriteTemporary("password", "second\r\n");
  ASSERT_TRUE(client.Call(kRead).ok());
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].authorization, "Basic ZHJvdmVyOmZpcnN0");      // drover:first
  EXPECT_EQ(requests[1].authorization, "Basic ZHJvdmVyOnNlY29uZA==");  // drover:second
}

TEST_F(RestClientTest, SaysWhereAWrongPasswordComesFromAndNeverWhichItIs) {
  HttpServer first([](const SeenRequest&) { return Reply{401, "Unauthorized"}; });
  HttpServer second(&Fine);
  rollout::ClusterSpec spec = SpecOf({first.url(), second.url()});
  spec.auth = {"drover", WriteTemporary("password", "hunter2\n")};
  RestClient client(spec, RestOptions{});
  const auto answer = client.Call(kRead);
  ASSERT_EQ(answer.status().code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(Message(answer.status()),
              AllOf(HasSubstr(first.url() + " refused user drover (401)"),
                    HasSubstr(spec.auth.password_file), Not(HasSubstr("hunter2"))));
  // Each further try could lock the account.
  EXPECT_EQ(second.requests().size(), 0U);
}

TEST_F(RestClientTest, AsksForAuthWhereNoneIsSet) {
  HttpServer server([](const SeenRequest&) { return Reply{401, ""}; });
  EXPECT_THAT(Message(Client({server.url()}).Call(kRead).status()),
              HasSubstr("asks for a user (401): set auth in the cluster file"));
}

TEST_F(RestClientTest, SaysWhatIsNotAllowed) {
  HttpServer server([](const SeenRequest&) {
    return Reply{403, R"({"error":{"type":"security_exception","reason":"no permissions"}})"};
  });
  const auto answer = Client({server.url()}).Call(kRead);
  EXPECT_EQ(answer.status().code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(Message(answer.status()),
              HasSubstr("does not allow GET /_cluster/health (403): security_exception: no "
                        "permissions; give it a role"));
}

TEST_F(RestClientTest, DoesNotFollowARedirect) {
  HttpServer server([](const SeenRequest&) { return Reply{302, ""}; });
  const auto answer = Client({server.url()}).Call(kRead);
  EXPECT_EQ(answer.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(answer.status()), HasSubstr("redirect (302), which is not followed"));
}

TEST_F(RestClientTest, NamesThePasswordFileThatCannotBeUsed) {
  rollout::ClusterSpec spec = SpecOf({"http://127.0.0.1:1"});
  spec.auth = {"drover", "/nowhere/password"};
  auto missing = MakeRestClusterApi(spec);
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(Message(missing.status()),
              HasSubstr("auth.password_file: cannot read /nowhere/password"));
  spec.auth.password_file = WriteTemporary("empty", "\n");
  EXPECT_EQ(MakeRestClusterApi(spec).status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(MakeRestClusterApi(spec).status()), HasSubstr("holds no password"));
}

TEST_F(RestClientTest, RefusesCredentialsInAnAddressWithoutRepeatingThem) {
  const auto api = MakeRestClusterApi(SpecOf({"https://drover:hunter2@h:9200"}));
  EXPECT_EQ(api.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(api.status()), Not(HasSubstr("hunter2")));
}

TEST_F(RestClientTest, GivesUpAnAnswerThatIsTooLong) {
  HttpServer server([](const SeenRequest&) { return Reply{200, std::string(3000, 'x')}; });
  options_.answer_limit = 2000;
  const auto answer = Client({server.url()}).Call(kRead);
  EXPECT_EQ(answer.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(answer.status()), HasSubstr("with more than 2000 bytes"));
}

// A server whose answers wait until the test lets them go.
class Gate {
 public:
  void Open() { opened_.set_value(); }
  Reply Wait() {
    future_.wait();
    return {};
  }

 private:
  std::promise<void> opened_;
  std::shared_future<void> future_ = opened_.get_future().share();
};

TEST_F(RestClientTest, LeavesAnEndpointThatHangs) {
  Gate gate;
  HttpServer hanging([&](const SeenRequest&) { return gate.Wait(); });
  HttpServer server(&Fine);
  RestRequest request = kRead;
  request.timeout = Millis(200);
  const auto answer = Client({hanging.url(), server.url()}).Call(request);
  gate.Open();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->endpoint, server.url());
}

TEST_F(RestClientTest, AnswersSeveralThreadsAtOnce) {
  Gate gate;
  HttpServer server([&](const SeenRequest&) { return gate.Wait(); });
  RestClient& client = Client({server.url()});
  std::vector<std::future<bool>> calls;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(std::async(std::launch::async, [&] { return client.Call(kRead).ok(); }));
  }
  // All four are there before one of them is answered.
  EXPECT_TRUE(server.Await("GET /_cluster/health", 4));
  gate.Open();
  for (auto& call : calls) EXPECT_TRUE(call.get());
}

TEST_F(RestClientTest, AsksEverythingSideBySideAtOneEndpoint) {
  HttpServer first([](const SeenRequest& seen) {
    return Reply{seen.target == "/b" ? 503U : 200U, "{}"};
  });
  HttpServer second(&Fine);
  RestClient& client = Client({first.url(), second.url()});
  const auto survey = client.AskAll({{.path = "/a"}, {.path = "/b"}});
  ASSERT_TRUE(survey.ok()) << survey.status();
  // The first one failed at /b: both come from the second one, so that they fit together.
  EXPECT_EQ(survey->answers[0]->endpoint, second.url());
  EXPECT_EQ(survey->answers[1]->endpoint, second.url());
  EXPECT_TRUE(survey->identities[0].ok());
  EXPECT_TRUE(survey->identities[1].ok());
}

TEST_F(RestClientTest, PaysForAHangingEndpointOnce) {
  Gate gate;
  HttpServer hanging([&](const SeenRequest&) { return gate.Wait(); });
  HttpServer server(&Fine);
  options_.identity_timeout = Millis(300);
  options_.endpoint_memory = Millis(60'000);
  RestClient& client = Client({server.url(), hanging.url()});
  ASSERT_TRUE(client.AskAll({kRead}).ok());
  const auto survey = client.AskAll({kRead});
  gate.Open();
  ASSERT_TRUE(survey.ok()) << survey.status();
  EXPECT_THAT(Message(survey->identities[1].status()), HasSubstr("no answer within 0.3 s"));
  EXPECT_EQ(hanging.Count("GET /"), 1);
}

TEST(FailureReason, FindsTheClustersOwnWords) {
  EXPECT_EQ(FailureReason({400, R"({"error":{"type":"t","reason":"r"}})", ""}), "t: r");
  EXPECT_EQ(
      FailureReason({400,
                     R"({"error":{"type":"t","reason":"r","caused_by":{"type":"u","reason":"s"}}})",
                     ""}),
      "t: r (u: s)");
  EXPECT_EQ(FailureReason({400, R"({"error":"no handler"})", ""}), "no handler");
  EXPECT_EQ(FailureReason({503, "OpenSearch Security not initialized.\n", ""}),
            "OpenSearch Security not initialized. ");
  EXPECT_EQ(FailureReason({500, std::string(5000, 'x'), ""}).size(), 200U);
}

}  // namespace
}  // namespace drover::opensearch
