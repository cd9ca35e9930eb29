#include <algorithm>
#include <utility>

#include "controller/store/convert_plan.h"
#include "controller/store/convert_rollout.h"

namespace drover::store {
namespace {

// One overload for each alternative of rollout::Verb; a missing one does not compile.
struct VerbWriter {
  v1::StartOperation* out;

  void operator()(const rollout::PullImage& verb) const {
    out->mutable_pull_image()->set_service(verb.service);
    out->mutable_pull_image()->set_image(verb.image);
  }
  void operator()(const rollout::SetImage& verb) const {
    out->mutable_set_image()->set_service(verb.service);
    out->mutable_set_image()->set_image(verb.image);
    out->mutable_set_image()->set_expect(verb.expect);
  }
  void operator()(const rollout::RestoreFile& verb) const {
    out->mutable_restore_file()->set_operation_id(verb.operation_id.str());
  }
  void operator()(const rollout::StopService& verb) const {
    out->mutable_stop_service()->set_service(verb.service);
    out->mutable_stop_service()->set_timeout_ms(verb.timeout.count());
    out->mutable_stop_service()->set_process(verb.process);
  }
  void operator()(const rollout::UpService& verb) const {
    out->mutable_up_service()->set_service(verb.service);
    out->mutable_up_service()->set_recreate(verb.recreate);
  }
  void operator()(const rollout::CopyVolume& verb) const {
    out->mutable_copy_volume()->set_service(verb.service);
    out->mutable_copy_volume()->set_path(verb.path);
    out->mutable_copy_volume()->set_name(verb.name);
  }
  void operator()(const rollout::RestoreVolume& verb) const {
    out->mutable_restore_volume()->set_service(verb.service);
    out->mutable_restore_volume()->set_path(verb.path);
    out->mutable_restore_volume()->set_name(verb.name);
    out->mutable_restore_volume()->set_aside(verb.aside);
  }
  void operator()(const rollout::SetAsideVolume& verb) const {
    out->mutable_set_aside_volume()->set_service(verb.service);
    out->mutable_set_aside_volume()->set_path(verb.path);
    out->mutable_set_aside_volume()->set_name(verb.name);
  }
  void operator()(const rollout::DownProject& verb) const {
    out->mutable_down_project()->set_timeout_ms(verb.timeout.count());
  }
};

// One overload for each alternative of rollout::Action.
struct ActionWriter {
  v1::Outstanding* out;

