#include "controller/fleet/convert.h"

#include <google/protobuf/util/time_util.h>

#include <utility>

namespace drover::fleet {
namespace {

namespace pb = drover::agent::v1;
using google::protobuf::util::TimeUtil;
using rollout::OperationErrorCode;
using rollout::OperationState;

// One overload for each verb: a new one in the variant does not compile without its own.
void Fill(const rollout::PullImage& verb, pb::Verb* out) {
  out->mutable_pull_image()->set_service(verb.service);
  out->mutable_pull_image()->set_image(verb.image);
}
void Fill(const rollout::SetImage& verb, pb::Verb* out) {
  out->mutable_set_image()->set_service(verb.service);
  out->mutable_set_image()->set_image(verb.image);
  out->mutable_set_image()->set_expect(verb.expect);
}
void Fill(const rollout::RestoreFile& verb, pb::Verb* out) {
  out->mutable_restore_file()->set_operation_id(verb.operation_id.str());
}
void Fill(const rollout::StopService& verb, pb::Verb* out) {
  out->mutable_stop_service()->set_service(verb.service);
  *out->mutable_stop_service()->mutable_timeout() = ToProto(verb.timeout);
  out->mutable_stop_service()->set_process(verb.process);
}
void Fill(const rollout::UpService& verb, pb::Verb* out) {
  out->mutable_up_service()->set_service(verb.service);
  out->mutable_up_service()->set_recreate(verb.recreate);
}
void Fill(const rollout::CopyVolume& verb, pb::Verb* out) {
  out->mutable_copy_volume()->set_service(verb.service);
  out->mutable_copy_volume()->set_path(verb.path);
  out->mutable_copy_volume()->set_name(verb.name);
}
void Fill(const rollout::RestoreVolume& verb, pb::Verb* out) {
  out->mutable_restore_volume()->set_service(verb.service);
  out->mutable_restore_volume()->set_path(verb.path);
  out->mutable_restore_volume()->set_name(verb.name);
  out->mutable_restore_volume()->set_aside(verb.aside);
}
void Fill(const rollout::SetAsideVolume& verb, pb::Verb* out) {
  out->mutable_set_aside_volume()->set_service(verb.service);
  out->mutable_set_aside_volume()->set_path(verb.path);
  out->mutable_set_aside_volume()->set_name(verb.name);
}
void Fill(const rollout::DownProject& verb, pb::Verb* out) {
  *out->mutable_down_project()->mutable_timeout() = ToProto(verb.timeout);
}

OperationState ToState(pb::OperationState state, OperationState unknown) {
  switch (state) {
    case pb::OPERATION_STATE_ACCEPTED:
      return OperationState::kAccepted;
    case pb::OPERATION_STATE_RUNNING:
      return OperationState::kRunning;
    case pb::OPERATION_STATE_SUCCEEDED:
      return OperationState::kSucceeded;
    case pb::OPERATION_STATE_FAILED:
      return OperationState::kFailed;
    case pb::OPERATION_STATE_INTERRUPTED:
      return OperationState::kInterrupted;
    case pb::OPERATION_STATE_REFUSED:
      return OperationState::kRefused;
    default:
      return unknown;
  }
}

OperationErrorCode ToCode(pb::OperationErrorCode code) {
  static_assert(static_cast<int>(OperationErrorCode::kInternal) ==
                pb::OPERATION_ERROR_CODE_INTERNAL);
  const bool known = code >= 0 && code <= pb::OPERATION_ERROR_CODE_INTERNAL;
  return known ? static_cast<OperationErrorCode>(code) : OperationErrorCode::kInternal;
}

void ApplyResult(const pb::OperationEnd& end, rollout::OperationEnd* out) {
  switch (end.result_case()) {
    case pb::OperationEnd::kPullImage:
      out->digest = end.pull_image().digest();
      out->image_id = end.pull_image().image_id();
      return;
    case pb::OperationEnd::kSetImage:
      out->path = end.set_image().path();
      out->old_sha256 = end.set_image().old_sha256();
      out->new_sha256 = end.set_image().new_sha256();
      out->old_image = end.set_image().old_image();
      return;
    case pb::OperationEnd::kRestoreFile:
      out->path = end.restore_file().path();
      out->new_sha256 = end.restore_file().sha256();
      return;
    case pb::OperationEnd::kStopService:
      out->container_id = end.stop_service().container_id();
      out->exit_code = end.stop_service().exit_code();
      out->killed = end.stop_service().killed();
      out->passed_on = end.stop_service().passed_on();
      out->took = FromProto(end.stop_service().took());
      return;
    case pb::OperationEnd::kUpService:
      out->container_id = end.up_service().container_id();
      out->image_id = end.up_service().image_id();
      return;
    case pb::OperationEnd::kCopyVolume:
      out->copy = end.copy_volume().copy();
      out->bytes = end.copy_volume().bytes();
      out->new_sha256 = end.copy_volume().sha256();
      return;
    case pb::OperationEnd::kRestoreVolume:
      out->copy = end.restore_volume().copy();
      out->aside = end.restore_volume().aside();
      out->bytes = end.restore_volume().bytes();
      return;
    case pb::OperationEnd::kSetAsideVolume:
      out->aside = end.set_aside_volume().aside();
      out->bytes = end.set_aside_volume().bytes();
      return;
    case pb::OperationEnd::kDownProject:
    case pb::OperationEnd::RESULT_NOT_SET:
      return;
  }
}

// A container that never started has no time of its start, and 0 stays 0.
Time ByController(const google::protobuf::Timestamp& time, Millis clock_offset) {
  const Time host = FromProto(time);
  return host == Time{} ? host : host - clock_offset;
}

rollout::ContainerView ToView(const pb::Container& container, Millis clock_offset) {
  rollout::ContainerView view;
  view.id = container.id();
  view.name = container.name();
  view.image = container.image();
  view.image_id = container.image_id();
  view.state = container.state();
  view.health = container.health();
  view.hostname = container.hostname();
  view.exit_code = container.exit_code();
  view.restart_count = container.restart_count();
  view.oom_killed = container.oom_killed();
  view.started_at = ByController(container.started_at(), clock_offset);
  view.finished_at = ByController(container.finished_at(), clock_offset);
  for (const pb::Mount& mount : container.mounts()) {
    view.mounts.push_back(
        {mount.type(), mount.name(), mount.source(), mount.destination(), mount.anonymous()});
  }
  for (const pb::PublishedPort& port : container.ports()) {
    view.ports.push_back({port.host_ip(), static_cast<int>(port.host_port()),
                          static_cast<int>(port.container_port())});
  }
  view.restart_policy = container.restart_policy();
  view.image_bytes = container.image_bytes();
  for (const pb::Process& process : container.processes()) {
    view.processes.push_back({process.pid(), process.parent(), process.program()});
  }
  return view;
}

rollout::ImageView ToView(const pb::Image& image) {
  rollout::ImageView view;
  view.reference = image.reference();
  view.present = image.present();
  view.bytes = image.bytes();
  view.error = image.error();
  if (view.present && view.error.empty()) {
    view.entries.emplace(image.entries().begin(), image.entries().end());
  }
  return view;
}

rollout::ServiceView ToView(const pb::Service& service, Millis clock_offset) {
  rollout::ServiceView view;
  view.name = service.name();
  view.image = service.image();
  if (service.has_container()) view.container = ToView(service.container(), clock_offset);
  view.environment.insert(service.environment().begin(), service.environment().end());
  view.hostname = service.hostname();
  view.stop_grace_period = FromProto(service.stop_grace_period());
  return view;
}

StatusCode CodeOf(pb::OperationErrorCode code) {
  switch (code) {
    case pb::OPERATION_ERROR_CODE_UNKNOWN_PROJECT:
    case pb::OPERATION_ERROR_CODE_UNKNOWN_SERVICE:
    case pb::OPERATION_ERROR_CODE_IMAGE_NOT_FOUND:
      return StatusCode::kNotFound;
    case pb::OPERATION_ERROR_CODE_POLICY_DENIED:
      return StatusCode::kPermissionDenied;
    case pb::OPERATION_ERROR_CODE_ENGINE_DOWN:
    case pb::OPERATION_ERROR_CODE_REGISTRY_UNREACHABLE:
      return StatusCode::kUnavailable;
    case pb::OPERATION_ERROR_CODE_INVALID_PROJECT:
    case pb::OPERATION_ERROR_CODE_FILE_CHANGED:
    case pb::OPERATION_ERROR_CODE_STALE_EPOCH:
      return StatusCode::kFailedPrecondition;
    case pb::OPERATION_ERROR_CODE_DEADLINE_PASSED:
      return StatusCode::kDeadlineExceeded;
    case pb::OPERATION_ERROR_CODE_DISK_FULL:
      return StatusCode::kResourceExhausted;
    case pb::OPERATION_ERROR_CODE_CANCELED:
      return StatusCode::kCancelled;
    case pb::OPERATION_ERROR_CODE_UNSUPPORTED_VERB:
      return StatusCode::kUnimplemented;
    default:
      return StatusCode::kInternal;
  }
}

}  // namespace

google::protobuf::Timestamp ToProto(Time time) {
  return TimeUtil::MillisecondsToTimestamp(ToUnixMillis(time));
}

google::protobuf::Duration ToProto(Millis span) {
  return TimeUtil::MillisecondsToDuration(span.count());
}

Time FromProto(const google::protobuf::Timestamp& time) {
  return FromUnixMillis(TimeUtil::TimestampToMilliseconds(time));
}

Millis FromProto(const google::protobuf::Duration& span) {
  return Millis(TimeUtil::DurationToMilliseconds(span));
}

pb::StartOperation ToProto(const rollout::OperationOrder& order, uint64_t epoch) {
  pb::StartOperation out;
  out.set_operation_id(order.id.str());
  out.set_epoch(epoch);
  *out.mutable_deadline() = ToProto(order.deadline);
  if (order.begin_by) *out.mutable_begin_by() = ToProto(*order.begin_by);
  out.set_project(order.project);
  std::visit([&out](const auto& verb) { Fill(verb, out.mutable_verb()); }, order.verb);
  return out;
}

rollout::OperationEnd FromProto(const pb::OperationEnd& end) {
  rollout::OperationEnd out;
  out.state = ToState(end.state(), OperationState::kFailed);
  out.error = ToCode(end.error().code());
  out.message = end.error().message();
  out.output.assign(end.error().output().begin(), end.error().output().end());
  out.started_at = FromProto(end.started_at());
  out.ended_at = FromProto(end.ended_at());
  ApplyResult(end, &out);
  return out;
}

OperationEvent FromProto(const pb::OperationEvent& event) {
  OperationEvent out;
  out.operation_id = OperationId(event.operation_id());
  out.sequence = event.sequence();
  switch (event.event_case()) {
    case pb::OperationEvent::kState:
      out.state = ToState(event.state(), OperationState::kRunning);
      break;
    case pb::OperationEvent::kProgress:
      out.state = OperationState::kRunning;
      out.is_progress = true;
      out.progress = {event.progress().text(), event.progress().current_bytes(),
                      event.progress().total_bytes()};
      break;
    case pb::OperationEvent::kEnd:
      out.is_end = true;
      out.end = FromProto(event.end());
      out.state = out.end.state;
      break;
    case pb::OperationEvent::EVENT_NOT_SET:
      out.state = OperationState::kRunning;
      break;
  }
  return out;
}

rollout::ProjectView FromProto(const pb::Project& project, Millis clock_offset) {
  rollout::ProjectView view;
  view.name = project.name();
  view.working_dir = project.working_dir();
  for (const pb::ProjectFile& file : project.files()) {
    view.file_sha256[file.path()] = file.sha256();
  }
  for (const pb::Service& service : project.services()) {
    view.services.push_back(ToView(service, clock_offset));
  }
  view.error = project.error();
  view.denials.assign(project.denials().begin(), project.denials().end());
  for (const pb::Image& image : project.images()) view.images.push_back(ToView(image));
  return view;
}

Status ErrorOf(const pb::OperationError& error, const std::string& host) {
  return MakeStatus(CodeOf(error.code()), "host " + host + ": " + error.message());
}

void ApplyHello(const pb::Hello& hello, rollout::HostView* view) {
  view->agent_version = hello.agent_version();
  view->engine_version = hello.engine_version();
  view->compose_versions.clear();
  for (const pb::ComposeVersion& compose : hello.compose_versions()) {
    view->compose_versions.push_back(compose.spelling() + " " + compose.version());
  }
  view->policy_summary.assign(hello.policy_summary().begin(), hello.policy_summary().end());
}

void ApplyReport(const pb::HostReport& report, Time now, rollout::HostView* view) {
  if (report.has_host_time()) view->clock_offset = FromProto(report.host_time()) - now;
  view->projects.clear();
  for (const pb::Project& project : report.projects()) {
    view->projects.push_back(FromProto(project, view->clock_offset));
  }
  view->disks.clear();
  for (const pb::Disk& disk : report.disks()) {
    view->disks.push_back(
        {disk.path(), disk.total_bytes(), disk.free_bytes(), disk.holds_copies()});
  }
  view->engine_error = report.engine_error();
  view->kernel_settings.clear();
  view->kernel_settings.insert(report.kernel_settings().begin(), report.kernel_settings().end());
  view->memory_available_bytes = report.memory_available_bytes();
  view->last_seen = now;
}

}  // namespace drover::fleet
