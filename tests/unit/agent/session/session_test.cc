// The connection: hello, reports, what is sent again, queries, renewal.
#include "agent/session/proto_time.h"
#include "tests/unit/agent/session/session_fixture.h"

namespace drover::agent {
namespace {

constexpr Millis kDay{24 * 3600 * 1000};

bool IsReport(const v1::AgentMessage& message) { return message.has_report(); }

TEST_F(SessionTest, SaysHelloAndJournalsTheEpochOfWelcome) {
  v1::Welcome welcome;
  welcome.set_epoch(7);
  controller_.SetWelcome(welcome);
  StartSession();
  const auto hello = controller_.WaitHello(1);
  EXPECT_EQ(hello.host_name(), "h1");
  EXPECT_EQ(hello.agent_version(), "0.1");
  EXPECT_EQ(hello.boot_id(), "boot-1");
  EXPECT_EQ(hello.engine_version(), "24.0.7");
  EXPECT_EQ(hello.report().disks_size(), 1);
  EXPECT_EQ(hello.highest_epoch(), 0U);
  controller_.Order(Order("a", "search", 7));
  controller_.WaitEnd("a");
  controller_.Drop();
  EXPECT_EQ(controller_.WaitHello(2).highest_epoch(), 7U);
}

TEST_F(SessionTest, SendsEventsAgainUntilTheyAreAcknowledged) {
  StartSession();
  controller_.WaitHello(1);
  controller_.Order(Order("a"));
  controller_.WaitEvent("a", 3);
  controller_.Acknowledge("a", 1);
  // A later order's event says that the acknowledgement before it was taken.
  controller_.Order(Order("b"));
  controller_.WaitEnd("b");
  controller_.Drop();
  const auto hello = controller_.WaitHello(2);
  EXPECT_EQ(hello.unacknowledged_operations_size(), 2);
  EXPECT_EQ(controller_
                .WaitMessage([](const auto& message) {
                  return message.operation_event().operation_id() == "a";
                })
                .operation_event()
                .sequence(),
            2U);
  controller_.WaitEvent("a", 3);
  controller_.WaitEvent("b", 3);
  controller_.Acknowledge("a", 3);
  controller_.Acknowledge("b", 3);
  controller_.Order(Order("c"));
  controller_.WaitEnd("c");
  controller_.Take();
  controller_.Drop();
  EXPECT_EQ(controller_.WaitHello(3).unacknowledged_operations_size(), 1);
  EXPECT_EQ(controller_.WaitMessage([](const auto& m) { return m.has_operation_event(); })
                .operation_event()
                .operation_id(),
            "c");
}

TEST_F(SessionTest, AnOperationEndsWhileThereIsNoConnection) {
  verbs_.Hold("a");
  StartSession();
  controller_.WaitHello(1);
  controller_.Order(Order("a"));
  verbs_.WaitRunning("a");
  controller_.SetConnectStatus(grpc::Status(grpc::StatusCode::UNAVAILABLE, "restarting"));
  controller_.Drop();
  controller_.WaitHello(2);
  verbs_.Release("a");
  controller_.SetConnectStatus(grpc::Status::OK);
  EXPECT_EQ(controller_.WaitEnd("a").state(), v1::OPERATION_STATE_SUCCEEDED);
}

// gRPC 1.51 aborted in about one of five: see callback_threads.h.
TEST_F(SessionTest, SurvivesManyLostConnections) {
  StartSession();
  for (size_t n = 1; n <= 50; ++n) {
    controller_.WaitHello(n);
    controller_.Drop();
  }
  controller_.WaitHello(51);
}

TEST_F(SessionTest, ReportsAChangeAtOnce) {
  StartSession();
  controller_.WaitHello(1);
  verbs_.Change();
  EXPECT_GT(controller_.WaitMessage(IsReport).report().disks(0).total_bytes(), 1U);
}

TEST_F(SessionTest, ReportsAtLeastEachInterval) {
  v1::Welcome welcome;
  welcome.set_epoch(1);
  welcome.mutable_report_interval()->set_nanos(200'000'000);
  controller_.SetWelcome(welcome);
  StartSession();
  controller_.WaitMessage(IsReport);
  controller_.WaitMessage(IsReport);
}

TEST_F(SessionTest, AnswersQueriesWhileAVerbRuns) {
  verbs_.Hold("a");
  StartSession();
  controller_.WaitHello(1);
  controller_.Order(Order("a"));
  verbs_.WaitRunning("a");
  v1::ControllerMessage query;
  query.mutable_query()->set_query_id("q1");
  query.mutable_query()->mutable_inspect_project()->set_project("search");
  controller_.Send(query);
  const auto result = controller_.WaitMessage([](const auto& m) { return m.has_query_result(); });
  EXPECT_EQ(result.query_result().query_id(), "q1");
  EXPECT_EQ(result.query_result().project().name(), "search");
  verbs_.Release("a");
}

TEST_F(SessionTest, FollowsALogInBoundedChunksUntilTheControllerEndsIt) {
  verbs_.SetLog(std::string(100'000, 'x'));
  controller_.SetUploadLimit(6);
  StartSession();
  controller_.WaitHello(1);
  v1::ControllerMessage query;
  query.mutable_query()->set_query_id("q1");
  query.mutable_query()->mutable_tail_log()->set_follow(true);
  controller_.Send(query);
  const auto chunks = controller_.WaitUpload(6);
  size_t bytes = 0;
  for (const v1::OutputChunk& chunk : chunks) {
    EXPECT_EQ(chunk.query_id(), "q1");
    EXPECT_EQ(chunk.gap_bytes(), 0U);
    EXPECT_LE(chunk.data().size(), 32U * 1024);
    bytes += chunk.data().size();
  }
  EXPECT_GT(bytes, 100'000U);
}

TEST_F(SessionTest, RenewsTheCertificateAndConnectsWithIt) {
  const HostIdentity before = *file_->Load();
  controller_.on_renew = [this](const v1::RenewCertificateRequest& request,
                                v1::RenewCertificateResponse* response) {
    EXPECT_NE(request.certificate_signing_request().find("CERTIFICATE REQUEST"), std::string::npos);
    const std::string key = *crypto::GenerateKey();
    response->set_certificate_chain(MakeCertificate(key, clock_.Now()));
    response->set_ca_certificate("new ca");
    return grpc::Status::OK;
  };
  clock_.Set(clock_.Now() + 45 * kDay);
  StartSession();
  controller_.WaitHello(2);
  const HostIdentity after = *file_->Load();
  EXPECT_NE(after.key, before.key);
  EXPECT_NE(after.certificate_chain, before.certificate_chain);
  EXPECT_EQ(after.ca, "new ca");
  EXPECT_EQ(after.host_id, before.host_id);
}

TEST_F(SessionTest, AFailedRenewalKeepsConnectionAndCertificate) {
  const HostIdentity before = *file_->Load();
  std::atomic<int> asked{0};
  controller_.on_renew = [&asked](const auto&, auto*) {
    ++asked;
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "busy");
  };
  clock_.Set(clock_.Now() + 45 * kDay);
  StartSession();
  controller_.WaitHello(1);
  controller_.Order(Order("a"));
  controller_.WaitEnd("a");
  EXPECT_EQ(*file_->Load(), before);
  EXPECT_LE(asked, 1);
}

TEST_F(SessionTest, ARevokedHostKeepsTryingSlowlyAndStillStops) {
  controller_.SetConnectStatus(grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "revoked"));
  StartSession();
  controller_.WaitHello(1);
  EXPECT_TRUE(session_->Stop(Millis(0)));
}

// A host whose clock is an hour off does what it is told in time, and nothing that comes late.
TEST_F(SessionTest, DeadlinesAreOfTheControllersClock) {
  for (const Millis offset : {Millis(-3'600'000), Millis(3'600'000)}) {
    const Time controller = clock_.Now() - offset;
    v1::Welcome welcome;
    welcome.set_epoch(1);
    *welcome.mutable_controller_time() = ToProto(controller);
    controller_.SetWelcome(welcome);
    StartSession();
    const std::string mark = std::to_string(offset.count());
    controller_.WaitHello(offset < Millis(0) ? 1 : 2);

    v1::StartOperation in_time = Order("in-time" + mark);
    *in_time.mutable_deadline() = ToProto(controller + Millis(60'000));
    *in_time.mutable_begin_by() = ToProto(controller + Millis(15'000));
    controller_.Order(in_time);
    EXPECT_EQ(controller_.WaitEnd("in-time" + mark).state(), v1::OPERATION_STATE_SUCCEEDED) << mark;
    v1::StartOperation late = Order("late" + mark);
    *late.mutable_deadline() = ToProto(controller - Millis(1'000));
    controller_.Order(late);
    EXPECT_EQ(controller_.WaitEnd("late" + mark).error().code(),
              v1::OPERATION_ERROR_CODE_DEADLINE_PASSED)
        << mark;
    session_.reset();
  }
}

// Set forward, the clock would make every order late; set back, it would let one act that is.
TEST_F(SessionTest, AClockThatWasSetMakesANewConnection) {
  v1::Welcome welcome;
  welcome.set_epoch(1);
  const Time controller = clock_.Now();
  *welcome.mutable_controller_time() = ToProto(controller);
  controller_.SetWelcome(welcome);
  StartSession();
  controller_.WaitHello(1);
  controller_.Order(Order("heard-welcome"));
  controller_.WaitEnd("heard-welcome");
  v1::StartOperation order = Order("op");
  *order.mutable_deadline() = ToProto(controller + Millis(60'000));
  clock_.Set(clock_.Now() + Millis(3'600'000));

  controller_.Order(order);
  controller_.WaitHello(2);
  controller_.Order(order);

  EXPECT_EQ(controller_.WaitEnd("op").state(), v1::OPERATION_STATE_SUCCEEDED);
}

}  // namespace
}  // namespace drover::agent
