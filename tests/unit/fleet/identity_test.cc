#include "controller/fleet/identity.h"

#include <gtest/gtest.h>

namespace drover::fleet {
namespace {

TEST(IdentityTest, EveryRoleGoesBothWays) {
  for (const PeerIdentity& identity :
       {PeerIdentity{"f-1", Role::kController, ""}, PeerIdentity{"f-1", Role::kAgent, "0a1b"},
        PeerIdentity{"f-1", Role::kViewer, "ann"}, PeerIdentity{"f-1", Role::kOperator, "bob"},
        PeerIdentity{"f-1", Role::kAdmin, "eve@example.org"}}) {
    EXPECT_EQ(ParsePeerUri(FormatPeerUri(identity)), identity) << FormatPeerUri(identity);
  }
  EXPECT_EQ(FormatPeerUri({"f", Role::kAgent, "1"}), "spiffe://f/agent/1");
  EXPECT_EQ(FormatPeerUri({"f", Role::kController, ""}), "spiffe://f/controller");
}

TEST(IdentityTest, EverythingElseIsNobody) {
  for (const char* uri :
       {"", "spiffe://", "spiffe://f", "spiffe://f/", "spiffe://f/agent", "spiffe://f/agent/",
        "spiffe:///agent/1", "spiffe://f/agent/1/2", "spiffe://f/Agent/1", "spiffe://f/root/1",
        "spiffe://f/controller/1", "spiffe://f/controller/", "https://f/agent/1",
        "SPIFFE://f/agent/1", " spiffe://f/agent/1", "spiffe://f/agent/1?x", "spiffe://f/agent/ü",
        "spiffe://f/agent/%2e", "spiffe://f g/agent/1"}) {
    EXPECT_FALSE(ParsePeerUri(uri).has_value()) << uri;
  }
}

}  // namespace
}  // namespace drover::fleet
