#include "common/rpc/channel.h"

#include <gtest/gtest.h>

#include "common/base/files.h"
#include "drover/agent/v1/gateway.grpc.pb.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/common/crypto/test_authority.h"

namespace drover::rpc {
namespace {

using drover::agent::v1::AgentGateway;
using drover::testing::kHour;
using drover::testing::TempFolder;
using drover::testing::TestAuthority;

// Answers with who called.
class WhoAmI final : public AgentGateway::CallbackService {
 public:
  grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* context,
                                   const agent::v1::EnrollRequest*,
                                   agent::v1::EnrollResponse* response) override {
    response->set_host_id(PeerUri(*context->auth_context()));
    response->set_ca_certificate(IsLocalPeer(context->peer()) ? "local" : "remote");
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

class ChannelTest : public ::testing::Test {
 protected:
  void Serve(const std::string& address, std::shared_ptr<grpc::ServerCredentials> credentials) {
    grpc::ServerBuilder builder;
    SetServerLimits(builder);
    builder.AddListeningPort(address, std::move(credentials), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  void ServeTls(const Identity& identity) { Serve("127.0.0.1:0", MakeServerCredentials(identity)); }
  ~ChannelTest() override {
    if (server_ != nullptr) server_->Shutdown();
  }

  std::string Address() const { return "127.0.0.1:" + std::to_string(port_); }

  grpc::Status Ask(std::shared_ptr<grpc::Channel> channel, agent::v1::EnrollResponse* response,
                   std::string name = "") {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    agent::v1::EnrollRequest request;
    request.set_host_name(std::move(name));
    return AgentGateway::NewStub(channel)->Enroll(&context, request, response);
  }

  TestAuthority authority_;
  WhoAmI service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

TEST_F(ChannelTest, ServerKnowsWhoCalls) {
  ServeTls(authority_.Issue("spiffe://f/controller", true));
  agent::v1::EnrollResponse response;
  const auto channel = MakeTlsChannel(Address(), authority_.Issue("spiffe://f/agent/1"));
  const grpc::Status status = Ask(channel, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.host_id(), "spiffe://f/agent/1");
  EXPECT_EQ(response.ca_certificate(), "remote");
}

TEST_F(ChannelTest, CallerWithoutCertificateIsNobody) {
  ServeTls(authority_.Issue("spiffe://f/controller", true));
  agent::v1::EnrollResponse response;
  ASSERT_TRUE(Ask(MakeTlsChannel(Address(), {authority_.certificate, "", ""}), &response).ok());
  EXPECT_EQ(response.host_id(), "");
}

TEST_F(ChannelTest, CertificateWithTwoUrisIsNobody) {
  ServeTls(authority_.Issue("spiffe://f/controller", true));
  crypto::CertificateFields fields;
  fields.common_name = "two";
  fields.uris = {"spiffe://f/agent/1", "spiffe://f/admin/root"};
  fields.not_before = authority_.now - kHour;
  fields.not_after = authority_.now + kHour;
  agent::v1::EnrollResponse response;
  ASSERT_TRUE(Ask(MakeTlsChannel(Address(), authority_.Issue(fields)), &response).ok());
  EXPECT_EQ(response.host_id(), "");
}

TEST_F(ChannelTest, CertificateOfAnotherAuthorityIsRefused) {
  ServeTls(authority_.Issue("spiffe://f/controller", true));
  Identity foreign = TestAuthority().Issue("spiffe://f/agent/1");
  foreign.ca = authority_.certificate;
  agent::v1::EnrollResponse response;
  EXPECT_FALSE(Ask(MakeTlsChannel(Address(), foreign), &response).ok());
  EXPECT_EQ(response.host_id(), "");
}

TEST_F(ChannelTest, ExpiredCertificateIsRefused) {
  ServeTls(authority_.Issue("spiffe://f/controller", true));
  crypto::CertificateFields fields;
  fields.uris = {"spiffe://f/agent/1"};
  fields.common_name = "old";
  fields.not_before = authority_.now - 2 * kHour;
  fields.not_after = authority_.now - kHour;
  agent::v1::EnrollResponse response;
  EXPECT_FALSE(Ask(MakeTlsChannel(Address(), authority_.Issue(fields)), &response).ok());
}

TEST_F(ChannelTest, ControllerOfAnotherAuthorityIsRefused) {
  ServeTls(TestAuthority().Issue("spiffe://f/controller", true));
  agent::v1::EnrollResponse response;
  const auto channel = MakeTlsChannel(Address(), authority_.Issue("spiffe://f/agent/1"));
  EXPECT_EQ(Ask(channel, &response).error_code(), grpc::UNAVAILABLE);
}

// Every agent's certificate is of the same CA; none may pose as the controller.
TEST_F(ChannelTest, AgentCertificateDoesNotServe) {
  ServeTls(authority_.Issue("spiffe://f/agent/1"));
  agent::v1::EnrollResponse response;
  EXPECT_FALSE(Ask(MakeTlsChannel(Address(), {authority_.certificate, "", ""}), &response).ok());
}

TEST_F(ChannelTest, EmptyAuthorityTrustsNobody) {
  ServeTls(authority_.Issue("spiffe://f/controller", true));
  agent::v1::EnrollResponse response;
  EXPECT_FALSE(Ask(MakeTlsChannel(Address(), {}), &response).ok());
}

TEST_F(ChannelTest, MessageAboveTheLimitIsRefused) {
  ServeTls(authority_.Issue("spiffe://f/controller", true));
  agent::v1::EnrollResponse response;
  const auto channel = MakeTlsChannel(Address(), {authority_.certificate, "", ""});
  EXPECT_EQ(Ask(channel, &response, std::string(kMaxMessageBytes + 1, 'x')).error_code(),
            grpc::RESOURCE_EXHAUSTED);
}

TEST_F(ChannelTest, SecondServerOnThePortDoesNotStart) {
  ServeTls(authority_.Issue("spiffe://f/controller", true));
  grpc::ServerBuilder builder;
  SetServerLimits(builder);
  int port = 0;
  builder.AddListeningPort(
      Address(), MakeServerCredentials(authority_.Issue("spiffe://f/controller", true)), &port);
  WhoAmI second;
  builder.RegisterService(&second);
  EXPECT_EQ(builder.BuildAndStart(), nullptr);
}

TEST_F(ChannelTest, UnixSocketIsLocal) {
  TempFolder folder;
  Serve("unix:" + (folder.File("s")), grpc::InsecureServerCredentials());
  agent::v1::EnrollResponse response;
  ASSERT_TRUE(Ask(MakeUnixChannel(folder.File("s")), &response).ok());
  EXPECT_EQ(response.ca_certificate(), "local");
  EXPECT_EQ(response.host_id(), "");
}

TEST_F(ChannelTest, RenewedCertificateServesWithoutARestart) {
  TempFolder folder;
  crypto::CertificateFields fields;
  fields.common_name = "first";
  fields.dns_names = {kControllerName};
  fields.not_before = authority_.now - kHour;
  fields.not_after = authority_.now + kHour;
  fields.for_server = true;
  const Identity first = authority_.Issue(fields);
  ASSERT_TRUE(WriteFileAtomically(folder.File("ca.pem"), authority_.certificate).ok());
  ASSERT_TRUE(WriteFileAtomically(folder.File("key"), first.key, 0600).ok());
  ASSERT_TRUE(WriteFileAtomically(folder.File("chain"), first.certificate_chain).ok());
  Serve("127.0.0.1:0",
        MakeServerCredentials({folder.File("ca.pem"), folder.File("key"), folder.File("chain")},
                              Millis(1000)));
  const auto leaf = crypto::SignRequest(*crypto::MakeSigningRequest(first.key, "x"), fields,
                                        authority_.key, authority_.certificate);
  ASSERT_TRUE(leaf.ok());
  ASSERT_TRUE(WriteFileAtomically(folder.File("chain"), *leaf + authority_.certificate).ok());
  // The provider has no signal for "read again": new connections are made until one shows it.
  const std::string wanted = *crypto::CertificateDigest(*leaf);
  const Time give_up = SystemClock().Now() + Millis(20'000);
  bool renewed = false;
  while (!renewed && SystemClock().Now() < give_up) {
    renewed = crypto::FetchPinnedAuthority(Address(), wanted, Millis(5000)).ok();
  }
  EXPECT_TRUE(renewed);
  // Callers without and with certificates are treated as with credentials from memory.
  agent::v1::EnrollResponse response;
  ASSERT_TRUE(
      Ask(MakeTlsChannel(Address(), authority_.Issue("spiffe://f/agent/1")), &response).ok());
  EXPECT_EQ(response.host_id(), "spiffe://f/agent/1");
  Identity foreign = TestAuthority().Issue("spiffe://f/agent/1");
  foreign.ca = authority_.certificate;
  EXPECT_FALSE(Ask(MakeTlsChannel(Address(), foreign), &response).ok());
}

}  // namespace
}  // namespace drover::rpc
