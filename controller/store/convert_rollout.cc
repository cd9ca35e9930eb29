#include "controller/store/convert_rollout.h"

#include "controller/store/convert_plan.h"

namespace drover::store {
namespace {

std::optional<Time> OptionalTime(bool has, int64_t ms) {
  return has ? std::optional<Time>(FromUnixMillis(ms)) : std::nullopt;
}

void ToProto(const rollout::Wait& wait, v1::Wait* out) {
  out->set_reason(wait.reason);
  out->set_since_ms(ToUnixMillis(wait.since));
  if (wait.until) out->set_until_ms(ToUnixMillis(*wait.until));
  out->set_ends_when(wait.ends_when);
}

rollout::Wait FromProto(const v1::Wait& stored) {
  rollout::Wait wait;
  wait.reason = stored.reason();
  wait.since = FromUnixMillis(stored.since_ms());
  wait.until = OptionalTime(stored.has_until_ms(), stored.until_ms());
  wait.ends_when = stored.ends_when();
  return wait;
}

void ToProto(const rollout::CellTimes& cell, v1::CellTimes* out) {
  if (cell.started_at) out->set_started_at_ms(ToUnixMillis(*cell.started_at));
  if (cell.ended_at) out->set_ended_at_ms(ToUnixMillis(*cell.ended_at));
  out->set_failed(cell.failed);
  if (!cell.text.empty()) out->set_text(cell.text);
}

rollout::CellTimes FromProto(const v1::CellTimes& stored) {
  rollout::CellTimes cell;
  cell.started_at = OptionalTime(stored.has_started_at_ms(), stored.started_at_ms());
  cell.ended_at = OptionalTime(stored.has_ended_at_ms(), stored.ended_at_ms());
  cell.failed = stored.failed();
  cell.text = stored.text();
  return cell;
}

void ToProto(const rollout::MemberFailure& failure, v1::MemberFailure* out) {
  out->set_step(store::ToProto(failure.step));
  out->set_reason(failure.reason);
  out->set_evidence(failure.evidence);
  SetStrings(failure.log_lines, out->mutable_log_lines());
  out->set_aftermath(store::ToProto(failure.aftermath));
}

rollout::MemberFailure FromProto(const v1::MemberFailure& stored, DecodeErrors* errors) {
  rollout::MemberFailure failure;
  failure.step = store::FromProto<rollout::MemberStep>(stored.step(), "failed step", errors);
  failure.reason = stored.reason();
  failure.evidence = stored.evidence();
  failure.log_lines = Strings(stored.log_lines());
  // Rollouts that were stored before it existed had read the log already.
  failure.aftermath =
      stored.aftermath() == v1::AFTERMATH_UNSPECIFIED
          ? rollout::Aftermath::kLook
          : store::FromProto<rollout::Aftermath>(stored.aftermath(), "aftermath", errors);
  return failure;
}

void ToProto(const rollout::MemberState& member, v1::MemberState* out) {
  out->set_step(store::ToProto(member.step));
  size_t used = member.cells.size();
  while (used > 0 && member.cells[used - 1] == rollout::CellTimes{}) --used;
  for (size_t i = 0; i < used; ++i) ToProto(member.cells[i], out->add_cells());
  out->set_prefetched(member.prefetched);
  if (!member.digest.empty()) out->set_digest(member.digest);
  if (!member.version.empty()) out->set_version(member.version);
  if (!member.set_image.empty()) out->set_set_image(member.set_image.str());
  out->set_stopped(member.stopped);
  out->set_new_image_ran(member.new_image_ran);
  out->set_renewed(member.renewed);
  out->set_unclean_stop(member.unclean_stop);
  if (member.wait) ToProto(*member.wait, out->mutable_wait());
  if (member.failure) ToProto(*member.failure, out->mutable_failure());
  out->set_attempts(member.attempts);
  if (member.step_since) out->set_step_since_ms(ToUnixMillis(*member.step_since));
  out->set_late_stops(member.late_stops);
  out->set_cold_copy(member.cold_copy);
  out->set_volume_changed(member.volume_changed);
  if (!member.aside.empty()) out->set_aside(member.aside);
  out->set_file_uncertain(member.file_uncertain);
  out->set_new_image_sure(member.new_image_sure);
  if (!member.container.empty()) out->set_container(member.container);
  out->set_skipped(member.skipped);
  out->set_held(member.held);
  out->set_examined(member.examined);
  out->set_awaited(member.awaited);
  if (!member.fate.empty()) out->set_fate(member.fate);
  if (!member.progress_mark.empty()) out->set_progress_mark(member.progress_mark);
  if (member.progress_at) out->set_progress_at_ms(ToUnixMillis(*member.progress_at));
}

rollout::MemberState FromProto(const v1::MemberState& stored, DecodeErrors* errors) {
  rollout::MemberState member;
  member.step = store::FromProto<rollout::MemberStep>(stored.step(), "member step", errors);
  const size_t cells = static_cast<size_t>(stored.cells_size());
  if (cells > member.cells.size()) {
    errors->Add("a member has " + std::to_string(cells) + " columns");
    return member;
  }
  for (size_t i = 0; i < cells; ++i) {
    member.cells[i] = FromProto(stored.cells(static_cast<int>(i)));
  }
  member.prefetched = stored.prefetched();
  member.digest = stored.digest();
  member.version = stored.version();
  member.set_image = OperationId(stored.set_image());
  member.stopped = stored.stopped();
  member.new_image_ran = stored.new_image_ran();
  member.renewed = stored.renewed();
  member.unclean_stop = stored.unclean_stop();
  if (stored.has_wait()) member.wait = FromProto(stored.wait());
  if (stored.has_failure()) member.failure = FromProto(stored.failure(), errors);
  member.attempts = stored.attempts();
  member.step_since = OptionalTime(stored.has_step_since_ms(), stored.step_since_ms());
  member.late_stops = stored.late_stops();
  member.cold_copy = stored.cold_copy();
  member.volume_changed = stored.volume_changed();
  member.aside = stored.aside();
  member.file_uncertain = stored.file_uncertain();
  member.new_image_sure = stored.new_image_sure();
  member.container = stored.container();
  member.skipped = stored.skipped();
  member.held = stored.held();
  member.examined = stored.examined();
  member.awaited = stored.awaited();
  member.fate = stored.fate();
  member.progress_mark = stored.progress_mark();
  member.progress_at = OptionalTime(stored.has_progress_at_ms(), stored.progress_at_ms());
  return member;
}

void ToProto(const rollout::RecordedSetting& setting, v1::RecordedSetting* out) {
  out->set_name(setting.name);
  if (setting.before) out->set_before(*setting.before);
  if (setting.now) out->set_now(*setting.now);
  out->set_changed(setting.changed);
  if (setting.ours) out->set_ours(*setting.ours);
}

rollout::RecordedSetting FromProto(const v1::RecordedSetting& stored) {
  rollout::RecordedSetting setting;
  setting.name = stored.name();
  if (stored.has_before()) setting.before = stored.before();
  if (stored.has_now()) setting.now = stored.now();
  setting.changed = stored.changed();
  if (stored.has_ours()) setting.ours = stored.ours();
  return setting;
}

void ToProto(const rollout::SnapshotProgress& snapshot, v1::SnapshotProgress* out) {
  out->set_state(snapshot.state);
  out->set_shards_done(snapshot.shards_done);
  out->set_shards_total(snapshot.shards_total);
  out->set_shards_failed(snapshot.shards_failed);
  out->set_bytes_done(snapshot.bytes_done);
  out->set_bytes_total(snapshot.bytes_total);
  if (snapshot.started_at) out->set_started_at_ms(ToUnixMillis(*snapshot.started_at));
  if (snapshot.ended_at) out->set_ended_at_ms(ToUnixMillis(*snapshot.ended_at));
  out->set_progress_at_ms(ToUnixMillis(snapshot.progress_at));
}

rollout::SnapshotProgress FromProto(const v1::SnapshotProgress& stored) {
  rollout::SnapshotProgress snapshot;
  snapshot.state = stored.state();
  snapshot.shards_done = stored.shards_done();
  snapshot.shards_total = stored.shards_total();
  snapshot.shards_failed = stored.shards_failed();
  snapshot.bytes_done = stored.bytes_done();
  snapshot.bytes_total = stored.bytes_total();
  snapshot.started_at = OptionalTime(stored.has_started_at_ms(), stored.started_at_ms());
  snapshot.ended_at = OptionalTime(stored.has_ended_at_ms(), stored.ended_at_ms());
  snapshot.progress_at = FromUnixMillis(stored.progress_at_ms());
  return snapshot;
}

}  // namespace

void ToProto(const rollout::Rollout& rollout, v1::RolloutState* out) {
  out->set_id(rollout.id.str());
  out->set_phase(ToProto(rollout.phase));
  out->set_resume_phase(ToProto(rollout.resume_phase));
  out->set_after_restore(ToProto(rollout.after_restore));
  if (!rollout.reason.empty()) out->set_reason(rollout.reason);
  out->set_pause_asked(rollout.pause_asked);
  out->set_refused(ToProto(rollout.refused));
  SetStrings(rollout.changes, out->mutable_changes());
  out->set_batch(rollout.batch);
  for (const auto& member : rollout.members) ToProto(member, out->add_members());
  for (const auto& companion : rollout.companions) ToProto(companion, out->add_companions());
  for (const auto& setting : rollout.settings) ToProto(setting, out->add_settings());
  for (const auto& exclusion : rollout.exclusions) {
    v1::VotingExclusion* const to = out->add_exclusions();
    to->set_node(exclusion.node);
    to->set_set(exclusion.set);
  }
  SetStrings(rollout.stopped_policies, out->mutable_stopped_policies());
  out->set_policies_stopped(rollout.policies_stopped);
  ToProto(rollout.snapshot, out->mutable_snapshot());
  out->set_snapshot_done(rollout.snapshot_done);
  out->set_flushed(rollout.flushed);
  if (rollout.restore_since) out->set_restore_since_ms(ToUnixMillis(*rollout.restore_since));
  out->set_attempts(rollout.attempts);
  if (rollout.progress_at) out->set_progress_at_ms(ToUnixMillis(*rollout.progress_at));
  if (!rollout.progress_mark.empty()) out->set_progress_mark(rollout.progress_mark);
  out->set_health(rollout.health);
  if (rollout.wait) ToProto(*rollout.wait, out->mutable_wait());
  for (const auto& outstanding : rollout.outstanding) ToProto(outstanding, out->add_outstanding());
  SetStrings(rollout.lost_hosts, out->mutable_lost_hosts());
  out->set_next_action(rollout.next_action);
  out->set_sequence(rollout.sequence);
  out->set_created_at_ms(ToUnixMillis(rollout.created_at));
  if (rollout.started_at) out->set_started_at_ms(ToUnixMillis(*rollout.started_at));
  if (rollout.ended_at) out->set_ended_at_ms(ToUnixMillis(*rollout.ended_at));
  out->set_started_by(rollout.started_by);
  SetStrings(rollout.outcome, out->mutable_outcome());
  out->set_looked(rollout.looked);
  out->set_rerouted(rollout.rerouted);
  out->set_clear_archived(rollout.clear_archived);
  out->set_no_return_announced(rollout.no_return_announced);
  if (!rollout.rollback.empty()) out->set_rollback(rollout.rollback);
  if (rollout.operations) {
    SetMap(*rollout.operations, out->mutable_operations()->mutable_of_index());
  }
  out->set_repository_registered(rollout.repository_registered);
  out->set_restored_groups(rollout.restored_groups);
  if (rollout.settle_until) out->set_settle_until_ms(ToUnixMillis(*rollout.settle_until));
}

rollout::Rollout FromProto(const v1::RolloutState& stored, DecodeErrors* errors) {
  rollout::Rollout rollout;
  rollout.id = RolloutId(stored.id());
  rollout.phase = FromProto<rollout::Phase>(stored.phase(), "phase", errors);
  rollout.resume_phase = FromProto<rollout::Phase>(stored.resume_phase(), "resume phase", errors);
  rollout.after_restore =
      FromProto<rollout::Phase>(stored.after_restore(), "phase after restoring", errors);
  rollout.reason = stored.reason();
  rollout.pause_asked = stored.pause_asked();
  rollout.refused = FromProto<rollout::Refused>(stored.refused(), "refusal", errors);
  rollout.changes = Strings(stored.changes());
  rollout.batch = stored.batch();
  for (const auto& member : stored.members()) rollout.members.push_back(FromProto(member, errors));
  for (const auto& companion : stored.companions()) {
    rollout.companions.push_back(FromProto(companion, errors));
  }
  for (const auto& setting : stored.settings()) rollout.settings.push_back(FromProto(setting));
  for (const auto& exclusion : stored.exclusions()) {
    rollout.exclusions.push_back({exclusion.node(), exclusion.set()});
  }
  rollout.stopped_policies = Strings(stored.stopped_policies());
  rollout.policies_stopped = stored.policies_stopped();
  rollout.snapshot = FromProto(stored.snapshot());
  rollout.snapshot_done = stored.snapshot_done();
  rollout.flushed = stored.flushed();
  rollout.restore_since = OptionalTime(stored.has_restore_since_ms(), stored.restore_since_ms());
  rollout.attempts = stored.attempts();
  rollout.progress_at = OptionalTime(stored.has_progress_at_ms(), stored.progress_at_ms());
  rollout.progress_mark = stored.progress_mark();
  rollout.health = stored.health();
  if (stored.has_wait()) rollout.wait = FromProto(stored.wait());
  for (const auto& outstanding : stored.outstanding()) {
    rollout.outstanding.push_back(FromProto(outstanding, errors));
  }
  rollout.lost_hosts = Strings(stored.lost_hosts());
  rollout.next_action = stored.next_action();
  rollout.sequence = stored.sequence();
  rollout.created_at = FromUnixMillis(stored.created_at_ms());
  rollout.started_at = OptionalTime(stored.has_started_at_ms(), stored.started_at_ms());
  rollout.ended_at = OptionalTime(stored.has_ended_at_ms(), stored.ended_at_ms());
  rollout.started_by = stored.started_by();
  rollout.outcome = Strings(stored.outcome());
  rollout.looked = stored.looked();
  rollout.rerouted = stored.rerouted();
  rollout.clear_archived = stored.clear_archived();
  rollout.no_return_announced = stored.no_return_announced();
  rollout.rollback = stored.rollback();
  if (stored.has_operations()) rollout.operations = StdMap(stored.operations().of_index());
  rollout.repository_registered = stored.repository_registered();
  rollout.restored_groups = stored.restored_groups();
  rollout.settle_until = OptionalTime(stored.has_settle_until_ms(), stored.settle_until_ms());
  return rollout;
}

void ToProto(const rollout::Record& record, v1::Record* out) {
  out->set_kind(record.kind);
  if (!record.member.empty()) out->set_member(record.member);
  if (!record.host.empty()) out->set_host(record.host);
  out->set_text(record.text);
  SetMap(record.fields, out->mutable_fields());
}

rollout::Record FromProto(const v1::Record& stored) {
  rollout::Record record;
  record.kind = stored.kind();
  record.member = stored.member();
  record.host = stored.host();
  record.text = stored.text();
  record.fields = StdMap(stored.fields());
  return record;
}

}  // namespace drover::store
