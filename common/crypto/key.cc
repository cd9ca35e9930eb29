#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <cstring>

#include "common/crypto/crypto.h"
#include "common/crypto/openssl.h"

namespace drover::crypto {
namespace {

// Without it OpenSSL would ask the terminal for the passphrase of an encrypted key.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

std::string TakeOpensslError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "OpenSSL gives no reason";
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "OpenSSL error " + std::to_string(code);
}

Status OpensslFailure(const std::string& what) {
  return Internal("cannot " + what + ": " + TakeOpensslError());
}

BioPtr ReadFrom(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string Contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

StatusOr<KeyPtr> ParseKey(const std::string& pem) {
  KeyPtr key(PEM_read_bio_PrivateKey(ReadFrom(pem).get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) {
    return InvalidArgument("this is not a private key in PEM without a passphrase (" +
                           TakeOpensslError() + ")");
  }
  return key;
}

bool IsP256(const EVP_PKEY* key) {
  char group[64];
  size_t size = 0;
  return key != nullptr && EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group, sizeof(group), &size) == 1 &&
         std::string(group, size) == SN_X9_62_prime256v1;
}

StatusOr<std::string> GenerateKey() {
  KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return OpensslFailure("make a key");
  BioPtr out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
      1) {
    return OpensslFailure("write a key");
  }
  return Contents(out.get());
}

StatusOr<std::string> MakeSigningRequest(const std::string& key_pem,
                                         const std::string& common_name) {
  DROVER_ASSIGN_OR_RETURN(KeyPtr key, ParseKey(key_pem));
  RequestPtr request(X509_REQ_new());
  X509_NAME* subject = X509_REQ_get_subject_name(request.get());
  const auto* name = reinterpret_cast<const unsigned char*>(common_name.data());
  BioPtr out(BIO_new(BIO_s_mem()));
  if (X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, name,
                                 static_cast<int>(common_name.size()), -1, 0) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0 ||
      PEM_write_bio_X509_REQ(out.get(), request.get()) != 1) {
    return OpensslFailure("make a signing request for " + common_name);
  }
  return Contents(out.get());
}

}  // namespace drover::crypto
