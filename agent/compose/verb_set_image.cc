#include "agent/compose/compose_verbs.h"
#include "agent/compose/outcome.h"
#include "agent/docker/image_reference.h"
#include "common/base/files.h"
#include "common/base/log.h"
#include "common/crypto/crypto.h"

namespace drover::agent {
namespace {

v1::OperationErrorCode EditErrorCode(const Status& status) {
  switch (status.code()) {
    case StatusCode::kNotFound:
      return v1::OPERATION_ERROR_CODE_UNKNOWN_SERVICE;
    case StatusCode::kAborted:
      return v1::OPERATION_ERROR_CODE_FILE_CHANGED;
    case StatusCode::kResourceExhausted:
      return v1::OPERATION_ERROR_CODE_DISK_FULL;
    case StatusCode::kInternal:
      return v1::OPERATION_ERROR_CODE_INTERNAL;
    default:
      return v1::OPERATION_ERROR_CODE_INVALID_PROJECT;
  }
}

Status WriteError(const Status& status, const std::string& path) {
  if (status.code() == StatusCode::kResourceExhausted) {
    return VerbError(v1::OPERATION_ERROR_CODE_DISK_FULL, Message(status) + "; free some space");
  }
  return VerbError(v1::OPERATION_ERROR_CODE_INTERNAL,
                   Message(status) + "; may the agent write to " + path + "?");
}

// Puts `kept` back where the file is what `kept` says was written.
Status PutBack(const KeptFile& kept) {
  const StatusOr<std::string> now = drover::ReadFile(kept.path);
  if (!now.ok()) return AsVerbError(v1::OPERATION_ERROR_CODE_FILE_CHANGED, now.status());
  const std::string hash = crypto::Sha256Hex(*now);
  if (hash == kept.old_sha256) return OkStatus();
  if (hash != kept.new_sha256) {
    return VerbError(v1::OPERATION_ERROR_CODE_FILE_CHANGED,
                     kept.path +
                         " was changed by somebody else after Drover had set its tag; "
                         "it is left as it is: change the image back by hand");
  }
  const Status written = WriteFileAtomically(kept.path, kept.old_text);
  return written.ok() ? written : WriteError(written, kept.path);
}

}  // namespace

StatusOr<v1::OperationEnd> ComposeVerbs::SetImage(const Job& job, const Prepared& prepared) {
  const v1::SetImage& verb = job.order.verb().set_image();
  const StatusOr<ImageEdit> edit = PlanImageEdit(prepared.place, catalog_.environment(),
                                                 verb.service(), verb.image(), verb.expect());
  if (!edit.ok()) return AsVerbError(EditErrorCode(edit.status()), edit.status());
  v1::OperationEnd end = Succeeded();
  v1::SetImageResult& result = *end.mutable_set_image();
  result.set_path(ValidUtf8(edit->path));
  result.set_old_image(edit->old_image);
  result.set_old_sha256(crypto::Sha256Hex(edit->old_text));
  result.set_new_sha256(crypto::Sha256Hex(edit->new_text));
  result.set_already_set(edit->already_set);
  if (edit->already_set) return end;
  DROVER_RETURN_IF_ERROR(parts_.policy->Current()->AllowsPath(edit->path));
  if (job.stop.canceled.load()) {
    return VerbError(v1::OPERATION_ERROR_CODE_CANCELED, "Canceled before the file was touched");
  }
  // Kept before the edit: after a crash between the two the old bytes are there, and the hashes say
  // which of both the file is.
  const KeptFile kept{
      job.order.operation_id(), job.order.project(), edit->path,    result.old_sha256(),
      result.new_sha256(),      edit->old_image,     edit->old_text};
  if (const Status status = kept_.Keep(kept); !status.ok()) {
    return WriteError(status, parts_.state_dir);
  }
  if (const Status status = WriteFileAtomically(edit->path, edit->new_text); !status.ok()) {
    return WriteError(status, edit->path);
  }
  const Status verified = VerifyImage(prepared.place, verb.service(), verb.image(), OptionsOf(job));
  if (verified.ok()) return end;
  const Status restored = PutBack(kept);
  if (restored.ok()) return verified;
  LogError("compose", "Could not put back " + edit->path + ": " + Message(restored));
  const v1::OperationError error = ToOperationError(verified);
  return VerbError(error.code(), error.message() + "; and the old file could not be put back: " +
                                     Message(restored));
}

// Asks Compose itself what the service's image is now.
Status ComposeVerbs::VerifyImage(const ProjectPlace& place, const std::string& service,
                                 const std::string& wanted, const RunOptions& options) {
  DROVER_ASSIGN_OR_RETURN(const ProjectFiles files, catalog_.Open(place));
  DROVER_ASSIGN_OR_RETURN(const ResolvedConfig config,
                          catalog_.ResolveAfresh(place, files, {}, options));
  const auto it = config.services.find(service);
  if (it != config.services.end() && SameImage(it->second.image, wanted)) return OkStatus();
  const std::string seen = it == config.services.end() ? "no such service" : it->second.image;
  return VerbError(v1::OPERATION_ERROR_CODE_INVALID_PROJECT,
                   "After the edit Compose resolves the image of " + service + " to " + seen +
                       " and not to " + wanted + "; the file was put back");
}

StatusOr<v1::OperationEnd> ComposeVerbs::RestoreFile(const Job& job, const Prepared&) {
  const StatusOr<KeptFile> kept = kept_.Find(job.order.verb().restore_file().operation_id());
  if (!kept.ok()) return AsVerbError(v1::OPERATION_ERROR_CODE_FILE_CHANGED, kept.status());
  DROVER_RETURN_IF_ERROR(PutBack(*kept));
  v1::OperationEnd end = Succeeded();
  end.mutable_restore_file()->set_path(ValidUtf8(kept->path));
  end.mutable_restore_file()->set_sha256(kept->old_sha256);
  return end;
}

StatusOr<v1::OperationEnd> ComposeVerbs::ExamineSetImage(const v1::StartOperation& order,
                                                         const Prepared& prepared) {
  const v1::SetImage& verb = order.verb().set_image();
  const StatusOr<KeptFile> kept = kept_.Find(order.operation_id());
  v1::OperationEnd interrupted;
  interrupted.set_state(v1::OPERATION_STATE_INTERRUPTED);
  if (!kept.ok()) return interrupted;  // nothing was written before the old bytes were kept
  RemoveUnfinished(kept->path);
  const StatusOr<std::string> now = drover::ReadFile(kept->path);
  if (!now.ok()) return AsVerbError(v1::OPERATION_ERROR_CODE_FILE_CHANGED, now.status());
  const std::string hash = crypto::Sha256Hex(*now);
  if (hash == kept->old_sha256) return interrupted;
  if (hash != kept->new_sha256) {
    return VerbError(v1::OPERATION_ERROR_CODE_FILE_CHANGED,
                     kept->path + " was changed by somebody else while the agent was down");
  }
  RunOptions options;
  options.deadline = std::chrono::steady_clock::now() + Millis(30'000);
  const Status verified = VerifyImage(prepared.place, verb.service(), verb.image(), options);
  if (!verified.ok()) {
    DROVER_RETURN_IF_ERROR(PutBack(*kept));
    return verified;
  }
  v1::OperationEnd end = Succeeded();
  v1::SetImageResult& result = *end.mutable_set_image();
  result.set_path(ValidUtf8(kept->path));
  result.set_old_image(kept->old_image);
  result.set_old_sha256(kept->old_sha256);
  result.set_new_sha256(kept->new_sha256);
  return end;
}

StatusOr<v1::OperationEnd> ComposeVerbs::ExamineRestore(const v1::RestoreFile& verb) {
  DROVER_ASSIGN_OR_RETURN(const KeptFile kept, kept_.Find(verb.operation_id()));
  RemoveUnfinished(kept.path);
  const StatusOr<std::string> now = drover::ReadFile(kept.path);
  if (!now.ok()) return AsVerbError(v1::OPERATION_ERROR_CODE_FILE_CHANGED, now.status());
  const std::string hash = crypto::Sha256Hex(*now);
  v1::OperationEnd end = Succeeded();
  if (hash == kept.old_sha256) {
    end.mutable_restore_file()->set_path(ValidUtf8(kept.path));
    end.mutable_restore_file()->set_sha256(hash);
    return end;
  }
  if (hash == kept.new_sha256) {
    end.set_state(v1::OPERATION_STATE_INTERRUPTED);
    return end;
  }
  return VerbError(v1::OPERATION_ERROR_CODE_FILE_CHANGED,
                   kept.path + " was changed by somebody else after Drover had set its tag");
}

}  // namespace drover::agent