  void operator()(const rollout::ObserveWorld& action) const {
    out->mutable_observe_world()->set_with_hosts(action.with_hosts);
    out->mutable_observe_world()->set_with_repository(action.with_repository);
    out->mutable_observe_world()->set_with_explanation(action.with_explanation);
    out->mutable_observe_world()->set_with_images(action.with_images);
    out->mutable_observe_world()->set_with_operations(action.with_operations);
  }
  void operator()(const rollout::StartOperation& action) const {
    v1::StartOperation* start = out->mutable_start_operation();
    start->set_operation_id(action.order.id.str());
    start->set_host(action.order.host);
    start->set_project(action.order.project);
    start->set_deadline_ms(ToUnixMillis(action.order.deadline));
    if (action.order.begin_by) start->set_begin_by_ms(ToUnixMillis(*action.order.begin_by));
    std::visit(VerbWriter{start}, action.order.verb);
  }
  void operator()(const rollout::CancelOperation& action) const {
    out->mutable_cancel_operation()->set_host(action.host);
    out->mutable_cancel_operation()->set_operation_id(action.operation.str());
  }
  void operator()(const rollout::TakeSnapshot& action) const {
    out->mutable_take_snapshot()->set_repository(action.repository);
    out->mutable_take_snapshot()->set_name(action.name);
    out->mutable_take_snapshot()->set_parent(action.parent);
  }
  void operator()(const rollout::DeleteSnapshot& action) const {
    out->mutable_delete_snapshot()->set_repository(action.repository);
    out->mutable_delete_snapshot()->set_name(action.name);
    out->mutable_delete_snapshot()->set_with_repository(action.with_repository);
  }
  void operator()(const rollout::PutSettings& action) const {
    v1::PutSettings* put = out->mutable_put_settings();
    for (const auto& [name, value] : action.persistent) {
      v1::PutSettings::Setting* setting = put->add_persistent();
      setting->set_name(name);
      if (value) setting->set_value(*value);
    }
  }
  void operator()(const rollout::ClearArchived&) const { out->mutable_clear_archived(); }
  void operator()(const rollout::Flush& action) const {
    out->mutable_flush()->set_times(action.times);
  }
  void operator()(const rollout::RegisterRepository& action) const {
    out->mutable_register_repository()->set_name(action.name);
    out->mutable_register_repository()->set_type(action.type);
    SetMap(action.settings, out->mutable_register_repository()->mutable_settings());
  }
  void operator()(const rollout::RestoreSnapshot& action) const {
    v1::RestoreSnapshot* restore = out->mutable_restore_snapshot();
    restore->set_repository(action.repository);
    restore->set_snapshot(action.snapshot);
    SetStrings(action.indices, restore->mutable_indices());
    restore->set_global_state(action.global_state);
  }
  void operator()(const rollout::RetryFailedShards&) const { out->mutable_retry_failed_shards(); }
  void operator()(const rollout::AddVotingExclusion& action) const {
    SetStrings(action.nodes, out->mutable_add_voting_exclusion()->mutable_nodes());
  }
  void operator()(const rollout::ClearVotingExclusions&) const {
    out->mutable_clear_voting_exclusions();
  }
  void operator()(const rollout::StopPolicies& action) const {
    SetStrings(action.names, out->mutable_stop_policies()->mutable_names());
  }
  void operator()(const rollout::StartPolicies& action) const {
    SetStrings(action.names, out->mutable_start_policies()->mutable_names());
  }
  void operator()(const rollout::AwaitHealth& action) const {
    v1::AwaitHealth* await = out->mutable_await_health();
    if (action.condition.nodes) await->set_nodes(*action.condition.nodes);
    await->set_status(action.condition.status);
    await->set_no_initializing_shards(action.condition.no_initializing_shards);
    await->set_no_relocating_shards(action.condition.no_relocating_shards);
    await->set_timeout_ms(action.timeout.count());
    SetStrings(action.avoid_nodes, await->mutable_avoid_nodes());
  }
  void operator()(const rollout::ReadNodes&) const { out->mutable_read_nodes(); }
  void operator()(const rollout::ReadContainer& action) const {
    out->mutable_read_container()->set_host(action.host);
    out->mutable_read_container()->set_project(action.project);
    out->mutable_read_container()->set_service(action.service);
    out->mutable_read_container()->set_fresh(action.fresh);
  }
  void operator()(const rollout::ReadLog& action) const {
    v1::ReadLog* read = out->mutable_read_log();
    read->set_host(action.host);
    read->set_project(action.project);
    read->set_service(action.service);
    read->set_lines(action.lines);
  }
  void operator()(const rollout::SetTimer& action) const {
    out->mutable_set_timer()->set_at_ms(ToUnixMillis(action.at));
  }
};

// The switches have no default, so that the compiler names a case of the .proto that is missing.
rollout::Verb ReadVerb(const v1::StartOperation& stored, DecodeErrors* errors) {
  switch (stored.verb_case()) {
    case v1::StartOperation::kPullImage:
      return rollout::PullImage{stored.pull_image().service(), stored.pull_image().image()};
    case v1::StartOperation::kSetImage:
      return rollout::SetImage{stored.set_image().service(), stored.set_image().image(),
                               stored.set_image().expect()};
    case v1::StartOperation::kRestoreFile:
      return rollout::RestoreFile{OperationId(stored.restore_file().operation_id())};
    case v1::StartOperation::kStopService:
      return rollout::StopService{stored.stop_service().service(),
                                  Millis(stored.stop_service().timeout_ms()),
                                  stored.stop_service().process()};
    case v1::StartOperation::kUpService:
      return rollout::UpService{stored.up_service().service(), stored.up_service().recreate()};
    case v1::StartOperation::kDownProject:
      return rollout::DownProject{Millis(stored.down_project().timeout_ms())};
    case v1::StartOperation::kCopyVolume:
      return rollout::CopyVolume{stored.copy_volume().service(), stored.copy_volume().path(),
                                 stored.copy_volume().name()};
    case v1::StartOperation::kRestoreVolume:
      return rollout::RestoreVolume{stored.restore_volume().service(),
                                    stored.restore_volume().path(), stored.restore_volume().name(),
                                    stored.restore_volume().aside()};
    case v1::StartOperation::kSetAsideVolume:
      return rollout::SetAsideVolume{stored.set_aside_volume().service(),
                                     stored.set_aside_volume().path(),
                                     stored.set_aside_volume().name()};
    case v1::StartOperation::VERB_NOT_SET:
      break;
  }
  errors->Add("operation " + stored.operation_id() + " has no verb");
  return {};
}

rollout::Action ReadStart(const v1::StartOperation& stored, DecodeErrors* errors) {
  rollout::OperationOrder order;
  order.id = OperationId(stored.operation_id());
  order.host = stored.host();
  order.project = stored.project();
  order.verb = ReadVerb(stored, errors);
  order.deadline = FromUnixMillis(stored.deadline_ms());
  if (stored.has_begin_by_ms()) order.begin_by = FromUnixMillis(stored.begin_by_ms());
  return rollout::StartOperation{std::move(order)};
}

rollout::Action ReadPut(const v1::PutSettings& stored) {
  rollout::PutSettings put;
  for (const auto& setting : stored.persistent()) {
    put.persistent[setting.name()] =
        setting.has_value() ? std::optional<std::string>(setting.value()) : std::nullopt;
  }
  return put;
}

rollout::Action ReadAwait(const v1::AwaitHealth& stored) {
  rollout::AwaitHealth await;
  if (stored.has_nodes()) await.condition.nodes = stored.nodes();
  await.condition.status = stored.status();
  await.condition.no_initializing_shards = stored.no_initializing_shards();
  await.condition.no_relocating_shards = stored.no_relocating_shards();
  await.timeout = Millis(stored.timeout_ms());
  await.avoid_nodes = Strings(stored.avoid_nodes());
  return await;
}

rollout::Action ReadAction(const v1::Outstanding& stored, DecodeErrors* errors) {
  switch (stored.action_case()) {
    case v1::Outstanding::kObserveWorld:
      return rollout::ObserveWorld{
          stored.observe_world().with_hosts(), stored.observe_world().with_repository(),
          stored.observe_world().with_explanation(), stored.observe_world().with_images(),
          stored.observe_world().with_operations()};
    case v1::Outstanding::kStartOperation:
      return ReadStart(stored.start_operation(), errors);
    case v1::Outstanding::kCancelOperation:
      return rollout::CancelOperation{stored.cancel_operation().host(),
                                      OperationId(stored.cancel_operation().operation_id())};
    case v1::Outstanding::kTakeSnapshot:
      return rollout::TakeSnapshot{stored.take_snapshot().repository(),
                                   stored.take_snapshot().name(), stored.take_snapshot().parent()};
    case v1::Outstanding::kDeleteSnapshot:
      return rollout::DeleteSnapshot{stored.delete_snapshot().repository(),
                                     stored.delete_snapshot().name(),
                                     stored.delete_snapshot().with_repository()};
    case v1::Outstanding::kPutSettings:
      return ReadPut(stored.put_settings());
    case v1::Outstanding::kClearArchived:
      return rollout::ClearArchived{};
    case v1::Outstanding::kFlush:
      // Of a controller from before it had a number.
      return rollout::Flush{std::max(1, stored.flush().times())};
    case v1::Outstanding::kRegisterRepository:
      return rollout::RegisterRepository{stored.register_repository().name(),
                                         stored.register_repository().type(),
                                         StdMap(stored.register_repository().settings())};
    case v1::Outstanding::kRestoreSnapshot:
      return rollout::RestoreSnapshot{
          stored.restore_snapshot().repository(), stored.restore_snapshot().snapshot(),
          Strings(stored.restore_snapshot().indices()), stored.restore_snapshot().global_state()};
    case v1::Outstanding::kRetryFailedShards:
      return rollout::RetryFailedShards{};
    case v1::Outstanding::kAddVotingExclusion:
      return rollout::AddVotingExclusion{Strings(stored.add_voting_exclusion().nodes())};
    case v1::Outstanding::kClearVotingExclusions:
      return rollout::ClearVotingExclusions{};
    case v1::Outstanding::kStopPolicies:
      return rollout::StopPolicies{Strings(stored.stop_policies().names())};
    case v1::Outstanding::kStartPolicies:
      return rollout::StartPolicies{Strings(stored.start_policies().names())};
    case v1::Outstanding::kAwaitHealth:
      return ReadAwait(stored.await_health());
    case v1::Outstanding::kReadNodes:
      return rollout::ReadNodes{};
    case v1::Outstanding::kReadContainer:
      return rollout::ReadContainer{
          stored.read_container().host(), stored.read_container().project(),
          stored.read_container().service(), stored.read_container().fresh()};
    case v1::Outstanding::kReadLog:
      return rollout::ReadLog{stored.read_log().host(), stored.read_log().project(),
                              stored.read_log().service(), stored.read_log().lines()};
    case v1::Outstanding::kSetTimer:
      return rollout::SetTimer{FromUnixMillis(stored.set_timer().at_ms())};
    case v1::Outstanding::ACTION_NOT_SET:
      break;
  }
  errors->Add("action " + stored.id() + " is of an unknown kind");
  return {};
}

}  // namespace

void ToProto(const rollout::Outstanding& outstanding, v1::Outstanding* out) {
  out->set_id(outstanding.id.str());
  out->set_member_plus_one(outstanding.member + 1);
  std::visit(ActionWriter{out}, outstanding.action);
}

rollout::Outstanding FromProto(const v1::Outstanding& stored, DecodeErrors* errors) {
  rollout::Outstanding outstanding;
  outstanding.id = OperationId(stored.id());
  outstanding.member = stored.member_plus_one() - 1;
  outstanding.action = ReadAction(stored, errors);
  return outstanding;
}

}  // namespace drover::store
