#include "controller/rollout/version.h"

#include <charconv>

namespace drover::rollout {
namespace {

bool ParseNumber(const std::string& text, size_t begin, size_t end, int* out) {
  if (begin >= end || end - begin > 6) return false;
  const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, *out);
  return error == std::errc() && stop == text.data() + end && *out >= 0;
}

}  // namespace

std::string Version::ToString() const {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::optional<Version> ParseVersion(const std::string& text) {
  const size_t first = text.find('.');
  const size_t second = first == std::string::npos ? first : text.find('.', first + 1);
  if (second == std::string::npos) return std::nullopt;
  Version v;
  if (!ParseNumber(text, 0, first, &v.major) || !ParseNumber(text, first + 1, second, &v.minor) ||
      !ParseNumber(text, second + 1, text.size(), &v.patch)) {
    return std::nullopt;
  }
  return v;
}

ImageReference ParseImage(const std::string& image) {
  ImageReference out;
  const size_t at = image.find('@');
  const std::string name = image.substr(0, at);
  if (at != std::string::npos) out.digest = image.substr(at + 1);
  const size_t colon = name.rfind(':');
  const size_t slash = name.rfind('/');
  const bool has_tag = colon != std::string::npos && (slash == std::string::npos || colon > slash);
  out.repository = has_tag ? name.substr(0, colon) : name;
  if (has_tag) out.tag = name.substr(colon + 1);
  return out;
}

std::string WithTag(const std::string& image, const std::string& tag) {
  return ParseImage(image).repository + ":" + tag;
}

}  // namespace drover::rollout
