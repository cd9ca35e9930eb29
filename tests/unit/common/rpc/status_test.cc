#include <gtest/gtest.h>

#include "common/rpc/channel.h"

namespace drover::rpc {
namespace {

TEST(StatusTest, EveryCodeGoesBothWays) {
  for (int code = 1; code <= 16; ++code) {
    const Status status = MakeStatus(static_cast<StatusCode>(code), "why");
    const grpc::Status there = ToGrpc(status);
    EXPECT_EQ(there.error_code(), code);
    EXPECT_EQ(there.error_message(), "why");
    EXPECT_EQ(FromGrpc(there), status);
  }
  EXPECT_TRUE(ToGrpc(OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST(StatusTest, LocalPeersAreThoseOfAUnixSocket) {
  EXPECT_TRUE(IsLocalPeer("unix:"));
  EXPECT_TRUE(IsLocalPeer("unix:/run/drover/controller.sock"));
  EXPECT_FALSE(IsLocalPeer("ipv4:127.0.0.1:4000"));
  EXPECT_FALSE(IsLocalPeer("ipv6:[::1]:4000"));
  EXPECT_FALSE(IsLocalPeer(""));
}

}  // namespace
}  // namespace drover::rpc
