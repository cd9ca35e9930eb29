#include "controller/rollout/version.h"

#include <charconv>

namespace drover::rollout {
namespace {

// The last minor of each major that a newer major can still talk to (opensearch.md 1.3;
// OpenSearch's Version.computeMinCompatVersion). A major that is not listed accepts any minor
// before it.
struct MajorGate {
  int to_major;
  Version at_least;
};
constexpr MajorGate kMajorGates[] = {
    {2, {1, 0, 1}},   // 1.0.0 cannot talk to 2.x
    {3, {2, 19, 0}},  // "The minimum required cluster version for upgrades to 3.x.x is 2.19.0"
};

bool ParseNumber(const std::string& text, size_t begin, size_t end, int* out) {
  if (begin >= end || end - begin > 6) return false;
  const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, *out);
  return error == std::errc() && stop == text.data() + end && *out >= 0;
}

PathVerdict Refuse(PathKind kind, std::string reason) { return {kind, false, std::move(reason)}; }

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

PathVerdict CheckPath(const Version& from, const Version& to) {
  const std::string both = from.ToString() + " → " + to.ToString();
  if (to == from) {
    return Refuse(PathKind::kSame, "the cluster runs " + to.ToString() +
                                       " already; drover restart rolls it without a new version");
  }
  if (to < from) {
    return Refuse(PathKind::kDowngrade,
                  both +
                      " is a downgrade; OpenSearch nodes cannot be downgraded. The way back is a "
                      "snapshot restored into a cluster of the old version");
  }
  if (to.major == from.major) return {PathKind::kMinor, true, both + " within one major version"};
  if (to.major > from.major + 1) {
    return Refuse(PathKind::kSkipsMajor, both + " skips a major version; go to the last minor of " +
                                             std::to_string(from.major + 1) + ".x first");
  }
  for (const MajorGate& gate : kMajorGates) {
    if (gate.to_major == to.major && from < gate.at_least) {
      return Refuse(PathKind::kNeedsHop, both + " needs " + gate.at_least.ToString() +
                                             " or a later " + std::to_string(from.major) +
                                             ".x first");
    }
  }
  return {PathKind::kMajor, true, both + " to the next major version"};
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
