#include <utility>

#include "common/rpc/channel.h"
#include "controller/api/convert.h"

namespace drover::api {
namespace {

pb::Verdict ToProto(rollout::Verdict verdict) {
  switch (verdict) {
    case rollout::Verdict::kPass:
      return pb::VERDICT_PASS;
    case rollout::Verdict::kWarn:
      return pb::VERDICT_WARN;
    case rollout::Verdict::kBlock:
      return pb::VERDICT_BLOCK;
    case rollout::Verdict::kWaived:
      return pb::VERDICT_WAIVED;
  }
  return pb::VERDICT_UNSPECIFIED;
}

pb::ErrorReason ToProto(driver::RefusalReason reason) {
  switch (reason) {
    case driver::RefusalReason::kNone:
      return pb::ERROR_REASON_UNSPECIFIED;
    case driver::RefusalReason::kCheck:
      return pb::ERROR_REASON_REFUSED_BY_CHECK;
    case driver::RefusalReason::kPolicy:
      return pb::ERROR_REASON_REFUSED_BY_POLICY;
    case driver::RefusalReason::kStale:
      return pb::ERROR_REASON_PLAN_STALE;
    case driver::RefusalReason::kHostsUnreachable:
      return pb::ERROR_REASON_HOSTS_UNREACHABLE;
    case driver::RefusalReason::kClusterBusy:
      return pb::ERROR_REASON_CLUSTER_BUSY;
  }
  return pb::ERROR_REASON_UNSPECIFIED;
}

// Seconds rounded towards the past, so that what is left over is never negative.
std::pair<int64_t, int32_t> Split(int64_t ms) {
  int64_t seconds = ms / 1000;
  int64_t rest = ms % 1000;
  if (rest < 0) {
    seconds -= 1;
    rest += 1000;
  }
  return {seconds, static_cast<int32_t>(rest * 1'000'000)};
}

}  // namespace

void ToProto(Time time, google::protobuf::Timestamp* out) {
  const auto [seconds, nanos] = Split(ToUnixMillis(time));
  out->set_seconds(seconds);
  out->set_nanos(nanos);
}

void ToProto(Millis span, google::protobuf::Duration* out) {
  // Both parts of a Duration have the same sign, other than a Timestamp's.
  out->set_seconds(span.count() / 1000);
  out->set_nanos(static_cast<int32_t>(span.count() % 1000 * 1'000'000));
}

Millis FromProto(const google::protobuf::Duration& span) {
  return Millis(span.seconds() * 1000 + span.nanos() / 1'000'000);
}

void ToProto(const rollout::CheckResult& check, pb::CheckResult* out) {
  out->set_id(check.id);
  out->set_title(check.title);
  out->set_verdict(ToProto(check.verdict));
  out->set_evidence(check.evidence);
  out->set_remedy(check.remedy);
  out->set_waived_by(check.waived_by);
  out->set_waived_reason(check.waived_reason);
}

void ToProto(const rollout::Wait& wait, pb::Wait* out) {
  out->set_reason(wait.reason);
  ToProto(wait.since, out->mutable_since());
  if (wait.until) ToProto(*wait.until, out->mutable_until());
  out->set_ends_when(wait.ends_when);
}

void ToProto(const rollout::PlannedMember& member, pb::MemberRef* out) {
  out->set_name(member.name);
  out->set_host(member.host);
  out->set_project(member.project);
  out->set_service(member.service);
}

void ToProto(const store::StoredRecord& record, pb::Event* out) {
  out->set_sequence(record.sequence);
  ToProto(record.at, out->mutable_time());
  out->set_rollout_id(record.rollout.str());
  out->set_cluster(record.cluster);
  out->set_member(record.record.member);
  out->set_host(record.record.host);
  out->set_kind(record.record.kind);
  out->set_text(record.record.text);
  out->mutable_fields()->insert(record.record.fields.begin(), record.record.fields.end());
}

grpc::Status ToGrpc(const Status& status, const driver::Refusal& refusal) {
  const grpc::Status plain = rpc::ToGrpc(status);
  if (plain.ok() || refusal.reason == driver::RefusalReason::kNone) return plain;
  pb::ErrorDetail detail;
  detail.set_reason(ToProto(refusal.reason));
  for (const auto& check : refusal.checks) ToProto(check, detail.add_checks());
  for (const auto& change : refusal.changes) detail.add_changes(change);
  for (const auto& host : refusal.hosts) detail.add_hosts(host);
  return {plain.error_code(), plain.error_message(), detail.SerializeAsString()};
}

}  // namespace drover::api
