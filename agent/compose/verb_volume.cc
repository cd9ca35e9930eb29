#include <filesystem>

#include "agent/compose/compose_verbs.h"
#include "agent/compose/outcome.h"
#include "agent/compose/volume_order.h"

namespace drover::agent {
namespace {

// What a verb about volumes names.
struct VolumeArguments {
  std::string path;
  std::vector<std::string> names;
};

VolumeArguments ArgumentsOf(const v1::Verb& verb) {
  switch (verb.verb_case()) {
    case v1::Verb::kCopyVolume:
      return {verb.copy_volume().path(), {verb.copy_volume().name()}};
    case v1::Verb::kRestoreVolume:
      return {verb.restore_volume().path(),
              {verb.restore_volume().name(), verb.restore_volume().aside()}};
    case v1::Verb::kSetAsideVolume:
      return {verb.set_aside_volume().path(), {verb.set_aside_volume().name()}};
    default:
      return {"/", {}};
  }
}

// Absolute, without "." and "..", without a slash at its end.
bool IsPlainPath(const std::string& path) {
  const std::filesystem::path asked(path);
  return asked.is_absolute() && asked.lexically_normal().string() == path &&
         (path.back() != '/' || path == "/") && path.find('\0') == std::string::npos;
}

v1::OperationEnd Told(const v1::Verb& verb, const KeptVolumes::Kept& kept,
                      const std::string& copy) {
  v1::OperationEnd end = Succeeded();
  if (verb.has_set_aside_volume()) {
    end.mutable_set_aside_volume()->set_aside(kept.path);
    end.mutable_set_aside_volume()->set_bytes(kept.bytes);
  } else {
    end.mutable_restore_volume()->set_aside(kept.path);
    end.mutable_restore_volume()->set_copy(copy);
    end.mutable_restore_volume()->set_bytes(kept.bytes);
  }
  return end;
}

}  // namespace

Status CheckVolume(const v1::Verb& verb) {
  const VolumeArguments arguments = ArgumentsOf(verb);
  for (const std::string& name : arguments.names) {
    if (IsVolumeName(name)) continue;
    return VerbError(v1::OPERATION_ERROR_CODE_POLICY_DENIED,
                     "\"" + name.substr(0, 200) +
                         "\" is not a copy's name; it has letters, digits, dots and dashes");
  }
  if (IsPlainPath(arguments.path)) return OkStatus();
  return VerbError(
      v1::OPERATION_ERROR_CODE_POLICY_DENIED,
      "\"" + arguments.path.substr(0, 200) +
          "\" is not a path in a container; it begins with a slash and has no . or ..");
}

VolumePlace PlaceOf(const v1::StartOperation& order) {
  const v1::Verb& verb = order.verb();
  if (verb.has_copy_volume()) {
    return {order.project(), verb.copy_volume().service(), verb.copy_volume().name()};
  }
  if (verb.has_restore_volume()) {
    return {order.project(), verb.restore_volume().service(), verb.restore_volume().aside()};
  }
  return {order.project(), verb.set_aside_volume().service(), verb.set_aside_volume().name()};
}

StatusOr<v1::OperationEnd> ComposeVerbs::RestoreVolume(const Job& job) {
  const v1::RestoreVolume& verb = job.order.verb().restore_volume();
  const VolumePlace place = PlaceOf(job.order);
  DROVER_ASSIGN_OR_RETURN(const std::string folder, StoppedFolder(place.project, place.service,
                                                                  verb.path(), /*to_change=*/true));
  const std::shared_lock lock(leftovers_mutex_);
  DROVER_ASSIGN_OR_RETURN(
      const KeptVolumes::Kept kept,
      kept_volumes_.Restore(place, folder, verb.name(), copies_, CopyOptionsOf(job)));
  return Told(job.order.verb(), kept, copies_.PathOf({place.project, place.service, verb.name()}));
}

StatusOr<v1::OperationEnd> ComposeVerbs::SetAsideVolume(const Job& job) {
  const v1::SetAsideVolume& verb = job.order.verb().set_aside_volume();
  DROVER_ASSIGN_OR_RETURN(
      const std::string folder,
      StoppedFolder(job.order.project(), verb.service(), verb.path(), /*to_change=*/true));
  const std::shared_lock lock(leftovers_mutex_);
  DROVER_ASSIGN_OR_RETURN(const KeptVolumes::Kept kept,
                          kept_volumes_.SetAside(PlaceOf(job.order), folder));
  return Told(job.order.verb(), kept, "");
}

// What is half done is done by the same order again.
StatusOr<v1::OperationEnd> ComposeVerbs::ExamineVolume(const v1::StartOperation& order) const {
  const VolumePlace place = PlaceOf(order);
  const StatusOr<KeptVolumes::Kept> kept = kept_volumes_.Find(place);
  const std::string& copy = order.verb().restore_volume().name();
  if (kept.ok() && kept->restored == copy) {
    return Told(order.verb(), *kept, copies_.PathOf({place.project, place.service, copy}));
  }
  v1::OperationEnd end;
  if (!kept.ok() && kept.status().code() != StatusCode::kNotFound) return kept.status();
  end.set_state(v1::OPERATION_STATE_INTERRUPTED);
  return end;
}

}  // namespace drover::agent
