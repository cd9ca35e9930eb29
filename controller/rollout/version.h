// OpenSearch versions and image references; which upgrades work is in paths.h.
#ifndef DROVER_CONTROLLER_ROLLOUT_VERSION_H_
#define DROVER_CONTROLLER_ROLLOUT_VERSION_H_

#include <compare>
#include <optional>
#include <string>

namespace drover::rollout {

struct Version {
  int major = 0, minor = 0, patch = 0;
  auto operator<=>(const Version&) const = default;
  std::string ToString() const;
};

// "2.19.1". Nothing for any other form (no qualifiers, no leading "v").
std::optional<Version> ParseVersion(const std::string& text);

// A reference split at its tag: "registry:5000/a/b" ":" "2.19.1" "@sha256:…".
struct ImageReference {
  std::string repository, tag, digest;
};
ImageReference ParseImage(const std::string& image);

// `image` with its tag replaced by `tag`, without a digest.
std::string WithTag(const std::string& image, const std::string& tag);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_VERSION_H_
