#include "agent/session/join.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "common/crypto/join_token.h"
#include "tests/unit/agent/session/session_fixture.h"

namespace drover::agent {
namespace {

class JoinTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/drover-join-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    folder_ = folder;
    token_ = crypto::NewJoinToken(std::string(64, 'a'));
    request_.token = crypto::FormatJoinToken(token_);
    request_.address = "controller.example:7441";
    request_.name = "h1";
    request_.state_folder = folder_ + "/state";
    network_.fetch_authority = [this](const std::string& address, const std::string& digest,
                                      Millis) -> StatusOr<std::string> {
      fetched_from_ = address;
      EXPECT_EQ(digest, token_.authority_digest);
      if (!fetch_status_.ok()) return fetch_status_;
      return std::string("pinned ca");
    };
    network_.make_channel = [this](const std::string&, const rpc::Identity& identity) {
      EXPECT_EQ(identity.ca, "pinned ca");
      EXPECT_TRUE(identity.key.empty());
      return controller_.NewChannel();
    };
    controller_.on_enroll = [this](const v1::EnrollRequest& request, v1::EnrollResponse* response) {
      EXPECT_EQ(request.token_secret(), token_.secret);
      EXPECT_EQ(request.host_name(), "h1");
      ++enrolments_;
      response->set_host_id("id-1");
      response->set_certificate_chain(MakeCertificate(*crypto::GenerateKey(), SystemClock().Now()));
      response->set_ca_certificate("other ca");
      return enroll_status_;
    };
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // The error of Join; checks that it left no identity and named none of the token's secret.
  Status Refused() {
    const auto identity = Join(request_, network_);
    EXPECT_FALSE(identity.ok());
    EXPECT_FALSE(std::filesystem::exists(request_.state_folder + "/identity.json"));
    EXPECT_EQ(Message(identity.status()).find(token_.secret), std::string::npos);
    return identity.status();
  }

  std::string folder_;
  crypto::JoinToken token_;
  JoinRequest request_;
  JoinNetwork network_;
  FakeController controller_;
  Status fetch_status_;
  grpc::Status enroll_status_;
  std::string fetched_from_;
  int enrolments_ = 0;
};

TEST_F(JoinTest, SavesWhatTheControllerGaveAndTheAuthorityThatTheTokenPins) {
  const auto identity = Join(request_, network_);
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->host_id, "id-1");
  EXPECT_EQ(identity->ca, "pinned ca");
  EXPECT_EQ(identity->controller, "controller.example:7441");
  EXPECT_EQ(*IdentityFile(request_.state_folder + "/identity.json").Load(), *identity);
}

TEST_F(JoinTest, TheDefaultPortIsAdded) {
  request_.address = "controller.example";
  ASSERT_TRUE(Join(request_, network_).ok());
  EXPECT_EQ(fetched_from_, "controller.example:7441");
}

TEST_F(JoinTest, AMalformedTokenOrAddressIsRefusedBeforeAnythingIsAsked) {
  request_.token = "DROVER-1-abc";
  EXPECT_EQ(JoinExitCode(Refused()), 2);
  request_.token = crypto::FormatJoinToken(token_);
  for (const char* address : {"", ":7441", "host:", "host:99999", "host:x", "http://host:7441"}) {
    request_.address = address;
    EXPECT_EQ(JoinExitCode(Refused()), 2) << address;
  }
  EXPECT_EQ(fetched_from_, "");
}

TEST_F(JoinTest, ATokenOfAnotherControllerIsRefused) {
  fetch_status_ = Unauthenticated("no certificate has that digest");
  const Status status = Refused();
  EXPECT_EQ(JoinExitCode(status), 2);
  EXPECT_NE(Message(status).find("another controller"), std::string::npos);
  EXPECT_EQ(enrolments_, 0);
}

TEST_F(JoinTest, AControllerThatDoesNotAnswerIsAnError) {
  fetch_status_ = Unavailable("connection refused");
  const Status status = Refused();
  EXPECT_EQ(JoinExitCode(status), 1);
  EXPECT_NE(Message(status).find("token was not used"), std::string::npos);
}

TEST_F(JoinTest, WhatTheControllerSaysOfTheTokenIsPassedOn) {
  enroll_status_ = grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "the token expired at noon");
  const Status status = Refused();
  EXPECT_EQ(JoinExitCode(status), 2);
  EXPECT_NE(Message(status).find("the token expired at noon"), std::string::npos);
  EXPECT_NE(Message(status).find("drover token create"), std::string::npos);
}

TEST_F(JoinTest, ATakenNameIsRefused) {
  enroll_status_ = grpc::Status(grpc::StatusCode::ALREADY_EXISTS, "h1 is id-7");
  const Status status = Refused();
  EXPECT_EQ(JoinExitCode(status), 2);
  EXPECT_NE(Message(status).find("--name"), std::string::npos);
}

TEST_F(JoinTest, AnEnrolledHostIsEnrolledAgainOnlyByForce) {
  const auto first = Join(request_, network_);
  ASSERT_TRUE(first.ok());
  const auto second = Join(request_, network_);
  EXPECT_EQ(JoinExitCode(second.status()), 2);
  EXPECT_NE(Message(second.status()).find("id-1"), std::string::npos);
  EXPECT_NE(Message(second.status()).find("controller.example:7441"), std::string::npos);
  EXPECT_EQ(enrolments_, 1);
  request_.force = true;
  const auto forced = Join(request_, network_);
  ASSERT_TRUE(forced.ok()) << forced.status();
  EXPECT_NE(forced->key, first->key);
}

TEST_F(JoinTest, AStateFolderThatCannotBeMadeCostsNoToken) {
  request_.state_folder = folder_ + "/no/such/folder";
  EXPECT_EQ(JoinExitCode(Refused()), 1);
  EXPECT_EQ(enrolments_, 0);
}

}  // namespace
}  // namespace drover::agent
