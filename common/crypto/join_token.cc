#include "common/crypto/join_token.h"

#include <algorithm>

#include "common/crypto/crypto.h"

namespace drover::crypto {
namespace {

constexpr char kPrefix[] = "DROVER-1-";
constexpr size_t kPrefixSize = sizeof(kPrefix) - 1;
constexpr size_t kDigestDigits = 64;
constexpr size_t kSecretBytes = 16;
constexpr char kWhatToDo[] =
    "; paste the whole token as `drover token create` printed it, or make a new one";

bool IsHex(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string Trim(const std::string& text) {
  constexpr char kSpaces[] = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

Status Wrong(const std::string& what) {
  return InvalidArgument("the join token " + what + kWhatToDo);
}

}  // namespace

JoinToken NewJoinToken(const std::string& authority_digest) {
  return {authority_digest, RandomHex(kSecretBytes)};
}

std::string FormatJoinToken(const JoinToken& token) {
  return kPrefix + token.authority_digest + "-" + token.secret;
}

StatusOr<JoinToken> ParseJoinToken(const std::string& text) {
  const std::string trimmed = Trim(text);
  if (trimmed.empty()) return Wrong("is empty");
  if (trimmed.compare(0, kPrefixSize, kPrefix) != 0) return Wrong("does not begin with DROVER-1-");
  const size_t dash = trimmed.find('-', kPrefixSize);
  if (dash == std::string::npos) return Wrong("ends before its secret");
  JoinToken token{trimmed.substr(kPrefixSize, dash - kPrefixSize), trimmed.substr(dash + 1)};
  if (token.authority_digest.size() != kDigestDigits || !IsHex(token.authority_digest)) {
    return Wrong("has a digest that is not 64 hexadecimal digits");
  }
  if (token.secret.size() != 2 * kSecretBytes || !IsHex(token.secret)) {
    return Wrong("has a secret that is not " + std::to_string(2 * kSecretBytes) +
                 " hexadecimal digits");
  }
  return token;
}

}  // namespace drover::crypto
