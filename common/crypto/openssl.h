// OpenSSL's objects with owners; for the files of this room only.
#ifndef DROVER_COMMON_CRYPTO_OPENSSL_H_
#define DROVER_COMMON_CRYPTO_OPENSSL_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "common/base/status.h"

namespace drover::crypto {

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freer<X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freer<SSL_free>>;

// Takes OpenSSL's oldest queued error of this thread as the reason and empties the queue.
std::string TakeOpensslError();

// INTERNAL: "cannot <what>: <OpenSSL's reason>".
Status OpensslFailure(const std::string& what);

// A BIO that reads `text`, which must outlive it.
BioPtr ReadFrom(const std::string& text);

// What was written to a memory BIO.
std::string Contents(BIO* bio);

// INVALID_ARGUMENT where `pem` holds no private key; the message holds nothing of it.
StatusOr<KeyPtr> ParseKey(const std::string& pem);
// INVALID_ARGUMENT where `pem` does not begin with a certificate.
StatusOr<CertificatePtr> ParseCertificate(const std::string& pem);

StatusOr<std::string> WriteCertificate(X509* certificate);
std::string DigestOf(X509* certificate);

bool IsP256(const EVP_PKEY* key);

}  // namespace drover::crypto

#endif  // DROVER_COMMON_CRYPTO_OPENSSL_H_
