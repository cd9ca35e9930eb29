#include "controller/opensearch/transfer_failure.h"

#include <curl/curl.h>
#include <openssl/x509_vfy.h>

#include <cstring>

namespace drover::opensearch {
namespace {

bool Contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

bool IsTls(const Transfer& transfer) { return transfer.url.rfind("https://", 0) == 0; }

std::string Authority(const rollout::ClusterSpec& spec) {
  if (spec.tls.ca.empty()) return "set tls.ca to the authority's certificate";
  return "put that authority's certificate into tls.ca (" + spec.tls.ca + ")";
}

std::string DescribeCertificate(const Transfer& transfer, const rollout::ClusterSpec& spec) {
  // libcurl compares names itself, after OpenSSL has accepted the certificate.
  if (Contains(transfer.curl_detail, "subject name")) {
    return "its certificate is for another name or address (" + transfer.curl_detail +
           "): use a name that is in it under endpoints, or give the node one with this name";
  }
  switch (transfer.verify_result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "its certificate has expired: renew it on that node, and compare the clocks";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "its certificate is not valid yet: compare the clocks of that node and of this "
             "machine";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "its certificate is self-signed and not trusted: " + Authority(spec);
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "its certificate was signed by an authority that is not trusted: " + Authority(spec);
    default:
      return "its certificate was not accepted (" +
             std::string(X509_verify_cert_error_string(transfer.verify_result)) +
             "): look at the node's certificate and at tls.ca";
  }
}

// The server ended the TLS session with an alert about our certificate, or nothing where it did
// not.
std::string DescribeAlert(const Transfer& transfer, const rollout::ClusterSpec& spec) {
  if (!Contains(transfer.curl_detail, "alert")) return "";
  if (!Contains(transfer.curl_detail, "certificate") &&
      !Contains(transfer.curl_detail, "unknown ca") &&
      !Contains(transfer.curl_detail, "handshake failure")) {
    return "";
  }
  if (spec.tls.client_certificate.empty()) {
    return "it asks for a client certificate: set tls.client_certificate and tls.client_key";
  }
  return "it refused the client certificate in tls.client_certificate (" +
         spec.tls.client_certificate + "): " + transfer.curl_detail;
}

std::string DescribeHandshake(const Transfer& transfer, const rollout::ClusterSpec& spec) {
  if (Contains(transfer.curl_detail, "wrong version number") ||
      Contains(transfer.curl_detail, "packet length too long") ||
      Contains(transfer.curl_detail, "http request")) {
    return "it does not speak TLS: write http:// in place of https:// under endpoints";
  }
  const std::string alert = DescribeAlert(transfer, spec);
  if (!alert.empty()) return alert;
  return "the TLS handshake failed: " + transfer.curl_detail +
         " (if it does not speak TLS, write http:// under endpoints)";
}

std::string DescribeBroken(const Transfer& transfer, const rollout::ClusterSpec& spec) {
  const std::string alert = IsTls(transfer) ? DescribeAlert(transfer, spec) : "";
  if (!alert.empty()) return alert;
  std::string text = "it closed the connection without a whole answer";
  if (!IsTls(transfer) && transfer.curl_code == CURLE_GOT_NOTHING) {
    text += " (if it speaks TLS, write https:// under endpoints)";
  }
  return text;
}

std::string DescribeConnect(const Transfer& transfer) {
  if (transfer.os_errno == 0) return "no connection: " + transfer.curl_detail;
  return std::string("no connection: ") + std::strerror(transfer.os_errno);
}

}  // namespace

bool TimedOut(const Transfer& transfer) { return transfer.curl_code == CURLE_OPERATION_TIMEDOUT; }

std::string DescribeTransferFailure(const Transfer& transfer, const rollout::ClusterSpec& spec) {
  switch (transfer.curl_code) {
    case kNotByCurl:
      return transfer.curl_detail;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return "this is no http:// or https:// address: correct it under endpoints";
    case CURLE_COULDNT_RESOLVE_HOST:
      return "its name does not resolve: correct it under endpoints or in DNS";
    case CURLE_COULDNT_CONNECT:
      return DescribeConnect(transfer);
    case CURLE_OPERATION_TIMEDOUT:
      return transfer.sent ? "no answer within " + FormatDuration(transfer.timeout)
                           : "no connection within " + FormatDuration(transfer.connect_timeout);
    case CURLE_PEER_FAILED_VERIFICATION:
      return DescribeCertificate(transfer, spec);
    case CURLE_SSL_CACERT_BADFILE:
      return "tls.ca (" + spec.tls.ca + ") holds no certificate that can be read: give it as PEM";
    case CURLE_SSL_CERTPROBLEM:
      return "tls.client_certificate (" + spec.tls.client_certificate + ") and tls.client_key (" +
             spec.tls.client_key + ") cannot be used: " + transfer.curl_detail;
    case CURLE_SSL_CONNECT_ERROR:
      return DescribeHandshake(transfer, spec);
    case CURLE_WRITE_ERROR:
      return transfer.too_long ? "its answer was longer than the limit" : "its answer was cut off";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
      return DescribeBroken(transfer, spec);
    default:
      return std::string(curl_easy_strerror(static_cast<CURLcode>(transfer.curl_code))) +
             (transfer.curl_detail.empty() ? "" : " (" + transfer.curl_detail + ")");
  }
}

}  // namespace drover::opensearch
