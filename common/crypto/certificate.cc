#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <ctime>

#include "common/crypto/crypto.h"
#include "common/crypto/openssl.h"

namespace drover::crypto {
namespace {

constexpr int kSerialBits = 127;  // positive, and never needs a list of the serials given

std::time_t ToSeconds(Time t) { return static_cast<std::time_t>(ToUnixMillis(t) / 1000); }

StatusOr<Time> FromAsn1(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return OpensslFailure("read a certificate's time");
  return FromUnixMillis(static_cast<int64_t>(timegm(&parts)) * 1000);
}

Status SetSerial(X509* certificate) {
  std::unique_ptr<BIGNUM, Freer<BN_free>> number(BN_new());
  if (BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return OpensslFailure("make a serial number");
  }
  return OkStatus();
}

Status SetBasics(X509* certificate, const std::string& common_name, Time not_before,
                 Time not_after) {
  DROVER_RETURN_IF_ERROR(SetSerial(certificate));
  const auto* name = reinterpret_cast<const unsigned char*>(common_name.data());
  if (X509_set_version(certificate, X509_VERSION_3) != 1 ||
      ASN1_TIME_set(X509_getm_notBefore(certificate), ToSeconds(not_before)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate), ToSeconds(not_after)) == nullptr ||
      X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, MBSTRING_UTF8,
                                 name, static_cast<int>(common_name.size()), -1, 0) != 1) {
    return OpensslFailure("fill in a certificate for " + common_name);
  }
  return OkStatus();
}

// `value` is one of this file's own constants: this interface is a little language, which names
// from outside must not reach (they go in by AddName).
Status AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return OpensslFailure(std::string("add the certificate extension ") + OBJ_nid2sn(nid));
  }
  return OkStatus();
}

Status AddText(GENERAL_NAMES* names, int type, const std::string& value) {
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_STRING_set(text, value.data(), static_cast<int>(value.size()));
  GENERAL_NAME_set0_value(name, type, text);
  sk_GENERAL_NAME_push(names, name);
  return OkStatus();
}

Status AddAddress(GENERAL_NAMES* names, const std::string& value) {
  unsigned char bytes[sizeof(in6_addr)];
  int size = 0;
  if (inet_pton(AF_INET, value.c_str(), bytes) == 1) {
    size = 4;
  } else if (inet_pton(AF_INET6, value.c_str(), bytes) == 1) {
    size = 16;
  } else {
    return InvalidArgument("\"" + value + "\" is not an IP address");
  }
  ASN1_OCTET_STRING* octets = ASN1_OCTET_STRING_new();
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_OCTET_STRING_set(octets, bytes, size);
  GENERAL_NAME_set0_value(name, GEN_IPADD, octets);
  sk_GENERAL_NAME_push(names, name);
  return OkStatus();
}

Status AddAlternativeNames(X509* certificate, const CertificateFields& fields) {
  NamesPtr names(sk_GENERAL_NAME_new_null());
  for (const std::string& uri : fields.uris) {
    DROVER_RETURN_IF_ERROR(AddText(names.get(), GEN_URI, uri));
  }
  for (const std::string& dns : fields.dns_names) {
    DROVER_RETURN_IF_ERROR(AddText(names.get(), GEN_DNS, dns));
  }
  for (const std::string& address : fields.ip_addresses) {
    DROVER_RETURN_IF_ERROR(AddAddress(names.get(), address));
  }
  if (sk_GENERAL_NAME_num(names.get()) == 0) return OkStatus();
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) {
    return OpensslFailure("add the names to a certificate");
  }
  return OkStatus();
}

Status AddLeafExtensions(X509* leaf, X509* ca, const CertificateFields& fields) {
  DROVER_RETURN_IF_ERROR(AddExtension(leaf, ca, NID_basic_constraints, "critical,CA:FALSE"));
  DROVER_RETURN_IF_ERROR(AddExtension(leaf, ca, NID_key_usage, "critical,digitalSignature"));
  DROVER_RETURN_IF_ERROR(AddExtension(leaf, ca, NID_ext_key_usage,
                                      fields.for_server ? "serverAuth,clientAuth" : "clientAuth"));
  DROVER_RETURN_IF_ERROR(AddExtension(leaf, ca, NID_subject_key_identifier, "hash"));
  DROVER_RETURN_IF_ERROR(AddExtension(leaf, ca, NID_authority_key_identifier, "keyid:always"));
  return AddAlternativeNames(leaf, fields);
}

std::string AddressText(const std::string& octets) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(octets.size() == 4 ? AF_INET : AF_INET6, octets.data(), text, sizeof(text));
  return text;
}

void ReadNames(X509* certificate, CertificateInfo* info) {
  NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type != GEN_URI && type != GEN_DNS && type != GEN_IPADD) continue;
    const auto* string = static_cast<const ASN1_STRING*>(value);
    const std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                           static_cast<size_t>(ASN1_STRING_length(string)));
    if (type == GEN_URI) info->uris.push_back(text);
    if (type == GEN_DNS) info->dns_names.push_back(text);
    if (type == GEN_IPADD && (text.size() == 4 || text.size() == 16)) {
      info->ip_addresses.push_back(AddressText(text));
    }
  }
}

