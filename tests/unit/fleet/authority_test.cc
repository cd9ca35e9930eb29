#include "controller/fleet/authority.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/files.h"
#include "common/crypto/crypto.h"
#include "common/rpc/limits.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/fleet/fleet_fixture.h"

namespace drover::fleet {
namespace {

class AuthorityTest : public ::testing::Test {
 protected:
  StatusOr<std::unique_ptr<Authority>> Open() { return Authority::Open(options_, clock_); }
  std::string Read(const std::string& name) { return *ReadFile(folder_.File(name)); }

  drover::testing::TempFolder folder_;
  MovableClock clock_;
  AuthorityOptions options_{folder_.File("data"), "", {"ctl.example"}, {"127.0.0.1"}};
};

TEST_F(AuthorityTest, FirstStartMakesFilesOfWhichKeysArePrivate) {
  const auto authority = Open();
  ASSERT_TRUE(authority.ok()) << authority.status();
  for (const char* name : {"data/ca.key", "data/controller.key"}) {
    struct stat info {};
    ASSERT_EQ(::stat((folder_.File(name)).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 07777, 0600u) << name;
  }
  EXPECT_EQ((*authority)->fleet_name().rfind("fleet-", 0), 0u);
  EXPECT_EQ((*authority)->digest(), *crypto::CertificateDigest(Read("data/ca.pem")));
}

TEST_F(AuthorityTest, ControllerCertificateHasItsNames) {
  const auto authority = Open();
  ASSERT_TRUE(authority.ok());
  const auto info = crypto::ReadCertificate(Read("data/controller.pem"));
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->dns_names, (std::vector<std::string>{rpc::kControllerName, "ctl.example"}));
  EXPECT_EQ(info->ip_addresses, std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(info->uris,
            std::vector<std::string>{"spiffe://" + (*authority)->fleet_name() + "/controller"});
}

TEST_F(AuthorityTest, SecondStartKeepsEverything) {
  const auto first = Open();
  ASSERT_TRUE(first.ok());
  const std::string chain = Read("data/controller.pem");
  const auto second = Open();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ((*second)->digest(), (*first)->digest());
  EXPECT_EQ((*second)->fleet_name(), (*first)->fleet_name());
  EXPECT_EQ(Read("data/controller.pem"), chain);
}

TEST_F(AuthorityTest, RenewsAtTwoThirdsOfTheLifeWithTheSameKey) {
  const auto authority = Open();
  ASSERT_TRUE(authority.ok());
  const std::string key = Read("data/controller.key");
  const std::string chain = Read("data/controller.pem");
  clock_.Move(rpc::kCertificateLife / 2);
  ASSERT_TRUE((*authority)->RenewServerCertificate().ok());
  EXPECT_EQ(Read("data/controller.pem"), chain);
  clock_.Move(rpc::kCertificateLife / 5);
  ASSERT_TRUE((*authority)->RenewServerCertificate().ok());
  EXPECT_NE(Read("data/controller.pem"), chain);
  EXPECT_TRUE(crypto::CertificateFitsKey(Read("data/controller.pem"), key));
}

TEST_F(AuthorityTest, NewNamesMakeANewCertificate) {
  ASSERT_TRUE(Open().ok());
  options_.dns_names = {"other.example"};
  ASSERT_TRUE(Open().ok());
  const auto info = crypto::ReadCertificate(Read("data/controller.pem"));
  EXPECT_EQ(info->dns_names, (std::vector<std::string>{rpc::kControllerName, "other.example"}));
}

TEST_F(AuthorityTest, CrashBetweenKeyAndCertificateIsMended) {
  ASSERT_TRUE(Open().ok());
  ASSERT_EQ(::unlink((folder_.File("data/ca.pem")).c_str()), 0);
  ASSERT_EQ(::unlink((folder_.File("data/controller.pem")).c_str()), 0);
  EXPECT_TRUE(Open().ok());
}

TEST_F(AuthorityTest, MissingKeyIsNeverReplaced) {
  ASSERT_TRUE(Open().ok());
  ASSERT_EQ(::unlink((folder_.File("data/ca.key")).c_str()), 0);
  const auto authority = Open();
  EXPECT_EQ(authority.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(authority.status()).find("ca.key"), std::string::npos);
  EXPECT_FALSE(ReadFile(folder_.File("data/ca.key")).ok());
}

TEST_F(AuthorityTest, KeyOfAnotherAuthorityIsRefused) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(WriteFileAtomically(folder_.File("data/ca.key"), *crypto::GenerateKey()).ok());
  EXPECT_EQ(Open().status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(AuthorityTest, KeyThatOthersCanReadIsRefused) {
  ASSERT_TRUE(Open().ok());
  ASSERT_EQ(::chmod((folder_.File("data/ca.key")).c_str(), 0644), 0);
  const auto authority = Open();
  EXPECT_EQ(authority.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(authority.status()).find("chmod 600"), std::string::npos);
}

TEST_F(AuthorityTest, FleetNameIsCheckedAndCannotChange) {
  options_.fleet_name = "not a name";
  EXPECT_EQ(Open().status().code(), StatusCode::kInvalidArgument);
  options_.fleet_name = "one";
  ASSERT_TRUE(Open().ok());
  options_.fleet_name = "two";
  EXPECT_EQ(Open().status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(AuthorityTest, AgentCertificateIsForThatAgentAlone) {
  const auto authority = Open();
  ASSERT_TRUE(authority.ok());
  const std::string request = *crypto::MakeSigningRequest(*crypto::GenerateKey(), "root");
  const auto issued = (*authority)->IssueAgent(request, HostId("0a"), "h1");
  ASSERT_TRUE(issued.ok()) << issued.status();
  const auto info = crypto::ReadCertificate(issued->chain);
  EXPECT_EQ(info->common_name, "h1");
  EXPECT_EQ(info->uris,
            std::vector<std::string>{"spiffe://" + (*authority)->fleet_name() + "/agent/0a"});
  EXPECT_TRUE(info->dns_names.empty());
  EXPECT_EQ(info->serial_hex, issued->serial_hex);
  const Millis life = issued->not_after - clock_.Now();
  EXPECT_GT(life, rpc::kCertificateLife - Millis(60'000));
  EXPECT_LE(life, rpc::kCertificateLife);
  // Good on a host whose clock is an hour behind, and more.
  EXPECT_LT(info->not_before, clock_.Now() - Millis(3'600'000));
}

}  // namespace
}  // namespace drover::fleet
