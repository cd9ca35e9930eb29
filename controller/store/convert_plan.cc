#include "controller/store/convert_plan.h"

namespace drover::store {
namespace {

void ToProto(const rollout::PlanRequest& request, v1::PlanRequest* out) {
  out->set_cluster(request.cluster);
  out->set_kind(store::ToProto(request.kind));
  out->set_strategy(store::ToProto(request.strategy));
  out->set_to_version(request.to_version);
  out->set_image(request.image);
  out->set_adopt(request.adopt);
  SetStrings(request.members, out->mutable_members());
  out->set_accept_downtime(request.accept_downtime);
  out->set_follow_path(request.follow_path);
  SetStrings(request.via, out->mutable_via());
  out->set_final_version(request.final_version);
  out->set_accept_no_return(request.accept_no_return);
  for (const rollout::Waiver& waiver : request.waivers) {
    v1::Waiver* stored = out->add_waivers();
    stored->set_check(waiver.check);
    stored->set_reason(waiver.reason);
    stored->set_by(waiver.by);
  }
  out->set_undoes(request.undoes);
  out->set_tier(request.tier);
}

rollout::PlanRequest FromProto(const v1::PlanRequest& stored, DecodeErrors* errors) {
  rollout::PlanRequest request;
  request.cluster = stored.cluster();
  request.kind = store::FromProto<rollout::Kind>(stored.kind(), "kind", errors);
  request.strategy = store::FromProto<rollout::Strategy>(stored.strategy(), "strategy", errors);
  request.to_version = stored.to_version();
  request.image = stored.image();
  request.adopt = stored.adopt();
  request.members = Strings(stored.members());
  request.accept_downtime = stored.accept_downtime();
  request.follow_path = stored.follow_path();
  request.via = Strings(stored.via());
  request.final_version = stored.final_version();
  request.accept_no_return = stored.accept_no_return();
  for (const auto& waiver : stored.waivers()) {
    request.waivers.push_back({waiver.check(), waiver.reason(), waiver.by()});
  }
  request.undoes = stored.undoes();
  request.tier = stored.tier();
  return request;
}

void ToProto(const rollout::Hop& hop, v1::Hop* out) {
  out->set_from(hop.from);
  out->set_to(hop.to);
  for (const rollout::HopNeed& need : hop.needs) {
    v1::HopNeed* to = out->add_needs();
    to->set_kind(store::ToProto(need.kind));
    to->set_text(need.text);
    SetStrings(need.names, to->mutable_names());
  }
}

rollout::Hop FromProto(const v1::Hop& stored, DecodeErrors* errors) {
  rollout::Hop hop{stored.from(), stored.to(), {}};
  for (const v1::HopNeed& need : stored.needs()) {
    hop.needs.push_back({store::FromProto<rollout::HopNeedKind>(need.kind(), "hop need", errors),
                         need.text(), Strings(need.names())});
  }
  return hop;
}

using Values = std::map<std::string, std::optional<std::string>>;
using StoredValues = google::protobuf::RepeatedPtrField<v1::SnapshotOrigin::Setting>;

void ToProto(const Values& settings, StoredValues* out) {
  for (const auto& [name, value] : settings) {
    v1::SnapshotOrigin::Setting* setting = out->Add();
    setting->set_name(name);
    if (value) setting->set_value(*value);
  }
}

Values FromProto(const StoredValues& stored) {
  Values settings;
  for (const auto& setting : stored) {
    settings[setting.name()] =
        setting.has_value() ? std::optional<std::string>(setting.value()) : std::nullopt;
  }
  return settings;
}

void ToProto(const rollout::Undo& undo, v1::Undo* out) {
  out->set_rollout(undo.rollout);
  out->set_tier(undo.tier);
  out->set_loss(undo.loss);
  out->set_lossy(undo.lossy);
  ToProto(undo.settings, out->mutable_settings());
  SetStrings(undo.policies, out->mutable_policies());
  if (undo.operations) SetMap(*undo.operations, out->mutable_operations()->mutable_of_index());
  for (const auto& group : undo.restore) SetStrings(group, out->add_restore()->mutable_indices());
}

rollout::Undo FromProto(const v1::Undo& stored) {
  rollout::Undo undo;
  undo.rollout = stored.rollout();
  undo.tier = stored.tier();
  undo.loss = stored.loss();
  undo.lossy = stored.lossy();
  undo.settings = FromProto(stored.settings());
  undo.policies = Strings(stored.policies());
  if (stored.has_operations()) undo.operations = StdMap(stored.operations().of_index());
  for (const auto& group : stored.restore()) undo.restore.push_back(Strings(group.indices()));
  return undo;
}

void ToProto(const rollout::SnapshotOrigin& origin, v1::SnapshotOrigin* out) {
  out->set_rollout(origin.rollout);
  out->set_cluster_uuid(origin.cluster_uuid);
  out->set_from_version(origin.from_version);
  out->set_to_version(origin.to_version);
  ToProto(origin.settings, out->mutable_settings());
  for (const std::string& policy : origin.policies) out->add_policies(policy);
}

rollout::SnapshotOrigin FromProto(const v1::SnapshotOrigin& stored) {
  rollout::SnapshotOrigin origin;
  origin.rollout = stored.rollout();
  origin.cluster_uuid = stored.cluster_uuid();
  origin.from_version = stored.from_version();
  origin.to_version = stored.to_version();
  origin.settings = FromProto(stored.settings());
  origin.policies.assign(stored.policies().begin(), stored.policies().end());
  return origin;
}

void ToProto(const rollout::MemberSpec& member, v1::MemberSpec* out) {
  out->set_host(member.host);
  out->set_project(member.project);
  out->set_service(member.service);
  out->set_node(member.node);
}

rollout::MemberSpec FromProto(const v1::MemberSpec& stored) {
  return {stored.host(), stored.project(), stored.service(), stored.node()};
}

void ToProto(const rollout::CompanionSpec& companion, v1::CompanionSpec* out) {
  out->set_host(companion.host);
  out->set_project(companion.project);
  out->set_service(companion.service);
  out->set_image(companion.image);
}

rollout::CompanionSpec FromProto(const v1::CompanionSpec& stored) {
  return {stored.host(), stored.project(), stored.service(), stored.image()};
}

void ToProto(const rollout::RepositorySpec& repository, v1::RepositorySpec* out) {
  out->set_repository(repository.repository);
  out->set_type(repository.type);
  SetMap(repository.settings, out->mutable_settings());
  out->set_shared_folder(repository.shared_folder);
}

rollout::RepositorySpec FromProto(const v1::RepositorySpec& stored) {
  return {stored.repository(), stored.type(), StdMap(stored.settings()), stored.shared_folder()};
}

void ToProto(const rollout::Rules& rules, v1::Rules* out) {
  out->set_max_unavailable(rules.max_unavailable);
  out->set_join_timeout_ms(rules.join_timeout.count());
  out->set_recover_stall_ms(rules.recover_stall.count());
  out->set_snapshot_stall_ms(rules.snapshot_stall.count());
  out->set_stop_timeout_ms(rules.stop_timeout.count());
  out->set_pull_timeout_ms(rules.pull_timeout.count());
  SetStrings(rules.pause_after, out->mutable_pause_after());
  out->set_recovery_concurrency(rules.recovery_concurrency);
}

rollout::Rules FromProto(const v1::Rules& stored) {
  rollout::Rules rules;
  rules.max_unavailable = stored.max_unavailable();
  rules.join_timeout = Millis(stored.join_timeout_ms());
  rules.recover_stall = Millis(stored.recover_stall_ms());
  rules.snapshot_stall = Millis(stored.snapshot_stall_ms());
  rules.stop_timeout = Millis(stored.stop_timeout_ms());
  rules.pull_timeout = Millis(stored.pull_timeout_ms());
  rules.pause_after = Strings(stored.pause_after());
  rules.recovery_concurrency = stored.recovery_concurrency();
  return rules;
}

void ToProto(const rollout::ClusterSpec& spec, v1::ClusterSpec* out) {
  out->set_name(spec.name);
  SetStrings(spec.endpoints, out->mutable_endpoints());
  out->mutable_tls()->set_ca(spec.tls.ca);
  out->mutable_tls()->set_client_certificate(spec.tls.client_certificate);
  out->mutable_tls()->set_client_key(spec.tls.client_key);
  out->mutable_auth()->set_username(spec.auth.username);
  out->mutable_auth()->set_password_file(spec.auth.password_file);
  ToProto(spec.snapshot, out->mutable_snapshot());
  for (const auto& member : spec.members) ToProto(member, out->add_members());
  for (const auto& companion : spec.companions) ToProto(companion, out->add_companions());
  ToProto(spec.rules, out->mutable_rules());
}

rollout::ClusterSpec FromProto(const v1::ClusterSpec& stored) {
  rollout::ClusterSpec spec;
  spec.name = stored.name();
  spec.endpoints = Strings(stored.endpoints());
  spec.tls = {stored.tls().ca(), stored.tls().client_certificate(), stored.tls().client_key()};
  spec.auth = {stored.auth().username(), stored.auth().password_file()};
  spec.snapshot = FromProto(stored.snapshot());
  for (const auto& member : stored.members()) spec.members.push_back(FromProto(member));
  for (const auto& companion : stored.companions()) spec.companions.push_back(FromProto(companion));
  spec.rules = FromProto(stored.rules());
  return spec;
}

void ToProto(const rollout::PlannedMember& member, v1::PlannedMember* out) {
  out->set_name(member.name);
  out->set_host(member.host);
  out->set_project(member.project);
  out->set_service(member.service);
  out->set_node_id(member.node_id);
  SetStrings(member.roles, out->mutable_roles());
  out->set_from_image(member.from_image);
  out->set_to_image(member.to_image);
  out->set_elected_manager(member.elected_manager);
  out->set_batch(member.batch);
  out->set_note(member.note);
  out->set_cold_copy(member.cold_copy);
  out->set_data_path(member.data_path);
  out->set_volume(store::ToProto(member.volume));
}

rollout::PlannedMember FromProto(const v1::PlannedMember& stored, DecodeErrors* errors) {
  rollout::PlannedMember member;
  member.name = stored.name();
  member.host = stored.host();
  member.project = stored.project();
  member.service = stored.service();
  member.node_id = stored.node_id();
  member.roles = Strings(stored.roles());
  member.from_image = stored.from_image();
  member.to_image = stored.to_image();
  member.elected_manager = stored.elected_manager();
  member.batch = stored.batch();
  member.note = stored.note();
  member.cold_copy = stored.cold_copy();
  member.data_path = stored.data_path();
  // Of a controller from before rollbacks: none.
  if (stored.volume() != v1::VOLUME_CHANGE_UNSPECIFIED) {
    member.volume = store::FromProto<rollout::VolumeChange>(stored.volume(), "volume", errors);
  }
  return member;
}

void ToProto(const rollout::HomelessReplicas& shard, v1::HomelessReplicas* out) {
  out->set_index(shard.index);
  out->set_shard(shard.shard);
  out->set_replicas(shard.replicas);
}

void ToProto(const rollout::RepositoryView& repository, v1::Repository* out) {
  out->set_name(repository.name);
  out->set_type(repository.type);
  out->set_exists(repository.exists);
  SetMap(repository.settings, out->mutable_settings());
  out->set_verified(repository.verified);
  SetStrings(repository.verified_node_ids, out->mutable_verified_node_ids());
  out->set_verify_error(repository.verify_error);
}

rollout::RepositoryView FromProto(const v1::Repository& stored) {
  rollout::RepositoryView repository;
  repository.name = stored.name();
  repository.type = stored.type();
  repository.exists = stored.exists();
  repository.settings = StdMap(stored.settings());
  repository.verified = stored.verified();
  repository.verified_node_ids = Strings(stored.verified_node_ids());
  repository.verify_error = stored.verify_error();
  return repository;
}

}  // namespace

void ToProto(const rollout::CheckResult& check, v1::CheckResult* out) {
  out->set_id(check.id);
  out->set_title(check.title);
  out->set_verdict(ToProto(check.verdict));
  out->set_evidence(check.evidence);
  out->set_remedy(check.remedy);
  out->set_waived_by(check.waived_by);
  out->set_waived_reason(check.waived_reason);
}

rollout::CheckResult FromProto(const v1::CheckResult& stored, DecodeErrors* errors) {
  rollout::CheckResult check;
  check.id = stored.id();
  check.title = stored.title();
  check.verdict = FromProto<rollout::Verdict>(stored.verdict(), "verdict", errors);
  check.evidence = stored.evidence();
  check.remedy = stored.remedy();
  check.waived_by = stored.waived_by();
  check.waived_reason = stored.waived_reason();
  return check;
}

void ToProto(const rollout::Plan& plan, v1::Plan* out) {
  out->set_id(plan.id.str());
  ToProto(plan.request, out->mutable_request());
  ToProto(plan.spec, out->mutable_spec());
  out->set_from_version(plan.from_version);
  for (const auto& member : plan.members) ToProto(member, out->add_members());
  for (const auto& companion : plan.companions) ToProto(companion, out->add_companions());
  for (const auto& member : plan.others) ToProto(member, out->add_others());
  out->set_batches(plan.batches);
  for (const auto& check : plan.checks) ToProto(check, out->add_checks());
  ToProto(plan.repository, out->mutable_repository());
  out->set_snapshot(plan.snapshot);
  out->set_own_repository(plan.own_repository);
  out->set_observed_nodes(plan.observed_nodes);
  SetMap(plan.documents, out->mutable_documents());
  out->set_expected_ms(plan.expected.count());
  out->set_expected_from(plan.expected_from);
  out->set_created_at_ms(ToUnixMillis(plan.created_at));
  out->set_created_by(plan.created_by);
  SetMap(plan.fingerprint, out->mutable_fingerprint());
  if (plan.adopted) ToProto(*plan.adopted, out->mutable_adopted());
  out->set_downtime_of(plan.downtime_of);
  out->set_downtime_ms(plan.downtime.count());
  for (const auto& shard : plan.homeless) ToProto(shard, out->add_homeless());
  for (const auto& hop : plan.hops) ToProto(hop, out->add_hops());
  if (plan.undo) ToProto(*plan.undo, out->mutable_undo());
  out->set_managers_answer(plan.managers_answer);
}

rollout::Plan FromProto(const v1::Plan& stored, DecodeErrors* errors) {
  rollout::Plan plan;
  plan.id = PlanId(stored.id());
  plan.request = FromProto(stored.request(), errors);
  plan.spec = FromProto(stored.spec());
  plan.from_version = stored.from_version();
  for (const auto& member : stored.members()) plan.members.push_back(FromProto(member, errors));
  for (const auto& companion : stored.companions()) {
    plan.companions.push_back(FromProto(companion, errors));
  }
  for (const auto& member : stored.others()) plan.others.push_back(FromProto(member, errors));
  plan.batches = stored.batches();
  for (const auto& check : stored.checks()) plan.checks.push_back(FromProto(check, errors));
  plan.repository = FromProto(stored.repository());
  plan.snapshot = stored.snapshot();
  plan.own_repository = stored.own_repository();
  plan.observed_nodes = stored.observed_nodes();
  plan.documents = StdMap(stored.documents());
  plan.expected = Millis(stored.expected_ms());
  plan.expected_from = stored.expected_from();
  plan.created_at = FromUnixMillis(stored.created_at_ms());
  plan.created_by = stored.created_by();
  plan.fingerprint = StdMap(stored.fingerprint());
  if (stored.has_adopted()) plan.adopted = FromProto(stored.adopted());
  plan.downtime_of = stored.downtime_of();
  plan.downtime = Millis(stored.downtime_ms());
  for (const auto& shard : stored.homeless()) {
    plan.homeless.push_back({shard.index(), shard.shard(), shard.replicas()});
  }
  for (const auto& hop : stored.hops()) plan.hops.push_back(FromProto(hop, errors));
  if (stored.has_undo()) plan.undo = FromProto(stored.undo());
  plan.managers_answer = stored.managers_answer();
  return plan;
}

}  // namespace drover::store
