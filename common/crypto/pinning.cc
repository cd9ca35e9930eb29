#include <poll.h>
#include <signal.h>

#include <chrono>

#include "common/crypto/crypto.h"
#include "common/crypto/openssl.h"

namespace drover::crypto {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// gRPC servers speak nothing else; length byte first, as ALPN wants it.
constexpr unsigned char kAlpn[] = {2, 'h', '2'};

Status NoAnswer(const std::string& address, const std::string& why) {
  return Unavailable("cannot reach the controller at " + address + ": " + why +
                     "; check the address, the port and that drover-controller runs");
}

int MillisLeft(SteadyTime until) {
  const auto left =
      std::chrono::duration_cast<Millis>(until - std::chrono::steady_clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

// Waits until the BIO's socket is ready. False where `until` passed.
bool WaitFor(BIO* bio, bool to_write, SteadyTime until) {
  int fd = -1;
  BIO_get_fd(bio, &fd);
  // While OpenSSL has not opened a socket there is nothing to wait for.
  if (fd < 0) return MillisLeft(until) > 0;
  pollfd entry{fd, static_cast<short>(to_write ? POLLOUT : POLLIN), 0};
  return MillisLeft(until) > 0 && ::poll(&entry, 1, MillisLeft(until)) > 0;
}

Status Connect(BIO* bio, const std::string& address, SteadyTime until) {
  while (BIO_do_connect(bio) <= 0) {
    if (!BIO_should_retry(bio)) return NoAnswer(address, TakeOpensslError());
    if (!WaitFor(bio, true, until)) return NoAnswer(address, "no answer in time");
  }
  return OkStatus();
}

Status Handshake(SSL* ssl, BIO* bio, const std::string& address, SteadyTime until) {
  while (true) {
    const int result = SSL_connect(ssl);
    if (result == 1) return OkStatus();
    const int error = SSL_get_error(ssl, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      return NoAnswer(address,
                      "it does not speak TLS as a controller does (" + TakeOpensslError() + ")");
    }
    if (!WaitFor(bio, error == SSL_ERROR_WANT_WRITE, until)) {
      return NoAnswer(address, "no TLS answer in time");
    }
  }
}

// A write to a connection that the peer closed raises SIGPIPE; the socket BIO cannot ask for
// MSG_NOSIGNAL. Blocked for this thread while it talks, and taken off if it came.
class SigpipeBlock {
 public:
  SigpipeBlock() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeBlock() {
    if (sigismember(&before_, SIGPIPE) == 1) return;
    const timespec none{};
    while (sigtimedwait(&pipe_, nullptr, &none) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeBlock(const SigpipeBlock&) = delete;
  SigpipeBlock& operator=(const SigpipeBlock&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
};

StatusOr<std::string> FindPinned(SSL* ssl, const std::string& address,
                                 const std::string& digest_hex) {
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* certificate = sk_X509_value(chain, i);
    if (EqualInConstantTime(DigestOf(certificate), digest_hex)) {
      return WriteCertificate(certificate);
    }
  }
  return Unauthenticated(
      "the server at " + address +
      " is not the controller that made the join token: none of its certificates has the digest in "
      "the token; check the address, or make a new token on that controller with `drover token "
      "create`");
}

}  // namespace

StatusOr<std::string> FetchPinnedAuthority(const std::string& address,
                                           const std::string& digest_hex, Millis timeout) {
  const SteadyTime until = std::chrono::steady_clock::now() + timeout;
  const SigpipeBlock no_sigpipe;
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return OpensslFailure("begin TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // The pin is the check: what the server shows is compared, not trusted.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_alpn_protos(context.get(), kAlpn, sizeof(kAlpn));

  BIO* bio = BIO_new_connect(address.c_str());
  if (bio == nullptr) {
    TakeOpensslError();
    return InvalidArgument("\"" + address + "\" is not an address; write host:port");
  }
  BIO_set_nbio(bio, 1);
  SslPtr ssl(SSL_new(context.get()));
  SSL_set_bio(ssl.get(), bio, bio);
  DROVER_RETURN_IF_ERROR(Connect(bio, address, until));
  DROVER_RETURN_IF_ERROR(Handshake(ssl.get(), bio, address, until));
  auto pinned = FindPinned(ssl.get(), address, digest_hex);
  SSL_shutdown(ssl.get());
  return pinned;
}

}  // namespace drover::crypto
