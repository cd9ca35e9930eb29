#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drover/agent/v1/gateway.grpc.pb.h"
#include "tests/unit/common/crypto/test_authority.h"

namespace drover::crypto {
namespace {

using drover::testing::TestAuthority;

constexpr Millis kTimeout{10'000};

class PinningTest : public ::testing::Test {
 protected:
  PinningTest() {
    grpc::ServerBuilder builder;
    rpc::SetServerLimits(builder);
    int port = 0;
    builder.AddListeningPort(
        "127.0.0.1:0", rpc::MakeServerCredentials(authority_.Issue("spiffe://f/controller", true)),
        &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
  }
  ~PinningTest() override { server_->Shutdown(); }

  TestAuthority authority_;
  agent::v1::AgentGateway::CallbackService service_;  // a server needs one to start
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

TEST_F(PinningTest, FindsTheAuthorityByItsDigest) {
  const auto ca = FetchPinnedAuthority(address_, authority_.Digest(), kTimeout);
  ASSERT_TRUE(ca.ok()) << ca.status();
  EXPECT_EQ(*ca, authority_.certificate);
}

TEST_F(PinningTest, WrongDigestIsRefused) {
  const auto ca = FetchPinnedAuthority(address_, TestAuthority().Digest(), kTimeout);
  EXPECT_EQ(ca.status().code(), StatusCode::kUnauthenticated);
  EXPECT_NE(Message(ca.status()).find(address_), std::string::npos);
  EXPECT_NE(Message(ca.status()).find("drover token create"), std::string::npos);
}

TEST_F(PinningTest, ClosedPortIsUnavailable) {
  server_->Shutdown();
  const auto ca = FetchPinnedAuthority(address_, authority_.Digest(), kTimeout);
  EXPECT_EQ(ca.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(Message(ca.status()).find(address_), std::string::npos);
}

TEST(PinningSilenceTest, SilentServerIsUnavailableAfterTheTimeout) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto ca = FetchPinnedAuthority("127.0.0.1:" + std::to_string(ntohs(address.sin_port)),
                                       std::string(64, '0'), Millis(50));
  EXPECT_EQ(ca.status().code(), StatusCode::kUnavailable);
  ::close(listener);
}

TEST(PinningSilenceTest, TextThatIsNoAddressIsAnError) {
  EXPECT_FALSE(FetchPinnedAuthority("no address", std::string(64, '0'), Millis(100)).ok());
  EXPECT_FALSE(FetchPinnedAuthority("", std::string(64, '0'), Millis(100)).ok());
}

}  // namespace
}  // namespace drover::crypto
