// Hashes, random secrets, keys and certificates; the one room that speaks OpenSSL.
// Keys are ECDSA P-256 (protocol.md, "Measured": the cheapest handshake).
#ifndef DROVER_COMMON_CRYPTO_CRYPTO_H_
#define DROVER_COMMON_CRYPTO_CRYPTO_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::crypto {

// Lower-case hexadecimal SHA-256 of `bytes`, 64 digits.
std::string Sha256Hex(const std::string& bytes);

// SHA-256 of what comes in pieces.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();
  void Add(std::string_view bytes);
  // Of everything added; called once, at the end.
  std::string Hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// `bytes` random bytes from the system's generator, in lower-case hexadecimal.
std::string RandomHex(size_t bytes);

// True where both are equal; takes the same time wherever they differ.
bool EqualInConstantTime(const std::string& a, const std::string& b);

// A new private key, PEM (PKCS #8).
StatusOr<std::string> GenerateKey();

// A certificate signing request for `key_pem` with `common_name` as its subject, PEM.
StatusOr<std::string> MakeSigningRequest(const std::string& key_pem,
                                         const std::string& common_name);

struct CertificateFields {
  std::string common_name;
  std::vector<std::string> uris;  // URI SANs: spiffe://<fleet>/agent/<host id>
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  Time not_before;
  Time not_after;
  bool for_server = false;  // extended key usage: serverAuth as well as clientAuth
};

// A self-signed CA certificate, PEM, for `key_pem`.
StatusOr<std::string> MakeAuthority(const std::string& key_pem, const std::string& common_name,
                                    Time not_before, Time not_after);

// A leaf for the public key in `request_pem`, signed by the CA. Only `fields` get in: what the
// request asks for beside its key is ignored. INVALID_ARGUMENT where the request's own signature is
// wrong or its key is not P-256.
StatusOr<std::string> SignRequest(const std::string& request_pem, const CertificateFields& fields,
                                  const std::string& ca_key_pem,
                                  const std::string& ca_certificate_pem);

struct CertificateInfo {
  std::string common_name;
  std::string serial_hex;
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;  // as inet_ntop writes them
  Time not_before;
  Time not_after;
};

// Of the first certificate in `pem`.
StatusOr<CertificateInfo> ReadCertificate(const std::string& pem);

// Whether the first certificate in `pem` is for the private key `key_pem`.
bool CertificateFitsKey(const std::string& pem, const std::string& key_pem);

// Lower-case hexadecimal SHA-256 of the DER form of the first certificate in `pem`: what a join
// token pins.
StatusOr<std::string> CertificateDigest(const std::string& pem);

// Connects to `address` ("host:port"), takes the certificates the server shows without trusting
// them, and returns the PEM of the one whose digest is `digest_hex`. UNAVAILABLE where the server
// does not answer within `timeout`; UNAUTHENTICATED where none has that digest.
StatusOr<std::string> FetchPinnedAuthority(const std::string& address,
                                           const std::string& digest_hex, Millis timeout);

}  // namespace drover::crypto

#endif  // DROVER_COMMON_CRYPTO_CRYPTO_H_
