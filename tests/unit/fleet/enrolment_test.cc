#include <gtest/gtest.h>

#include "common/crypto/crypto.h"
#include "common/crypto/join_token.h"
#include "common/rpc/limits.h"
#include "tests/unit/fleet/fleet_fixture.h"

namespace drover::fleet {
namespace {

namespace pb = drover::agent::v1;

class EnrolmentTest : public FleetTest {
 protected:
  grpc::Status Renew(const rpc::Identity& identity, const std::string& request_pem,
                     pb::RenewCertificateResponse* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    pb::RenewCertificateRequest request;
    request.set_certificate_signing_request(request_pem);
    const auto stub = pb::AgentGateway::NewStub(rpc::MakeTlsChannel(Address(), identity));
    return stub->RenewCertificate(&context, request, response);
  }
  static std::string NewRequest() {
    return *crypto::MakeSigningRequest(*crypto::GenerateKey(), "x");
  }
};

// What `drover-agent join` does, from the token's text on.
TEST_F(EnrolmentTest, TokenPinsTheAuthorityAndGivesACertificate) {
  const auto made = gateway_->CreateToken(Millis(0));
  ASSERT_TRUE(made.ok());
  EXPECT_NEAR(static_cast<double>((made->expires_at - clock_.Now()).count()), 3'600'000, 10'000);
  const auto token = crypto::ParseJoinToken(made->token);
  ASSERT_TRUE(token.ok());
  const auto ca = crypto::FetchPinnedAuthority(Address(), token->authority_digest, Millis(10'000));
  ASSERT_TRUE(ca.ok()) << ca.status();
  EXPECT_EQ(*ca, authority_->certificate());
  const auto response = Enroll(MakeEnrollRequest(token->secret, "h1"));
  ASSERT_TRUE(response.ok()) << response.status();
  const auto info = crypto::ReadCertificate(response->certificate_chain());
  EXPECT_EQ(info->uris, std::vector<std::string>{"spiffe://test/agent/" + response->host_id()});
  EXPECT_EQ(response->ca_certificate(), *ca);
  EXPECT_EQ(response->certificate_chain().find(*ca) != std::string::npos, true);
  const auto hosts = store_.ListHosts();
  ASSERT_EQ(hosts->size(), 1u);
  EXPECT_EQ(hosts->front().name, "h1");
  EXPECT_EQ(hosts->front().certificate_serial, info->serial_hex);
}

TEST_F(EnrolmentTest, WrongDigestInTheTokenIsRefusedBeforeAnySecretIsSent) {
  const auto ca = crypto::FetchPinnedAuthority(Address(), std::string(64, '0'), Millis(10'000));
  EXPECT_EQ(ca.status().code(), StatusCode::kUnauthenticated);
}

TEST_F(EnrolmentTest, TokenServesOnce) {
  const std::string secret = NewSecret();
  ASSERT_TRUE(Enroll(MakeEnrollRequest(secret, "h1")).ok());
  const auto again = Enroll(MakeEnrollRequest(secret, "h2"));
  EXPECT_EQ(again.status().code(), StatusCode::kUnauthenticated);
  EXPECT_NE(Message(again.status()).find("used"), std::string::npos);
  EXPECT_EQ(gateway_->Hosts().size(), 1u);
}

TEST_F(EnrolmentTest, ExpiredTokenIsRefused) {
  const std::string secret = NewSecret(Millis(60'000));
  clock_.Move(Millis(61'000));
  const auto response = Enroll(MakeEnrollRequest(secret, "h1"));
  EXPECT_EQ(response.status().code(), StatusCode::kUnauthenticated);
  EXPECT_NE(Message(response.status()).find("expired"), std::string::npos);
}

TEST_F(EnrolmentTest, UnknownTokenIsRefusedAndNotRepeated) {
  const std::string secret(32, 'f');
  const auto response = Enroll(MakeEnrollRequest(secret, "h1"));
  EXPECT_EQ(response.status().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(Message(response.status()).find(secret), std::string::npos);
  EXPECT_EQ(Enroll(MakeEnrollRequest("", "h1")).status().code(), StatusCode::kUnauthenticated);
}

TEST_F(EnrolmentTest, NamesThatDoNotFitCostNoToken) {
  const std::string secret = NewSecret();
  for (const std::string& name : {std::string(), std::string("-h1"), std::string("h 1"),
                                  std::string("a/b"), std::string("h\n1"), std::string(64, 'a')}) {
    EXPECT_EQ(Enroll(MakeEnrollRequest(secret, name)).status().code(), StatusCode::kInvalidArgument)
        << name;
  }
  EXPECT_TRUE(Enroll(MakeEnrollRequest(secret, "db-1.example_x")).ok());
}

TEST_F(EnrolmentTest, TakenNameCostsNoTokenAndARevokedOneIsFree) {
  const auto first = Enroll(MakeEnrollRequest(NewSecret(), "h1"));
  const std::string secret = NewSecret();
  EXPECT_EQ(Enroll(MakeEnrollRequest(secret, "h1")).status().code(), StatusCode::kAlreadyExists);
  ASSERT_TRUE(gateway_->RevokeHost("h1").ok());
  const auto second = Enroll(MakeEnrollRequest(secret, "h1"));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(first->host_id(), second->host_id());
  EXPECT_EQ(gateway_->ListHosts().size(), 2u);
  EXPECT_EQ(gateway_->GetHost("h1")->view.id.str(), second->host_id());
}

TEST_F(EnrolmentTest, RequestThatIsNoneCostsNoToken) {
  const std::string secret = NewSecret();
  pb::EnrollRequest request = MakeEnrollRequest(secret, "h1");
  request.set_certificate_signing_request("nonsense");
  EXPECT_EQ(Enroll(request).status().code(), StatusCode::kInvalidArgument);
  request.set_certificate_signing_request(std::string(100'000, 'x'));
  EXPECT_EQ(Enroll(request).status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(Enroll(MakeEnrollRequest(secret, "h1")).ok());
}

TEST_F(EnrolmentTest, GuessingIsSlowedDown) {
  const auto stub = pb::AgentGateway::NewStub(rpc::MakeTlsChannel(Address(), Nobody()));
  const pb::EnrollRequest guess = MakeEnrollRequest(std::string(32, 'f'), "h1");
  bool slowed = false;
  for (int i = 0; i < 1000 && !slowed; ++i) {
    grpc::ClientContext context;
    pb::EnrollResponse response;
    slowed = stub->Enroll(&context, guess, &response).error_code() == grpc::RESOURCE_EXHAUSTED;
  }
  EXPECT_TRUE(slowed);
}

TEST_F(EnrolmentTest, RenewalKeepsTheIdentity) {
  const rpc::Identity identity = EnrollHost("h1");
  const auto before = store_.ListHosts();
  clock_.Move(rpc::kCertificateLife / 2);
  pb::RenewCertificateResponse response;
  const grpc::Status status = Renew(identity, NewRequest(), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const auto old_info = crypto::ReadCertificate(identity.certificate_chain);
  const auto new_info = crypto::ReadCertificate(response.certificate_chain());
  EXPECT_EQ(new_info->uris, old_info->uris);
  EXPECT_GT(new_info->not_after, old_info->not_after);
  EXPECT_EQ(store_.ListHosts()->front().certificate_serial, new_info->serial_hex);
  EXPECT_GT(store_.ListHosts()->front().certificate_ends, before->front().certificate_ends);
}

TEST_F(EnrolmentTest, RenewalIsForEnrolledHostsAlone) {
  pb::RenewCertificateResponse response;
  EXPECT_EQ(Renew(Nobody(), NewRequest(), &response).error_code(), grpc::PERMISSION_DENIED);
  const rpc::Identity identity = EnrollHost("h1");
  EXPECT_EQ(Renew(identity, "nonsense", &response).error_code(), grpc::INVALID_ARGUMENT);
  ASSERT_TRUE(gateway_->RevokeHost("h1").ok());
  const grpc::Status revoked = Renew(identity, NewRequest(), &response);
  EXPECT_EQ(revoked.error_code(), grpc::PERMISSION_DENIED);
  EXPECT_NE(revoked.error_message().find("drover token create"), std::string::npos);
}

}  // namespace
}  // namespace drover::fleet
