// Image references as Docker reads them: "[registry/]repository[:tag][@digest]".
#ifndef DROVER_AGENT_DOCKER_IMAGE_REFERENCE_H_
#define DROVER_AGENT_DOCKER_IMAGE_REFERENCE_H_

#include <string>

#include "common/base/status.h"

namespace drover::agent {

struct ImageReference {
  std::string name;      // as written, without tag and digest: "registry.lab:5000/opensearch"
  std::string registry;  // "docker.io" where none is written
  std::string path;      // with "library/" where Docker adds it
  std::string tag;       // empty where none is written
  std::string digest;    // "sha256:…", empty where none is written

  // "docker.io/library/busybox": equal for all spellings of one repository.
  std::string Repository() const { return registry + "/" + path; }
  // Repository, tag ("latest" where neither tag nor digest is written) and digest.
  std::string Canonical() const;
};

// INVALID_ARGUMENT where `text` is not a reference.
StatusOr<ImageReference> ParseImageReference(const std::string& text);

// True where both name the same image; text that is not a reference equals nothing.
bool SameImage(const std::string& a, const std::string& b);

// "docker.io/library/x" for "x"; a registry is recognised by a dot, a colon or "localhost" in front
// of the first slash. `name` has neither tag nor digest; it may hold `*`.
std::string NormalizeRepository(const std::string& name);

}  // namespace drover::agent

#endif  // DROVER_AGENT_DOCKER_IMAGE_REFERENCE_H_
