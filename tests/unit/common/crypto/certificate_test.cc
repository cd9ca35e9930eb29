#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "tests/unit/common/crypto/test_authority.h"

namespace drover::crypto {
namespace {

using drover::testing::kHour;
using drover::testing::TestAuthority;

std::string SecondsOf(Time t) { return std::to_string(ToUnixMillis(t) / 1000); }

CertificateFields AgentFields(Time now) {
  CertificateFields fields;
  fields.common_name = "h1";
  fields.uris = {"spiffe://f/agent/1"};
  fields.not_before = now;
  fields.not_after = now + kHour;
  return fields;
}

TEST(CertificateTest, LeafHasTheFieldsAndNothingOfTheRequest) {
  const TestAuthority authority;
  CertificateFields fields = AgentFields(authority.now);
  fields.dns_names = {"a.example", "b.example"};
  fields.ip_addresses = {"127.0.0.1", "::1"};
  const std::string request = *MakeSigningRequest(*GenerateKey(), "admin");
  const auto leaf = SignRequest(request, fields, authority.key, authority.certificate);
  ASSERT_TRUE(leaf.ok()) << leaf.status();
  const auto info = ReadCertificate(*leaf);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->common_name, "h1");
  EXPECT_EQ(info->uris, fields.uris);
  EXPECT_EQ(info->dns_names, fields.dns_names);
  EXPECT_EQ(info->ip_addresses, fields.ip_addresses);
  EXPECT_EQ(SecondsOf(info->not_before), SecondsOf(fields.not_before));
  EXPECT_EQ(SecondsOf(info->not_after), SecondsOf(fields.not_after));
  EXPECT_FALSE(info->serial_hex.empty());
}

TEST(CertificateTest, FitsItsOwnKeyAlone) {
  const TestAuthority authority;
  const rpc::Identity leaf = authority.Issue("spiffe://f/agent/1");
  EXPECT_TRUE(CertificateFitsKey(leaf.certificate_chain, leaf.key));
  EXPECT_FALSE(CertificateFitsKey(leaf.certificate_chain, authority.key));
  EXPECT_FALSE(CertificateFitsKey("", leaf.key));
}

TEST(CertificateTest, SerialsDiffer) {
  const TestAuthority authority;
  const auto first = ReadCertificate(authority.Issue("spiffe://f/agent/1").certificate_chain);
  const auto second = ReadCertificate(authority.Issue("spiffe://f/agent/1").certificate_chain);
  EXPECT_NE(first->serial_hex, second->serial_hex);
}

// A name goes in as it is: it cannot smuggle in a second one through OpenSSL's text notation.
TEST(CertificateTest, CommaInANameStaysInTheName) {
  const TestAuthority authority;
  const std::string uri = "spiffe://f/agent/1,URI:spiffe://f/admin/root";
  const auto info = ReadCertificate(authority.Issue(uri).certificate_chain);
  EXPECT_EQ(info->uris, std::vector<std::string>{uri});
}

TEST(CertificateTest, WrongAddressIsRefused) {
  const TestAuthority authority;
  CertificateFields fields = AgentFields(authority.now);
  fields.ip_addresses = {"300.1.1.1"};
  const auto leaf = SignRequest(*MakeSigningRequest(*GenerateKey(), "x"), fields, authority.key,
                                authority.certificate);
  EXPECT_EQ(leaf.status().code(), StatusCode::kInvalidArgument);
}

TEST(CertificateTest, GarbageAndDamagedRequestsAreRefused) {
  const TestAuthority authority;
  const CertificateFields fields = AgentFields(authority.now);
  EXPECT_EQ(SignRequest("", fields, authority.key, authority.certificate).status().code(),
            StatusCode::kInvalidArgument);
  std::string request = *MakeSigningRequest(*GenerateKey(), "x");
  const size_t end = request.find("\n-----END");
  request[end - 8] = request[end - 8] == 'A' ? 'B' : 'A';  // within the signature
  EXPECT_EQ(SignRequest(request, fields, authority.key, authority.certificate).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(CertificateTest, OtherKindsOfKeysAreRefused) {
  const TestAuthority authority;
  EVP_PKEY* p384 = EVP_EC_gen("P-384");
  BIO* out = BIO_new(BIO_s_mem());
  ASSERT_EQ(PEM_write_bio_PrivateKey(out, p384, nullptr, nullptr, 0, nullptr, nullptr), 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  const std::string key(data, static_cast<size_t>(size));
  BIO_free(out);
  EVP_PKEY_free(p384);
  const auto leaf = SignRequest(*MakeSigningRequest(key, "x"), AgentFields(authority.now),
                                authority.key, authority.certificate);
  EXPECT_EQ(leaf.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(Message(leaf.status()).find("P-256"), std::string::npos);
}

TEST(CertificateTest, KeyOfAnotherAuthorityIsRefused) {
  const TestAuthority ours, other;
  const auto leaf = SignRequest(*MakeSigningRequest(*GenerateKey(), "x"), AgentFields(ours.now),
                                other.key, ours.certificate);
  EXPECT_EQ(leaf.status().code(), StatusCode::kInvalidArgument);
}

TEST(CertificateTest, DigestIsOfTheFirstCertificate) {
  const TestAuthority authority;
  const rpc::Identity leaf = authority.Issue("spiffe://f/agent/1");
  EXPECT_EQ(authority.Digest().size(), 64u);
  EXPECT_NE(*CertificateDigest(leaf.certificate_chain), authority.Digest());
  EXPECT_FALSE(CertificateDigest("nothing").ok());
}

}  // namespace
}  // namespace drover::crypto
