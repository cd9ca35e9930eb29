// An authority and leaves for tests.
#ifndef DROVER_TESTS_UNIT_COMMON_CRYPTO_TEST_AUTHORITY_H_
#define DROVER_TESTS_UNIT_COMMON_CRYPTO_TEST_AUTHORITY_H_

#include <gtest/gtest.h>

#include <string>

#include "common/crypto/crypto.h"
#include "common/rpc/channel.h"
#include "common/rpc/limits.h"

namespace drover::testing {

inline constexpr Millis kHour{3'600'000};

struct TestAuthority {
  TestAuthority() {
    key = *crypto::GenerateKey();
    certificate = *crypto::MakeAuthority(key, "test fleet", now - kHour, now + 24 * kHour);
  }

  // A key and a chain (leaf, then this CA) with the URI; for the server also kControllerName.
  rpc::Identity Issue(const std::string& uri, bool for_server = false) const {
    crypto::CertificateFields fields;
    fields.common_name = "leaf";
    fields.uris = {uri};
    if (for_server) fields.dns_names = {rpc::kControllerName};
    fields.not_before = now - kHour;
    fields.not_after = now + kHour;
    fields.for_server = for_server;
    return Issue(fields);
  }

  rpc::Identity Issue(const crypto::CertificateFields& fields) const {
    const std::string leaf_key = *crypto::GenerateKey();
    const auto leaf =
        crypto::SignRequest(*crypto::MakeSigningRequest(leaf_key, "any"), fields, key, certificate);
    EXPECT_TRUE(leaf.ok()) << leaf.status();
    return {certificate, leaf_key, *leaf + certificate};
  }

  std::string Digest() const { return *crypto::CertificateDigest(certificate); }

  Time now = SystemClock().Now();
  std::string key, certificate;
};

}  // namespace drover::testing

#endif  // DROVER_TESTS_UNIT_COMMON_CRYPTO_TEST_AUTHORITY_H_
