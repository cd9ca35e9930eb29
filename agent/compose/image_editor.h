// Works out the one change of bytes that gives a service another image tag.
#ifndef DROVER_AGENT_COMPOSE_IMAGE_EDITOR_H_
#define DROVER_AGENT_COMPOSE_IMAGE_EDITOR_H_

#include <string>

#include "agent/compose/project_files.h"
#include "common/base/status.h"

namespace drover::agent {

struct ImageEdit {
  std::string path;          // the file's real path
  std::string old_text;      // of the whole file
  std::string new_text;      // equal but for the bytes of the tag, or of tag and digest
  std::string old_image;     // what the service resolved to
  bool already_set = false;  // the service has the wanted image; nothing to write
};

// What the service's image resolves to in `files`. NOT_FOUND, FAILED_PRECONDITION (no image) or
// INVALID_ARGUMENT (a reference to a variable that cannot be resolved).
StatusOr<std::string> ResolveImage(const ProjectFiles& files, const std::string& service);

// The edit that makes `service` of `place` resolve to `wanted`, where it resolves to `expect` now.
// Touches nothing.
//
// NOT_FOUND: no such service. ABORTED: the service has another image than `expect`.
// INVALID_ARGUMENT: a file does not parse, or `wanted` is no reference or names another repository.
// FAILED_PRECONDITION: the tag does not stand in one place that belongs to this service alone (it
// comes from the agent's environment, from several places, from a variable or an anchor that
// another service uses as well, from a block scalar or an escape), or the present reference has a
// digest and `wanted` has none.
StatusOr<ImageEdit> PlanImageEdit(const ProjectPlace& place,
                                  const Variables::Environment& environment,
                                  const std::string& service, const std::string& wanted,
                                  const std::string& expect);

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_IMAGE_EDITOR_H_
