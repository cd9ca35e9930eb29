// The join token: what an operator pastes on a new host.
#ifndef DROVER_COMMON_CRYPTO_JOIN_TOKEN_H_
#define DROVER_COMMON_CRYPTO_JOIN_TOKEN_H_

#include <string>

#include "common/base/status.h"

namespace drover::crypto {

// DROVER-1-<digest>-<secret>. The secret is shown once and is kept by the controller as its SHA-256
// only; callers never log or store the token.
struct JoinToken {
  std::string authority_digest;  // CertificateDigest() of the controller's CA, 64 digits
  std::string secret;            // 32 lower-case hexadecimal digits
  bool operator==(const JoinToken&) const = default;
};

// A token with a new random secret.
JoinToken NewJoinToken(const std::string& authority_digest);

std::string FormatJoinToken(const JoinToken& token);

// White space around `text` is left out, as pasting brings it. INVALID_ARGUMENT says which part is
// wrong, never the text itself.
StatusOr<JoinToken> ParseJoinToken(const std::string& text);

}  // namespace drover::crypto

#endif  // DROVER_COMMON_CRYPTO_JOIN_TOKEN_H_
