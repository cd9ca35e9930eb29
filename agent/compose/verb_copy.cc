#include <filesystem>

#include "agent/compose/compose_verbs.h"
#include "agent/compose/outcome.h"
#include "agent/compose/volume_order.h"

namespace drover::agent {
namespace {

constexpr Millis kProgressEach{1000};

// The mount in which a container has `path`, the one that lies deepest. Null: in none.
const ContainerMount* MountOf(const ContainerDetail& container, const std::string& path) {
  const ContainerMount* deepest = nullptr;
  for (const ContainerMount& mount : container.mounts) {
    if (!LiesUnder(path, mount.destination) || mount.source.empty()) continue;
    if (deepest == nullptr || mount.destination.size() > deepest->destination.size()) {
      deepest = &mount;
    }
  }
  return deepest;
}

v1::OperationEnd Told(const ColdCopies::Copy& copy) {
  v1::OperationEnd end = Succeeded();
  v1::CopyVolumeResult* result = end.mutable_copy_volume();
  result->set_source(copy.source);
  result->set_copy(copy.path);
  result->set_bytes(copy.sum.bytes);
  result->set_files(copy.sum.files);
  result->set_sha256(copy.sum.sha256);
  return end;
}

Status InvalidVolume(const std::string& sentence) {
  return VerbError(v1::OPERATION_ERROR_CODE_INVALID_PROJECT, sentence);
}

}  // namespace

StatusOr<std::string> ComposeVerbs::StoppedFolder(const std::string& project,
                                                  const std::string& service,
                                                  const std::string& path, bool to_change) {
  DROVER_ASSIGN_OR_RETURN(const ContainerDetail container, FindContainer(project, service));
  if (container.state != "exited" && container.state != "created" && container.state != "dead") {
    return VerbError(v1::OPERATION_ERROR_CODE_COMPOSE_FAILED,
                     "The container " + container.name + " is " + container.state +
                         "; its volume " + (to_change ? "is changed" : "is copied") +
                         " only while it is stopped");
  }
  const ContainerMount* mount = MountOf(container, path);
  if (mount == nullptr) {
    return InvalidVolume(container.name + " has " + path +
                         " in no volume: there is nothing there that outlives the container");
  }
  if (to_change && !mount->writable) {
    return InvalidVolume(container.name + " may only read " + mount->source + " at " +
                         mount->destination + "; what is there is not its own to change");
  }
  const std::string named = mount->source + path.substr(mount->destination.size());
  const StatusOr<std::string> root = ResolvePath(mount->source);
  const StatusOr<std::string> folder = ResolvePath(named);
  if (!root.ok()) return InvalidVolume(Message(root.status()));
  if (!folder.ok()) return InvalidVolume(Message(folder.status()));
  if (!LiesUnder(*folder, *root)) {
    return InvalidVolume(named + " leads out of the volume " + mount->source + ", to " + *folder);
  }
  return *folder;
}

CopyOptions ComposeVerbs::CopyOptionsOf(const Job& job) const {
  CopyOptions options;
  options.go_on = [&job] {
    if (job.stop.canceled) return Aborted("The copy was canceled");
    const bool late = std::chrono::steady_clock::now() > job.deadline;
    return late ? DeadlineExceeded("The copy was not done by the order's deadline") : OkStatus();
  };
  options.progress = [&job, next = SteadyTime{}](uint64_t bytes) mutable {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now < next) return;
    next = now + kProgressEach;
    v1::OperationProgress progress;
    progress.set_text("copied " + std::to_string(bytes >> 20) + " MiB");
    progress.set_current_bytes(static_cast<int64_t>(bytes));
    job.progress(progress);
  };
  return options;
}

StatusOr<v1::OperationEnd> ComposeVerbs::Copy(const Job& job) {
  const v1::CopyVolume& verb = job.order.verb().copy_volume();
  DROVER_ASSIGN_OR_RETURN(
      const std::string source,
      StoppedFolder(job.order.project(), verb.service(), verb.path(), /*to_change=*/false));
  const std::shared_lock lock(leftovers_mutex_);
  const StatusOr<ColdCopies::Copy> copy =
      copies_.Make(PlaceOf(job.order), source, CopyOptionsOf(job));
  if (!copy.ok()) return copy.status();
  return Told(*copy);
}

StatusOr<v1::OperationEnd> ComposeVerbs::ExamineCopy(const v1::StartOperation& order) const {
  const StatusOr<ColdCopies::Copy> copy = copies_.Find(PlaceOf(order));
  if (copy.ok()) return Told(*copy);
  if (copy.status().code() != StatusCode::kNotFound) return copy.status();
  v1::OperationEnd end;
  end.set_state(v1::OPERATION_STATE_INTERRUPTED);
  return end;
}

}  // namespace drover::agent
