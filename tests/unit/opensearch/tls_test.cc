#include <gmock/gmock.h>

#include "common/crypto/crypto.h"
#include "controller/opensearch/observe.h"
#include "controller/opensearch/rest_client.h"
#include "tests/unit/opensearch/helpers.h"

namespace drover::opensearch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Millis kDay{24 * 3600 * 1000};

struct Authority {
  std::string key, certificate;
};

struct Leaf {
  std::string key, certificate;
};

Authority MakeAuthority(const std::string& name) {
  const Time now = SystemClock().Now();
  Authority authority;
  authority.key = *crypto::GenerateKey();
  authority.certificate = *crypto::MakeAuthority(authority.key, name, now - kDay, now + 10 * kDay);
  return authority;
}

Leaf MakeLeaf(const Authority& authority, const std::string& address, Time not_before,
              Time not_after) {
  crypto::CertificateFields fields;
  fields.common_name = "os-1";
  fields.ip_addresses = {address};
  fields.not_before = not_before;
  fields.not_after = not_after;
  fields.for_server = true;
  Leaf leaf;
  leaf.key = *crypto::GenerateKey();
  const auto request = crypto::MakeSigningRequest(leaf.key, "os-1");
  leaf.certificate = *crypto::SignRequest(*request, fields, authority.key, authority.certificate);
  return leaf;
}

Leaf MakeLeaf(const Authority& authority, const std::string& address = "127.0.0.1") {
  const Time now = SystemClock().Now();
  return MakeLeaf(authority, address, now - kDay, now + kDay);
}

class TlsTest : public ::testing::Test {
 protected:
  static Reply Fine(const SeenRequest&) { return {}; }

  void Listen(const Leaf& leaf, const std::string& client_ca = "") {
    const ServerTls tls{leaf.certificate, leaf.key, client_ca};
    server_ = std::make_unique<HttpServer>(&Fine, &tls);
    spec_ = SpecOf({server_->url()});
    spec_.tls.ca = WriteTemporary("ca.pem", authority_.certificate);
  }

  Status Ask() {
    RestClient client(spec_, RestOptions{});
    return client.Call({.path = "/"}).status();
  }

  void ExpectRefused(const std::string& sentence) {
    const Status status = Ask();
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_THAT(Message(status), AllOf(HasSubstr(spec_.endpoints[0]), HasSubstr(sentence)));
    EXPECT_EQ(server_->requests().size(), 0U);
  }

  void ShowCertificate(const Leaf& leaf) {
    spec_.tls.client_certificate = WriteTemporary("client.pem", leaf.certificate);
    spec_.tls.client_key = WriteTemporary("client.key", leaf.key);
  }

  Authority authority_ = MakeAuthority("search CA");
  std::unique_ptr<HttpServer> server_;
  rollout::ClusterSpec spec_;
};

TEST_F(TlsTest, TrustsTheAuthorityOfTheFile) {
  Listen(MakeLeaf(authority_));
  EXPECT_TRUE(Ask().ok()) << Ask();
}

TEST_F(TlsTest, KnowsWhenTheCertificateEnds) {
  Listen(MakeLeaf(authority_));
  RestClient client(spec_, RestOptions());
  for (int i = 0; i < 2; ++i) {  // the second time over the connection that was kept
    const auto seen = IdentifyEndpoints(client);
    ASSERT_TRUE(seen.ok()) << seen.status();
    ASSERT_TRUE(seen->front().certificate_ends.has_value()) << i;
    EXPECT_GT(*seen->front().certificate_ends, SystemClock().Now());
  }
}

TEST_F(TlsTest, RefusesAnotherAuthority) {
  Listen(MakeLeaf(MakeAuthority("other CA")));
  ExpectRefused(
      "signed by an authority that is not trusted: put that authority's certificate into "
      "tls.ca (" +
      spec_.tls.ca + ")");
}

TEST_F(TlsTest, AsksForTheSettingWhereTheSystemsAuthoritiesAreUsed) {
  Listen(MakeLeaf(authority_));
  spec_.tls.ca.clear();
  ExpectRefused("not trusted: set tls.ca to the authority's certificate");
}

TEST_F(TlsTest, RefusesAnotherAddress) {
  Listen(MakeLeaf(authority_, "10.0.0.1"));
  ExpectRefused("its certificate is for another name or address");
}

TEST_F(TlsTest, RefusesAnExpiredOne) {
  const Time now = SystemClock().Now();
  Listen(MakeLeaf(authority_, "127.0.0.1", now - 2 * kDay, now - kDay));
  ExpectRefused("its certificate has expired");
}

TEST_F(TlsTest, RefusesOneThatIsNotValidYet) {
  const Time now = SystemClock().Now();
  Listen(MakeLeaf(authority_, "127.0.0.1", now + kDay, now + 2 * kDay));
  ExpectRefused("not valid yet");
}

TEST_F(TlsTest, SaysThatAServerDoesNotSpeakTls) {
  Listen(MakeLeaf(authority_));
  HttpServer plain(&Fine);
  spec_.endpoints = {"https" + plain.url().substr(4)};
  ExpectRefused("it does not speak TLS: write http:// in place of https:// under endpoints");
}

TEST_F(TlsTest, SaysThatAServerSpeaksTlsAlone) {
  Listen(MakeLeaf(authority_));
  spec_.endpoints = {"http" + server_->url().substr(5)};
  ExpectRefused("if it speaks TLS, write https:// under endpoints");
}

TEST_F(TlsTest, ShowsTheClientsCertificate) {
  Listen(MakeLeaf(authority_), authority_.certificate);
  ShowCertificate(MakeLeaf(authority_));
  EXPECT_TRUE(Ask().ok()) << Ask();
}

TEST_F(TlsTest, AsksForAClientCertificate) {
  Listen(MakeLeaf(authority_), authority_.certificate);
  ExpectRefused("it asks for a client certificate: set tls.client_certificate and tls.client_key");
}

TEST_F(TlsTest, SaysThatTheClientCertificateIsRefused) {
  Listen(MakeLeaf(authority_), authority_.certificate);
  ShowCertificate(MakeLeaf(MakeAuthority("other CA")));
  ExpectRefused("it refused the client certificate in tls.client_certificate (" +
                spec_.tls.client_certificate + ")");
}

TEST_F(TlsTest, NamesAFileThatIsNoCertificate) {
  Listen(MakeLeaf(authority_));
  WriteTemporary("ca.pem", "nothing of use\n");
  ExpectRefused("tls.ca (" + spec_.tls.ca + ") holds no certificate that can be read");
}

TEST_F(TlsTest, NamesAKeyThatIsOfNoUse) {
  Listen(MakeLeaf(authority_), authority_.certificate);
  ShowCertificate(MakeLeaf(authority_));
  WriteTemporary("client.key", "nothing of use\n");
  ExpectRefused("and tls.client_key (" + spec_.tls.client_key + ") cannot be used");
}

TEST_F(TlsTest, TakesAChangedAuthorityWithTheNextCall) {
  const Authority other = MakeAuthority("other CA");
  Listen(MakeLeaf(other));
  RestClient client(spec_, RestOptions{});
  ASSERT_FALSE(client.Call({.path = "/"}).ok());
  WriteTemporary("ca.pem", other.certificate);
  const auto answer = client.Call({.path = "/"});
  EXPECT_TRUE(answer.ok()) << answer.status();
}

}  // namespace
}  // namespace drover::opensearch
