#include "agent/docker/image_reference.h"

#include <regex>

namespace drover::agent {
namespace {

constexpr size_t kMaxReference = 512;

// distribution/reference/regexp.go, less the upper-case hosts that nobody uses.
const std::regex& NamePattern() {
  static const std::regex pattern(
      "(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?/)?"
      "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*",
      std::regex::optimize);
  return pattern;
}

bool IsTag(const std::string& text) {
  static const std::regex pattern("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
  return std::regex_match(text, pattern);
}

bool IsDigest(const std::string& text) {
  static const std::regex pattern("sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}");
  return std::regex_match(text, pattern);
}

}  // namespace

std::string ImageReference::Canonical() const {
  std::string result = Repository();
  if (!tag.empty()) {
    result += ":" + tag;
  } else if (digest.empty()) {
    result += ":latest";
  }
  if (!digest.empty()) result += "@" + digest;
  return result;
}

std::string NormalizeRepository(const std::string& name) {
  const size_t slash = name.find('/');
  if (slash == std::string::npos) return "docker.io/library/" + name;
  const std::string first = name.substr(0, slash);
  const bool is_registry = first.find_first_of(".:*") != std::string::npos || first == "localhost";
  if (!is_registry) return "docker.io/" + name;
  if (first == "index.docker.io") return NormalizeRepository("docker.io" + name.substr(slash));
  if (first == "docker.io" && name.find('/', slash + 1) == std::string::npos) {
    return "docker.io/library" + name.substr(slash);
  }
  return name;
}

StatusOr<ImageReference> ParseImageReference(const std::string& text) {
  const auto bad = [&text](const std::string& why) {
    return InvalidArgument("\"" + text.substr(0, kMaxReference) + "\" is not an image reference: " +
                           why + "; write it as registry/repository:tag");
  };
  if (text.empty()) return InvalidArgument("The image reference is empty");
  if (text.size() > kMaxReference) return bad("it is too long");
  ImageReference result;
  std::string rest = text;
  if (const size_t at = rest.find('@'); at != std::string::npos) {
    result.digest = rest.substr(at + 1);
    rest.resize(at);
    if (!IsDigest(result.digest)) return bad("what follows the @ is not a digest");
  }
  const size_t colon = rest.rfind(':');
  const size_t slash = rest.rfind('/');
  if (colon != std::string::npos && (slash == std::string::npos || colon > slash)) {
    result.tag = rest.substr(colon + 1);
    rest.resize(colon);
    if (!IsTag(result.tag)) return bad("its tag is empty or has a character that no tag has");
  }
  if (!std::regex_match(rest, NamePattern())) return bad("its name is not one");
  result.name = rest;
  const std::string repository = NormalizeRepository(rest);
  const size_t first = repository.find('/');
  result.registry = repository.substr(0, first);
  result.path = repository.substr(first + 1);
  return result;
}

bool SameImage(const std::string& a, const std::string& b) {
  const auto first = ParseImageReference(a);
  const auto second = ParseImageReference(b);
  return first.ok() && second.ok() && first->Canonical() == second->Canonical();
}

}  // namespace drover::agent
