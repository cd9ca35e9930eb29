// What a query asks beside a project's configuration: images, their contents, processes.
#include <algorithm>

#include "agent/compose/compose_verbs.h"
#include "agent/compose/outcome.h"
#include "agent/docker/image_reference.h"

namespace drover::agent {
namespace {

using std::chrono::steady_clock;

// Shorter than the time that the controller waits for the answer.
constexpr Millis kFolderTimeout{60'000};
constexpr size_t kMaxKeptFolders = 32;
constexpr int kMaxNames = 500;
constexpr int kMaxProcesses = 20;

}  // namespace

StatusOr<std::vector<std::string>> ComposeVerbs::NamesInImage(const ImageDetail& image,
                                                              const std::string& reference,
                                                              const std::string& folder) {
  const std::string key = image.id + " " + folder;
  {
    const std::lock_guard<std::mutex> lock(folders_mutex_);
    const auto found = folders_.find(key);
    if (found != folders_.end()) return found->second;
  }
  DROVER_ASSIGN_OR_RETURN(
      const std::vector<std::string> names,
      parts_.engine->ListImageFolder(reference, folder, {steady_clock::now() + kFolderTimeout}));
  const std::lock_guard<std::mutex> lock(folders_mutex_);
  if (folders_.size() >= kMaxKeptFolders) folders_.clear();
  folders_[key] = names;
  return names;
}

void ComposeVerbs::AddEditDenials(const v1::InspectProject& query, const ProjectPlace& place,
                                  const ProjectFiles& files, v1::Project* project) const {
  const auto& verbs = query.verbs();
  if (!verbs.empty() && std::find(verbs.begin(), verbs.end(), "SetImage") == verbs.end()) return;
  for (const std::string& wanted : query.images()) {
    const StatusOr<ImageReference> target = ParseImageReference(wanted);
    if (!target.ok()) continue;
    for (const std::string& service : ServiceNames(files)) {
      const StatusOr<std::string> now = ResolveImage(files, service);
      const StatusOr<ImageReference> present =
          now.ok() ? ParseImageReference(*now) : StatusOr<ImageReference>(now.status());
      if (!present.ok() || present->Repository() != target->Repository()) continue;
      const StatusOr<ImageEdit> edit =
          PlanImageEdit(place, parts_.environment, service, wanted, *now);
      if (!edit.ok()) project->add_denials(ValidUtf8(Message(edit.status())));
    }
  }
}

void ComposeVerbs::AddImages(const v1::InspectProject& query, v1::Project* project) {
  for (const std::string& reference : query.images()) {
    v1::Image* image = project->add_images();
    image->set_reference(reference);
    if (const Status allowed = parts_.policy->Current()->AllowsImage(reference); !allowed.ok()) {
      image->set_error(Message(allowed));
      continue;
    }
    const StatusOr<ImageDetail> detail = parts_.engine->InspectImage(reference);
    if (!detail.ok()) {
      // An image that is not here is no error: it is not pulled yet.
      if (detail.status().code() != StatusCode::kNotFound) {
        image->set_error(ValidUtf8(Message(detail.status())));
      }
      continue;
    }
    image->set_present(true);
    image->set_bytes(detail->bytes);
    if (query.image_folder().empty()) {
      image->set_error("it was not looked into");
      continue;
    }
    const auto names = NamesInImage(*detail, reference, query.image_folder());
    if (!names.ok()) {
      image->set_error(ValidUtf8(Message(names.status())));
    } else if (names->size() > kMaxNames) {
      image->set_error(query.image_folder() + " holds more than " + std::to_string(kMaxNames) +
                       " names");
    } else {
      for (const std::string& name : *names) image->add_entries(ValidUtf8(name));
    }
  }
}

void ComposeVerbs::AddContainerFacts(const v1::InspectProject& query, v1::Container* container) {
  if (!query.processes()) return;
  const StatusOr<ImageDetail> image = container->image_id().empty()
                                          ? NotFound("no image")
                                          : parts_.engine->InspectImage(container->image_id());
  if (image.ok()) container->set_image_bytes(image->bytes);
  if (container->state() != "running") return;
  const auto processes = parts_.engine->ListProcesses(container->id());
  if (!processes.ok()) return;
  for (const ContainerProcess& process : *processes) {
    if (container->processes_size() >= kMaxProcesses) break;
    v1::Process* entry = container->add_processes();
    entry->set_pid(process.pid);
    const bool inside = std::any_of(processes->begin(), processes->end(),
                                    [&](const auto& other) { return other.pid == process.parent; });
    entry->set_parent(inside ? process.parent : 0);
    entry->set_program(ValidUtf8(process.name));
  }
}

}  // namespace drover::agent