StatusOr<KeyPtr> KeyOfRequest(const std::string& request_pem) {
  RequestPtr request(PEM_read_bio_X509_REQ(ReadFrom(request_pem).get(), nullptr, nullptr, nullptr));
  if (request == nullptr) {
    return InvalidArgument("this is not a certificate signing request in PEM (" +
                           TakeOpensslError() + ")");
  }
  KeyPtr key(X509_REQ_get_pubkey(request.get()));
  if (!IsP256(key.get())) {
    TakeOpensslError();
    return InvalidArgument("the signing request's key is not ECDSA P-256; make one with P-256");
  }
  if (X509_REQ_verify(request.get(), key.get()) != 1) {
    TakeOpensslError();
    return InvalidArgument("the signing request is not signed by its own key");
  }
  return key;
}

}  // namespace

StatusOr<CertificatePtr> ParseCertificate(const std::string& pem) {
  CertificatePtr certificate(PEM_read_bio_X509(ReadFrom(pem).get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    return InvalidArgument("this is not a certificate in PEM (" + TakeOpensslError() + ")");
  }
  return certificate;
}

StatusOr<std::string> WriteCertificate(X509* certificate) {
  BioPtr out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(out.get(), certificate) != 1) return OpensslFailure("write a certificate");
  return Contents(out.get());
}

std::string DigestOf(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return "";
  const std::string bytes(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return Sha256Hex(bytes);
}

StatusOr<std::string> MakeAuthority(const std::string& key_pem, const std::string& common_name,
                                    Time not_before, Time not_after) {
  DROVER_ASSIGN_OR_RETURN(KeyPtr key, ParseKey(key_pem));
  CertificatePtr owned(X509_new());
  X509* ca = owned.get();
  DROVER_RETURN_IF_ERROR(SetBasics(ca, common_name, not_before, not_after));
  if (X509_set_issuer_name(ca, X509_get_subject_name(ca)) != 1 ||
      X509_set_pubkey(ca, key.get()) != 1) {
    return OpensslFailure("fill in the authority's certificate");
  }
  DROVER_RETURN_IF_ERROR(AddExtension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  DROVER_RETURN_IF_ERROR(AddExtension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign"));
  DROVER_RETURN_IF_ERROR(AddExtension(ca, ca, NID_subject_key_identifier, "hash"));
  if (X509_sign(ca, key.get(), EVP_sha256()) <= 0) {
    return OpensslFailure("sign the authority's certificate");
  }
  return WriteCertificate(ca);
}

StatusOr<std::string> SignRequest(const std::string& request_pem, const CertificateFields& fields,
                                  const std::string& ca_key_pem,
                                  const std::string& ca_certificate_pem) {
  DROVER_ASSIGN_OR_RETURN(KeyPtr subject_key, KeyOfRequest(request_pem));
  DROVER_ASSIGN_OR_RETURN(KeyPtr ca_key, ParseKey(ca_key_pem));
  DROVER_ASSIGN_OR_RETURN(CertificatePtr ca, ParseCertificate(ca_certificate_pem));
  if (X509_check_private_key(ca.get(), ca_key.get()) != 1) {
    TakeOpensslError();
    return InvalidArgument("the authority's key does not belong to its certificate");
  }
  CertificatePtr leaf(X509_new());
  DROVER_RETURN_IF_ERROR(
      SetBasics(leaf.get(), fields.common_name, fields.not_before, fields.not_after));
  if (X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca.get())) != 1 ||
      X509_set_pubkey(leaf.get(), subject_key.get()) != 1) {
    return OpensslFailure("fill in a certificate for " + fields.common_name);
  }
  DROVER_RETURN_IF_ERROR(AddLeafExtensions(leaf.get(), ca.get(), fields));
  if (X509_sign(leaf.get(), ca_key.get(), EVP_sha256()) <= 0) {
    return OpensslFailure("sign a certificate for " + fields.common_name);
  }
  return WriteCertificate(leaf.get());
}

StatusOr<CertificateInfo> ReadCertificate(const std::string& pem) {
  DROVER_ASSIGN_OR_RETURN(CertificatePtr certificate, ParseCertificate(pem));
  CertificateInfo info;
  char name[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name,
                            sizeof(name));
  info.common_name = name;
  std::unique_ptr<BIGNUM, Freer<BN_free>> serial(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate.get()), nullptr));
  char* hex = BN_bn2hex(serial.get());
  info.serial_hex = hex;
  OPENSSL_free(hex);
  DROVER_ASSIGN_OR_RETURN(info.not_before, FromAsn1(X509_get0_notBefore(certificate.get())));
  DROVER_ASSIGN_OR_RETURN(info.not_after, FromAsn1(X509_get0_notAfter(certificate.get())));
  ReadNames(certificate.get(), &info);
  return info;
}

bool CertificateFitsKey(const std::string& pem, const std::string& key_pem) {
  const auto certificate = ParseCertificate(pem);
  const auto key = ParseKey(key_pem);
  const bool fits =
      certificate.ok() && key.ok() && X509_check_private_key(certificate->get(), key->get()) == 1;
  ERR_clear_error();
  return fits;
}

StatusOr<std::string> CertificateDigest(const std::string& pem) {
  DROVER_ASSIGN_OR_RETURN(CertificatePtr certificate, ParseCertificate(pem));
  return DigestOf(certificate.get());
}

}  // namespace drover::crypto
