#include "agent/compose/compose_verbs.h"

#include <algorithm>
#include <exception>

#include "agent/compose/outcome.h"
#include "agent/compose/volume_order.h"
#include "agent/compose/wire_time.h"
#include "agent/docker/image_reference.h"
#include "common/base/log.h"

namespace drover::agent {
namespace {

using std::chrono::steady_clock;

constexpr Millis kDefaultDeadline{10 * 60 * 1000};

// What an order names, whatever its verb.
struct Named {
  std::string verb;
  std::optional<std::string> service;
  std::optional<std::string> image;
  std::optional<Millis> stop_time;
};

std::optional<Named> NamedBy(const v1::Verb& verb) {
  switch (verb.verb_case()) {
    case v1::Verb::kPullImage:
      return Named{"PullImage", verb.pull_image().service(), verb.pull_image().image(), {}};
    case v1::Verb::kSetImage:
      return Named{"SetImage", verb.set_image().service(), verb.set_image().image(), {}};
    case v1::Verb::kRestoreFile:
      return Named{"RestoreFile", {}, {}, {}};
    case v1::Verb::kStopService:
      return Named{"StopService",
                   verb.stop_service().service(),
                   {},
                   verb.stop_service().has_timeout()
                       ? std::optional<Millis>(SpanOnWire(verb.stop_service().timeout()))
                       : std::nullopt};
    case v1::Verb::kUpService:
      return Named{"UpService", verb.up_service().service(), {}, {}};
    case v1::Verb::kDownProject:
      return Named{"DownProject",
                   {},
                   {},
                   verb.down_project().has_timeout()
                       ? std::optional<Millis>(SpanOnWire(verb.down_project().timeout()))
                       : std::nullopt};
    case v1::Verb::kCopyVolume:
      return Named{"CopyVolume", verb.copy_volume().service(), {}, {}};
    case v1::Verb::kRestoreVolume:
      return Named{"RestoreVolume", verb.restore_volume().service(), {}, {}};
    case v1::Verb::kSetAsideVolume:
      return Named{"SetAsideVolume", verb.set_aside_volume().service(), {}, {}};
    case v1::Verb::VERB_NOT_SET:
      break;
  }
  return std::nullopt;
}

}  // namespace

v1::OperationEnd Succeeded() {
  v1::OperationEnd end;
  end.set_state(v1::OPERATION_STATE_SUCCEEDED);
  return end;
}

ComposeVerbs::ComposeVerbs(const Parts& parts)
    : parts_(parts),
      catalog_(parts.engine, parts.compose, parts.policy, parts.environment),
      kept_(parts.state_dir),
      copies_(parts.state_dir + "/copies"),
      kept_volumes_(parts.state_dir + "/kept", parts.clock),
      rehearsals_(
          {.engine = parts.engine,
           .policy = parts.policy,
           .member = [this](const auto& project,
                            const auto& service) { return FindContainer(project, service); },
           .pull = [this](const auto& image, const auto& progress,
                          const auto& stop) { return PullFor(image, progress, stop); }}) {}

Status ComposeVerbs::CheckArguments(const v1::StartOperation& order) {
  const std::optional<Named> named = NamedBy(order.verb());
  if (!named) {
    return VerbError(v1::OPERATION_ERROR_CODE_UNSUPPORTED_VERB,
                     "The agent does not know this verb; upgrade the agent on this host");
  }
  if (order.has_deadline() && TimeOnWire(order.deadline()) <= parts_.clock->Now()) {
    return VerbError(v1::OPERATION_ERROR_CODE_DEADLINE_PASSED,
                     "The order's deadline had passed when it arrived; is the host's clock right?");
  }
  if (!IsProjectName(order.project())) {
    return VerbError(v1::OPERATION_ERROR_CODE_UNKNOWN_PROJECT,
                     "\"" + order.project().substr(0, 200) + "\" is not a project's name");
  }
  const std::shared_ptr<const Policy> policy = parts_.policy->Current();
  DROVER_RETURN_IF_ERROR(policy->AllowsVerb(named->verb));
  if (named->service && !IsServiceName(*named->service)) {
    return VerbError(v1::OPERATION_ERROR_CODE_UNKNOWN_SERVICE,
                     "\"" + named->service->substr(0, 200) + "\" is not a service's name");
  }
  if (named->image) {
    const auto image = ParseImageReference(*named->image);
    if (!image.ok()) {
      return AsVerbError(v1::OPERATION_ERROR_CODE_IMAGE_NOT_FOUND, image.status());
    }
    DROVER_RETURN_IF_ERROR(policy->AllowsImage(*named->image));
  }
  DROVER_RETURN_IF_ERROR(CheckVolume(order.verb()));
  if (named->stop_time) {
    if (*named->stop_time < Millis(0)) {
      return VerbError(v1::OPERATION_ERROR_CODE_POLICY_DENIED, "A stop cannot take less than 0 s");
    }
    DROVER_RETURN_IF_ERROR(policy->AllowsStopTime(*named->stop_time));
  }
  return OkStatus();
}

Status ComposeVerbs::CheckService(const Prepared& prepared, const std::string& service) {
  const std::vector<std::string> names = ServiceNames(prepared.files);
  if (std::find(names.begin(), names.end(), service) != names.end()) return OkStatus();
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
  return VerbError(v1::OPERATION_ERROR_CODE_UNKNOWN_SERVICE,
                   "The project " + prepared.place.name + " in " + prepared.place.working_dir +
                       " has no service " + service + "; it has " + known);
}

StatusOr<ComposeVerbs::Prepared> ComposeVerbs::Prepare(const v1::StartOperation& order) {
  DROVER_RETURN_IF_ERROR(CheckArguments(order));
  const std::optional<Named> named = NamedBy(order.verb());
  Prepared prepared;
  prepared.scan = catalog_.Scan();
  if (!prepared.scan.engine.ok()) {
    return AsVerbError(v1::OPERATION_ERROR_CODE_ENGINE_DOWN, prepared.scan.engine);
  }
  DROVER_ASSIGN_OR_RETURN(prepared.place, ProjectCatalog::Find(prepared.scan, order.project()));
  DROVER_ASSIGN_OR_RETURN(prepared.files, catalog_.Open(prepared.place));
  if (named->service) DROVER_RETURN_IF_ERROR(CheckService(prepared, *named->service));
  if (order.verb().has_up_service()) {
    const StatusOr<std::string> image = ResolveImage(prepared.files, *named->service);
    if (!image.ok()) {
      return AsVerbError(v1::OPERATION_ERROR_CODE_INVALID_PROJECT, image.status());
    }
    DROVER_RETURN_IF_ERROR(parts_.policy->Current()->AllowsImage(*image));
  }
  if (order.verb().has_restore_file()) {
    const std::string& wanted = order.verb().restore_file().operation_id();
    const StatusOr<KeptFile> kept = kept_.Find(wanted);
    if (!kept.ok() || kept->project != order.project()) {
      return VerbError(v1::OPERATION_ERROR_CODE_FILE_CHANGED,
                       kept.status().code() == StatusCode::kDataLoss
                           ? Message(kept.status())
                           : "This host keeps no file of the operation " + wanted + " of " +
                                 order.project() + "; there is nothing to put back");
    }
    DROVER_RETURN_IF_ERROR(parts_.policy->Current()->AllowsPath(kept->path));
  }
  return prepared;
}

v1::OperationError ComposeVerbs::Check(const v1::StartOperation& order) {
  try {
    const StatusOr<Prepared> prepared = Prepare(order);
    return prepared.ok() ? v1::OperationError() : ToOperationError(prepared.status());
  } catch (const std::exception& error) {
    return ToOperationError(Internal(std::string("Checking the order failed: ") + error.what()));
  }
}

SteadyTime ComposeVerbs::DeadlineOf(const v1::StartOperation& order) {
  if (!order.has_deadline()) return steady_clock::now() + kDefaultDeadline;
  return steady_clock::now() + (TimeOnWire(order.deadline()) - parts_.clock->Now());
}

RunOptions ComposeVerbs::OptionsOf(const Job& job) const {
  RunOptions options;
  options.deadline = job.deadline;
  options.cancel = &job.stop.canceled;
  return options;
}

Status ComposeVerbs::FailureOf(const std::string& what, const StatusOr<CommandResult>& result) {
  Status failure = CommandFailure(what, result);
  if (failure.ok()) return failure;
  const v1::OperationError error = ToOperationError(failure);
  if (error.code() != v1::OPERATION_ERROR_CODE_COMPOSE_FAILED) return failure;
  // A question of which no answer is remembered.
  if (catalog_.Scan().engine.ok()) return failure;
  return VerbError(v1::OPERATION_ERROR_CODE_ENGINE_DOWN,
                   "The Docker Engine does not answer: " + error.message(),
                   {error.output().begin(), error.output().end()});
}

StatusOr<v1::OperationEnd> ComposeVerbs::RunVerb(const Job& job, const Prepared& prepared) {
  switch (job.order.verb().verb_case()) {
    case v1::Verb::kPullImage:
      return Pull(job);
    case v1::Verb::kSetImage:
      return SetImage(job, prepared);
    case v1::Verb::kRestoreFile:
      return RestoreFile(job, prepared);
    case v1::Verb::kStopService:
      return Stop(job, prepared);
    case v1::Verb::kUpService:
      return Up(job, prepared);
    case v1::Verb::kDownProject:
      return Down(job, prepared);
    case v1::Verb::kCopyVolume:
      return Copy(job);
    case v1::Verb::kRestoreVolume:
      return RestoreVolume(job);
    case v1::Verb::kSetAsideVolume:
      return SetAsideVolume(job);
    case v1::Verb::VERB_NOT_SET:
      break;
  }
  return Internal("A verb without its kind");
}

v1::OperationEnd ComposeVerbs::Run(const v1::StartOperation& order, const Progress& progress,
                                   const StopRequest& stop) {
  const Time started = parts_.clock->Now();
  const Job job{order, progress, stop, DeadlineOf(order)};
  StatusOr<v1::OperationEnd> result = Internal("Nothing ran");
  try {
    const StatusOr<Prepared> prepared = Prepare(order);
    result =
        prepared.ok() ? RunVerb(job, *prepared) : StatusOr<v1::OperationEnd>(prepared.status());
  } catch (const std::exception& error) {
    result = Internal(std::string("The verb failed: ") + error.what());
  }
  v1::OperationEnd end;
  if (result.ok()) {
    end = *std::move(result);
  } else {
    end.set_state(v1::OPERATION_STATE_FAILED);
    *end.mutable_error() = ToOperationError(result.status());
    LogWarning("compose", order.operation_id() + " failed: " + end.error().message());
  }
  *end.mutable_started_at() = WireTime(started);
  *end.mutable_ended_at() = WireTime(parts_.clock->Now());
  return end;
}

}  // namespace drover::agent
