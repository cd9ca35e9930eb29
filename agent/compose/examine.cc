#include <algorithm>
#include <thread>

#include "agent/compose/compose_verbs.h"
#include "agent/compose/outcome.h"
#include "agent/compose/wire_time.h"
#include "agent/docker/image_reference.h"

namespace drover::agent {
namespace {

constexpr Millis kEnginePoll{500};

v1::OperationEnd Interrupted() {
  v1::OperationEnd end;
  end.set_state(v1::OPERATION_STATE_INTERRUPTED);
  return end;
}

bool Runs(const ContainerDetail& container) {
  return container.state == "running" || container.state == "paused" ||
         container.state == "restarting";
}

}  // namespace

// After a reboot the agent may be up before the Engine is.
void ComposeVerbs::WaitForEngine() {
  const auto until = std::chrono::steady_clock::now() + parts_.engine_wait;
  while (!parts_.engine->Info().ok() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::min(kEnginePoll, parts_.engine_wait));
  }
}

v1::OperationEnd ComposeVerbs::Examine(const v1::StartOperation& order, Time started_at) {
  v1::OperationEnd end;
  try {
    WaitForEngine();
    StatusOr<v1::OperationEnd> result = ExamineVerb(order, started_at);
    if (result.ok()) {
      end = *std::move(result);
    } else {
      *end.mutable_error() = ToOperationError(result.status());
      // What cannot be looked at now is not known to have failed.
      const bool unseen = end.error().code() == v1::OPERATION_ERROR_CODE_ENGINE_DOWN ||
                          end.error().code() == v1::OPERATION_ERROR_CODE_INTERNAL;
      end.set_state(unseen ? v1::OPERATION_STATE_INTERRUPTED : v1::OPERATION_STATE_FAILED);
    }
  } catch (const std::exception& error) {
    end = Interrupted();
    *end.mutable_error() = ToOperationError(Internal(error.what()));
  }
  if (end.state() == v1::OPERATION_STATE_INTERRUPTED && !end.has_error()) {
    end.mutable_error()->set_code(v1::OPERATION_ERROR_CODE_INTERNAL);
    end.mutable_error()->set_message(
        "The agent or its host was restarted in the middle; the verb had not taken effect and is "
        "safe to order again");
  }
  *end.mutable_started_at() = WireTime(started_at);
  *end.mutable_ended_at() = WireTime(parts_.clock->Now());
  return end;
}

StatusOr<v1::OperationEnd> ComposeVerbs::ExamineVerb(const v1::StartOperation& order,
                                                     Time started_at) {
  const v1::Verb& verb = order.verb();
  if (verb.has_pull_image()) return ExaminePull(verb.pull_image(), started_at);
  if (verb.has_restore_file()) return ExamineRestore(verb.restore_file());
  if (verb.has_copy_volume()) return ExamineCopy(order);
  if (verb.has_restore_volume() || verb.has_set_aside_volume()) return ExamineVolume(order);
  Prepared prepared;
  prepared.scan = catalog_.Scan();
  DROVER_RETURN_IF_ERROR(prepared.scan.engine);
  DROVER_ASSIGN_OR_RETURN(prepared.place, ProjectCatalog::Find(prepared.scan, order.project()));
  DROVER_ASSIGN_OR_RETURN(prepared.files, catalog_.Open(prepared.place));
  switch (verb.verb_case()) {
    case v1::Verb::kSetImage:
      return ExamineSetImage(order, prepared);
    case v1::Verb::kStopService:
      return ExamineStop(verb.stop_service(), prepared, started_at);
    case v1::Verb::kUpService:
      return ExamineUp(verb.up_service(), prepared, started_at);
    case v1::Verb::kDownProject: {
      const bool any =
          std::any_of(prepared.scan.containers.begin(), prepared.scan.containers.end(),
                      [&order](const ContainerSummary& container) {
                        return Label(container.labels, kProjectLabel) == order.project();
                      });
      if (any) return Interrupted();
      v1::OperationEnd end = Succeeded();
      end.mutable_down_project();
      return end;
    }
    default:
      return VerbError(v1::OPERATION_ERROR_CODE_UNSUPPORTED_VERB, "The agent does not know it");
  }
}

StatusOr<v1::OperationEnd> ComposeVerbs::ExaminePull(const v1::PullImage& verb, Time started_at) {
  DROVER_ASSIGN_OR_RETURN(const ImageReference reference, ParseImageReference(verb.image()));
  const StatusOr<ImageDetail> image = parts_.engine->InspectImage(verb.image());
  if (!image.ok()) {
    if (image.status().code() == StatusCode::kNotFound) return Interrupted();
    return image.status();
  }
  // A tag may be what it was before the pull began; asking again costs one look at the registry.
  const bool pulled_since = image->last_tagged >= started_at;
  if (reference.digest.empty() && !pulled_since) return Interrupted();
  v1::OperationEnd end = Succeeded();
  *end.mutable_pull_image() = PullResult(verb.image(), *image);
  return end;
}

StatusOr<v1::OperationEnd> ComposeVerbs::ExamineStop(const v1::StopService& verb,
                                                     const Prepared& prepared, Time started_at) {
  v1::OperationEnd end = Succeeded();
  const ContainerSummary* found = prepared.scan.ContainerOf(prepared.place.name, verb.service());
  if (found == nullptr) {
    end.mutable_stop_service()->set_was_stopped(true);
    return end;
  }
  DROVER_ASSIGN_OR_RETURN(const ContainerDetail container,
                          parts_.engine->InspectContainer(found->id));
  if (Runs(container)) return Interrupted();
  if (container.finished_at >= started_at) {
    *end.mutable_stop_service() = StopResult(container, started_at);
    return end;
  }
  end.mutable_stop_service()->set_container_id(container.id);
  end.mutable_stop_service()->set_exit_code(container.exit_code);
  end.mutable_stop_service()->set_was_stopped(true);
  return end;
}

StatusOr<v1::OperationEnd> ComposeVerbs::ExamineUp(const v1::UpService& verb,
                                                   const Prepared& prepared, Time started_at) {
  const ContainerSummary* found = prepared.scan.ContainerOf(prepared.place.name, verb.service());
  if (found == nullptr) return Interrupted();
  DROVER_ASSIGN_OR_RETURN(const ContainerDetail container,
                          parts_.engine->InspectContainer(found->id));
  const bool made_since = container.created_at >= started_at;
  if (container.state != "running" || (verb.recreate() && !made_since)) return Interrupted();
  const StatusOr<std::string> wanted = ResolveImage(prepared.files, verb.service());
  if (!wanted.ok()) return AsVerbError(v1::OPERATION_ERROR_CODE_INVALID_PROJECT, wanted.status());
  const StatusOr<ImageDetail> image = parts_.engine->InspectImage(*wanted);
  if (!image.ok() || image->id != container.image_id) return Interrupted();
  v1::OperationEnd end = Succeeded();
  end.mutable_up_service()->set_container_id(container.id);
  end.mutable_up_service()->set_image_id(container.image_id);
  end.mutable_up_service()->set_recreated(made_since);
  return end;
}

}  // namespace drover::agent
