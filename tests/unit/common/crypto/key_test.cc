#include <gtest/gtest.h>

#include "common/crypto/crypto.h"

namespace drover::crypto {
namespace {

TEST(KeyTest, IsPkcs8AndNew) {
  const auto key = GenerateKey();
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->rfind("-----BEGIN PRIVATE KEY-----", 0), 0u);
  EXPECT_NE(*key, *GenerateKey());
}

TEST(KeyTest, RequestOfSomethingElseIsRefused) {
  const auto request = MakeSigningRequest("no key at all", "h1");
  EXPECT_EQ(request.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(request.status()).find("no key at all"), std::string::npos);
}

TEST(KeyTest, RequestNameMayBeUtf8ButNotTooLong) {
  const std::string key = *GenerateKey();
  EXPECT_TRUE(MakeSigningRequest(key, "größe").ok());
  EXPECT_FALSE(MakeSigningRequest(key, std::string(500, 'x')).ok());
}

}  // namespace
}  // namespace drover::crypto
