// Who may connect, and what becomes of connections.
#include <gtest/gtest.h>

#include "common/base/files.h"
#include "common/crypto/crypto.h"
#include "common/rpc/limits.h"
#include "controller/fleet/convert.h"
#include "controller/fleet/identity.h"
#include "tests/unit/fleet/fleet_fixture.h"

namespace drover::fleet {
namespace {

namespace pb = drover::agent::v1;

class StreamTest : public FleetTest {
 protected:
  // How the controller ends a connection that says Hello with this identity.
  grpc::Status Outcome(const rpc::Identity& identity, uint64_t highest_epoch = 0) {
    FakeAgent agent(Address(), identity);
    agent.SendHello(highest_epoch);
    return agent.WaitForEnd();
  }
  // A certificate of this fleet's own CA with another identity.
  rpc::Identity Forge(const std::string& uri) {
    crypto::CertificateFields fields;
    fields.common_name = "x";
    fields.uris = {uri};
    fields.not_before = clock_.Now() - Millis(1000);
    fields.not_after = clock_.Now() + Millis(3'600'000);
    const std::string key = *crypto::GenerateKey();
    const std::string leaf =
        *crypto::SignRequest(*crypto::MakeSigningRequest(key, "x"), fields,
                             *ReadFile(folder_.File("ca.key")), authority_->certificate());
    return {authority_->certificate(), key, leaf};
  }
};

TEST_F(StreamTest, HelloIsAnsweredByWelcomeAndKnown) {
  EnrollHost("other");
  const rpc::Identity identity = EnrollHost("h1");
  FakeAgent agent(Address(), identity);
  ASSERT_TRUE(agent.SendHello(kEpoch));  // the same epoch: this controller, again
  const pb::ControllerMessage message = agent.Read();
  ASSERT_TRUE(message.has_welcome());
  EXPECT_EQ(message.welcome().epoch(), kEpoch);
  EXPECT_EQ(FromProto(message.welcome().report_interval()), rpc::kReportInterval);
  EXPECT_EQ(FromProto(message.welcome().reconnect_window()), 2 * rpc::kReconnectWindowPerAgent);
  EXPECT_LT(clock_.Now() - FromProto(message.welcome().controller_time()), Millis(10'000));
  EXPECT_EQ(listener_.log.Get(), "connected h1");
  const auto hosts = gateway_->Hosts();
  ASSERT_EQ(hosts.size(), 2u);
  EXPECT_EQ(hosts[0].name, "h1");
  EXPECT_TRUE(hosts[0].known);
  EXPECT_TRUE(hosts[0].connected);
  EXPECT_TRUE(hosts[0].connected_since.has_value());
  EXPECT_EQ(hosts[0].agent_version, "0.1.0");
  EXPECT_EQ(hosts[0].compose_versions, std::vector<std::string>{"docker compose 2.26.1"});
  EXPECT_EQ(hosts[0].policy_summary, std::vector<std::string>{"projects: /srv"});
  EXPECT_EQ(hosts[0].projects.at(0).name, "search");
  EXPECT_EQ(hosts[1].name, "other");
  EXPECT_FALSE(hosts[1].connected);
}

TEST_F(StreamTest, CallerWithoutCertificateIsRefused) {
  const grpc::Status status = Outcome(Nobody());
  EXPECT_EQ(status.error_code(), grpc::PERMISSION_DENIED);
  EXPECT_NE(status.error_message().find("drover-agent join"), std::string::npos);
}

TEST_F(StreamTest, CertificateOfAnotherAuthorityIsRefused) {
  drover::testing::TempFolder folder;
  const auto other = Authority::Open({folder.path(), "test", {}, {}}, clock_);
  ASSERT_TRUE(other.ok());
  const std::string key = *crypto::GenerateKey();
  const auto issued =
      (*other)->IssueAgent(*crypto::MakeSigningRequest(key, "x"), HostId("1"), "h1");
  EXPECT_EQ(Outcome({authority_->certificate(), key, issued->chain}).error_code(),
            grpc::UNAVAILABLE);
}

TEST_F(StreamTest, ControllerOfAnotherAuthorityIsRefusedByTheAgent) {
  drover::testing::TempFolder folder;
  const auto other = Authority::Open({folder.path(), "test", {}, {}}, clock_);
  rpc::Identity identity = EnrollHost("h1");
  identity.ca = (*other)->certificate();
  EXPECT_EQ(Outcome(identity).error_code(), grpc::UNAVAILABLE);
  EXPECT_TRUE(listener_.log.All().empty());
}

TEST_F(StreamTest, OtherRolesFleetsAndUnknownHostsAreRefused) {
  EnrollHost("h1");
  for (const char* uri : {"spiffe://test/operator/ann", "spiffe://test/controller",
                          "spiffe://other/agent/1", "spiffe://test/agent/0123456789abcdef", "x"}) {
    const grpc::Status status = Outcome(Forge(uri));
    EXPECT_EQ(status.error_code(), grpc::PERMISSION_DENIED) << uri;
    EXPECT_FALSE(status.error_message().empty());
  }
}

TEST_F(StreamTest, GreaterEpochFencesThisControllerAndSaysThatAnotherOneTookOver) {
  const rpc::Identity identity = EnrollHost("h1");
  const auto other = ConnectHost("h2");
  const grpc::Status status = Outcome(identity, kEpoch + 1);
  EXPECT_EQ(status.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_NE(status.error_message().find("another controller took over"), std::string::npos);
  EXPECT_FALSE(gateway_->Hosts().at(0).connected);
  const Fenced fenced = listener_.fences.Get();
  EXPECT_EQ(fenced.host, "h1");
  EXPECT_EQ(fenced.epoch, kEpoch + 1);
  EXPECT_EQ(fenced.own_epoch, kEpoch);
  for (const char* part : {"h1", "epoch 8", "epoch 7", "--take-over"}) {
    EXPECT_NE(fenced.Text().find(part), std::string::npos) << part;
  }
  rollout::OperationOrder order;
  order.host = "h2";
  EXPECT_EQ(gateway_->Start(order).code(), StatusCode::kUnavailable);
}

TEST_F(StreamTest, AnOrderThatIsRefusedAsStaleFencesThisController) {
  const auto agent = ConnectHost("h1");
  pb::AgentMessage message;
  message.mutable_operation_event()->set_operation_id("op");
  message.mutable_operation_event()->set_sequence(1);
  pb::OperationEnd* end = message.mutable_operation_event()->mutable_end();
  end->set_state(pb::OPERATION_STATE_REFUSED);
  end->mutable_error()->set_code(pb::OPERATION_ERROR_CODE_STALE_EPOCH);
  // Of an order that an earlier start of this very controller had sent.
  end->mutable_error()->set_highest_epoch(kEpoch);
  ASSERT_TRUE(agent->Send(message));
  listener_.events.Get();
  EXPECT_TRUE(listener_.fences.All().empty());

  end->mutable_error()->set_highest_epoch(kEpoch + 2);
  ASSERT_TRUE(agent->Send(message));
  EXPECT_EQ(listener_.fences.Get().epoch, kEpoch + 2);
  EXPECT_EQ(agent->WaitForEnd().error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(listener_.events.All().size(), 1u);
}

// Started on an old copy of its data it has the highest epoch by the clock, but does not know what
// was done since the copy was made.
class OldCopyStreamTest : public FleetTest {
 protected:
  OldCopyStreamTest() : FleetTest(GatewayOptions{.epoch = 100, .previous_epoch = kEpoch}) {}
};

TEST_F(OldCopyStreamTest, AnEpochBetweenItsTwoStartsFencesIt) {
  const rpc::Identity identity = EnrollHost("h1");
  for (const uint64_t own : {uint64_t{0}, kEpoch - 1, kEpoch, uint64_t{100}}) {
    FakeAgent agent(Address(), identity);
    ASSERT_TRUE(agent.SendHello(own));
    EXPECT_TRUE(agent.Read().has_welcome()) << own;
  }
  FakeAgent agent(Address(), identity);
  ASSERT_TRUE(agent.SendHello(kEpoch + 1));
  EXPECT_EQ(agent.WaitForEnd().error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(listener_.fences.Get().epoch, kEpoch + 1);
}

TEST_F(StreamTest, RevokedHostIsCutAtOnceAndRefusedAfterwards) {
  const rpc::Identity identity = EnrollHost("h1");
  const auto agent = Reconnect(identity);
  ASSERT_TRUE(gateway_->RevokeHost("h1").ok());
  EXPECT_EQ(agent->WaitForEnd().error_code(), grpc::PERMISSION_DENIED);
  EXPECT_EQ(listener_.log.Get(1), "lost h1");
  const grpc::Status again = Outcome(identity);
  EXPECT_EQ(again.error_code(), grpc::PERMISSION_DENIED);
  EXPECT_NE(again.error_message().find("revoked"), std::string::npos);
  EXPECT_TRUE(gateway_->Hosts().empty());
}

TEST_F(StreamTest, SecondConnectionReplacesTheFirst) {
  const rpc::Identity identity = EnrollHost("h1");
  const auto first = Reconnect(identity);
  const auto second = Reconnect(identity);
  EXPECT_EQ(first->WaitForEnd().error_code(), grpc::ABORTED);
  EXPECT_EQ(listener_.log.Get(2), "connected h1");
  EXPECT_EQ(listener_.log.Get(1), "lost h1");
  ASSERT_TRUE(second->SendEvent("op", 1));
  EXPECT_EQ(listener_.log.Get(3), "event h1 op/1");
  EXPECT_TRUE(gateway_->Hosts().at(0).connected);
}

TEST_F(StreamTest, LostHostKeepsItsLastReportAndItsTimeIsStored) {
  const auto agent = ConnectHost("h1");
  EXPECT_TRUE(agent->Close().ok());
  EXPECT_EQ(listener_.log.Get(1), "lost h1");
  const auto hosts = gateway_->Hosts();
  EXPECT_FALSE(hosts.at(0).connected);
  EXPECT_EQ(hosts.at(0).projects.at(0).name, "search");
  EXPECT_FALSE(hosts.at(0).connected_since.has_value());
  // Stored after h1's time, which was given to the same thread before.
  EnrollHost("h2");
  EXPECT_EQ(store_.ListHosts()->at(0).last_seen, *hosts.at(0).last_seen);
}

TEST_F(StreamTest, ReportReplacesTheViewAndMeasuresTheClock) {
  Box<Millis> offsets;
  const auto agent = ConnectHost("h1");
  gateway_->Subscribe([&offsets](const HostStatus& host) {
    if (host.view.engine_error == "no engine") offsets.Put(host.view.clock_offset);
  });
  pb::AgentMessage message;
  *message.mutable_report()->mutable_host_time() = ToProto(clock_.Now() + Millis(3'600'000));
  message.mutable_report()->set_engine_error("no engine");
  ASSERT_TRUE(agent->Send(message));
  EXPECT_NEAR(static_cast<double>(offsets.Get().count()), 3'600'000, 10'000);
  EXPECT_TRUE(gateway_->Hosts().at(0).projects.empty());
  Stop();  // before `offsets` ends
}

TEST_F(StreamTest, FirstMessageMustBeHelloAndHelloComesOnce) {
  const rpc::Identity identity = EnrollHost("h1");
  FakeAgent rude(Address(), identity);
  ASSERT_TRUE(rude.SendEvent("op", 1));
  EXPECT_EQ(rude.WaitForEnd().error_code(), grpc::INVALID_ARGUMENT);
  const auto agent = Reconnect(identity);
  ASSERT_TRUE(agent->SendHello());
  EXPECT_EQ(agent->WaitForEnd().error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_TRUE(listener_.events.All().empty());
}

TEST_F(StreamTest, ShutdownEndsStreamsAndSaysRestarting) {
  const rpc::Identity identity = EnrollHost("h1");
  const auto agent = Reconnect(identity);
  FakeAgent silent(Address(), EnrollHost("h2"));
  gateway_->Shutdown();
  const grpc::Status status = agent->WaitForEnd();
  EXPECT_EQ(status.error_code(), grpc::UNAVAILABLE);
  EXPECT_NE(status.error_message().find("restarting"), std::string::npos);
  EXPECT_EQ(silent.WaitForEnd().error_code(), grpc::UNAVAILABLE);
  EXPECT_EQ(Outcome(identity).error_code(), grpc::UNAVAILABLE);
}

// As it is after a restart of the controller.
TEST_F(StreamTest, HostsComeFromTheStore) {
  EnrollHost("h1");
  const auto second = Gateway::Make({kEpoch + 1}, *authority_, store_, clock_);
  ASSERT_TRUE(second.ok());
  ASSERT_EQ((*second)->Hosts().size(), 1u);
  EXPECT_EQ((*second)->Hosts().at(0).name, "h1");
  EXPECT_FALSE((*second)->Hosts().at(0).connected);
}

class ImpatientStreamTest : public FleetTest {
 protected:
  ImpatientStreamTest() : FleetTest(GatewayOptions{kEpoch, Millis(20), Millis(100)}) {}
};

TEST_F(ImpatientStreamTest, ConnectionThatSaysNothingIsEnded) {
  FakeAgent silent(Address(), EnrollHost("h1"));
  EXPECT_EQ(silent.WaitForEnd().error_code(), grpc::DEADLINE_EXCEEDED);
}

TEST_F(ImpatientStreamTest, RevocationInTheStoreCutsAtTheNextCheck) {
  const auto agent = ConnectHost("h1");
  store::HostRecord record = store_.ListHosts()->at(0);
  record.revoked = true;
  ASSERT_TRUE(store_.UpdateHost(record).ok());
  EXPECT_EQ(agent->WaitForEnd().error_code(), grpc::PERMISSION_DENIED);
  EXPECT_EQ(listener_.log.Get(1), "lost h1");
}

TEST_F(ImpatientStreamTest, EndOfTheCertificateCutsAtTheNextCheck) {
  const auto agent = ConnectHost("h1");
  clock_.Move(rpc::kCertificateLife + Millis(1000));
  EXPECT_EQ(agent->WaitForEnd().error_code(), grpc::PERMISSION_DENIED);
}

}  // namespace
}  // namespace drover::fleet
