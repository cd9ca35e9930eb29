#include "common/crypto/join_token.h"

#include <gtest/gtest.h>

#include "common/crypto/crypto.h"

namespace drover::crypto {
namespace {

TEST(JoinTokenTest, ComesBackAsItWasMade) {
  const JoinToken token = NewJoinToken(Sha256Hex("a CA"));
  EXPECT_EQ(token.secret.size(), 32u);
  const auto parsed = ParseJoinToken(" " + FormatJoinToken(token) + "\r\n");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, token);
  EXPECT_NE(NewJoinToken(token.authority_digest).secret, token.secret);
}

TEST(JoinTokenTest, RefusesEachDamagedPartWithoutRepeatingIt) {
  const std::string digest = Sha256Hex("a CA");
  const std::string secret(32, 'b');
  for (const std::string& text :
       {std::string(), std::string("  \n"), "DROVER-2-" + digest + "-" + secret,
        "DROVER-1-" + digest, "DROVER-1-" + digest.substr(1) + "-" + secret,
        "DROVER-1-" + digest + "-" + secret + "0", "DROVER-1-" + digest + "-" + secret.substr(1),
        "DROVER-1-" + std::string(64, 'G') + "-" + secret,
        "DROVER-1-" + digest + "-" + std::string(32, '-')}) {
    const auto parsed = ParseJoinToken(text);
    EXPECT_EQ(parsed.status().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(Message(parsed.status()).find(secret), std::string::npos);
    EXPECT_NE(Message(parsed.status()).find("drover token create"), std::string::npos);
  }
}

}  // namespace
}  // namespace drover::crypto
