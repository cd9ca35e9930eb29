#include <algorithm>

#include "controller/api/convert.h"
#include "controller/api/rollout_view.h"
#include "controller/rollout/rollback.h"

namespace drover::api {
namespace {

using api::ToProto;  // the ones below would hide them
using rollout::MemberStep;
using rollout::Phase;

pb::RolloutState ToProto(Phase phase) {
  switch (phase) {
    case Phase::kPlanned:
      return pb::ROLLOUT_STATE_PLANNED;
    case Phase::kChecking:
      return pb::ROLLOUT_STATE_CHECKING;
    case Phase::kSnapshotting:
      return pb::ROLLOUT_STATE_SNAPSHOTTING;
    case Phase::kPrefetching:
      return pb::ROLLOUT_STATE_PREFETCHING;
    case Phase::kRolling:
      return pb::ROLLOUT_STATE_ROLLING;
    case Phase::kFinishing:
      return pb::ROLLOUT_STATE_FINISHING;
    case Phase::kRestoring:
      return pb::ROLLOUT_STATE_RESTORING;
    case Phase::kPaused:
      return pb::ROLLOUT_STATE_PAUSED;
    case Phase::kSucceeded:
      return pb::ROLLOUT_STATE_SUCCEEDED;
    case Phase::kFailed:
      return pb::ROLLOUT_STATE_FAILED;
    case Phase::kAborted:
      return pb::ROLLOUT_STATE_ABORTED;
    case Phase::kRollingBack:
      return pb::ROLLOUT_STATE_ROLLING_BACK;
    case Phase::kRolledBack:
      return pb::ROLLOUT_STATE_ROLLED_BACK;
  }
  return pb::ROLLOUT_STATE_UNSPECIFIED;
}

pb::MemberState ToProto(MemberStep step) {
  switch (step) {
    case MemberStep::kPending:
      return pb::MEMBER_STATE_PENDING;
    case MemberStep::kFreeze:
      return pb::MEMBER_STATE_FREEZE;
    case MemberStep::kFlush:
      return pb::MEMBER_STATE_FLUSH;
    case MemberStep::kStop:
      return pb::MEMBER_STATE_STOP;
    case MemberStep::kLeft:
      return pb::MEMBER_STATE_LEFT;
    case MemberStep::kCopy:
      return pb::MEMBER_STATE_COPY;
    case MemberStep::kSetImage:
      return pb::MEMBER_STATE_SET_IMAGE;
    case MemberStep::kUp:
      return pb::MEMBER_STATE_UP;
    case MemberStep::kJoined:
      return pb::MEMBER_STATE_JOINED;
    case MemberStep::kThaw:
      return pb::MEMBER_STATE_THAW;
    case MemberStep::kRecovered:
      return pb::MEMBER_STATE_RECOVERED;
    case MemberStep::kDone:
      return pb::MEMBER_STATE_DONE;
    case MemberStep::kFailed:
      return pb::MEMBER_STATE_FAILED;
  }
  return pb::MEMBER_STATE_UNSPECIFIED;
}

pb::RolloutKind ToProto(rollout::Kind kind) {
  switch (kind) {
    case rollout::Kind::kUpgrade:
      return pb::ROLLOUT_KIND_UPGRADE;
    case rollout::Kind::kRestart:
      return pb::ROLLOUT_KIND_RESTART;
    case rollout::Kind::kRollback:
      return pb::ROLLOUT_KIND_ROLLBACK;
  }
  return pb::ROLLOUT_KIND_UNSPECIFIED;
}

pb::Strategy ToProto(rollout::Strategy strategy) {
  return strategy == rollout::Strategy::kFull ? pb::STRATEGY_FULL : pb::STRATEGY_ROLLING;
}

void ToProto(rollout::Cell column, const rollout::CellTimes& times, pb::Cell* out) {
  static constexpr std::array<pb::Column, rollout::kCells> kColumns{
      pb::COLUMN_PREFETCH, pb::COLUMN_STOP, pb::COLUMN_UP, pb::COLUMN_JOIN, pb::COLUMN_RECOVER};
  out->set_column(kColumns[static_cast<size_t>(column)]);
  if (times.failed) {
    out->set_state(pb::CELL_STATE_FAILED);
  } else if (times.ended_at) {
    out->set_state(pb::CELL_STATE_DONE);
  } else if (times.started_at) {
    out->set_state(pb::CELL_STATE_RUNNING);
  } else {
    out->set_state(pb::CELL_STATE_PENDING);
  }
  if (times.started_at) ToProto(*times.started_at, out->mutable_started_at());
  if (times.ended_at) ToProto(*times.ended_at, out->mutable_ended_at());
  out->set_text(times.text);
}

void ToProto(const rollout::MemberFailure& failure, pb::MemberFailure* out) {
  out->set_step(ToProto(failure.step));
  out->set_reason(failure.reason);
  out->set_evidence(failure.evidence);
  for (const auto& line : failure.log_lines) out->add_log_lines(line);
}

void ToProto(const rollout::PlannedMember& planned, const rollout::MemberState& state,
             const std::string& note, pb::MemberProgress* out) {
  ToProto(planned, out->mutable_member());
  for (const auto& role : planned.roles) out->add_roles(role);
  out->set_from_image(planned.from_image);
  out->set_to_image(planned.to_image);
  out->set_note(note);
  out->set_state(ToProto(state.step));
  for (int cell = 0; cell < rollout::kCells; ++cell) {
    ToProto(static_cast<rollout::Cell>(cell), state.cells[static_cast<size_t>(cell)],
            out->add_cells());
  }
  if (state.wait) ToProto(*state.wait, out->mutable_wait());
  if (state.failure) ToProto(*state.failure, out->mutable_failure());
  out->set_version(state.version);
  out->set_unclean_stop(state.unclean_stop);
  out->set_skipped(state.skipped);
}

void MembersToProto(const rollout::Rollout& rollout, pb::Rollout* out) {
  const auto state = [](const std::vector<rollout::MemberState>& states, size_t i) {
    return i < states.size() ? states[i] : rollout::MemberState{};
  };
  const rollout::Plan& plan = *rollout.plan;
  for (size_t i = 0; i < plan.members.size(); ++i) {
    pb::MemberProgress* const to = out->add_members();
    ToProto(plan.members[i], state(rollout.members, i), MemberNote(rollout, i), to);
    to->set_batch(static_cast<uint32_t>(plan.members[i].batch + 1));
  }
  for (size_t i = 0; i < plan.companions.size(); ++i) {
    const rollout::MemberState of = state(rollout.companions, i);
    ToProto(plan.companions[i], of,
            of.skipped ? "skipped by an operator, left as it is" : "after the last member",
            out->add_companions());
  }
}

pb::HopNeedKind ToProto(rollout::HopNeedKind kind) {
  switch (kind) {
    case rollout::HopNeedKind::kReindex:
      return pb::HOP_NEED_KIND_REINDEX;
    case rollout::HopNeedKind::kSettings:
      return pb::HOP_NEED_KIND_SETTINGS;
    case rollout::HopNeedKind::kNoReturn:
      return pb::HOP_NEED_KIND_NO_RETURN;
  }
  return pb::HOP_NEED_KIND_UNSPECIFIED;
}

void HopsToProto(const rollout::Plan& plan, pb::Plan* out) {
  for (const rollout::Hop& hop : plan.hops) {
    pb::Hop* const to = out->add_hops();
    to->set_from_version(hop.from);
    to->set_to_version(hop.to);
    for (const rollout::HopNeed& need : hop.needs) {
      pb::HopNeed* const needed = to->add_needs();
      needed->set_kind(ToProto(need.kind));
      needed->set_text(need.text);
      for (const auto& name : need.names) needed->add_names(name);
    }
  }
  out->set_final_version(plan.request.final_version);
}

uint32_t Count(int number) { return static_cast<uint32_t>(std::max(0, number)); }

void SnapshotToProto(const rollout::Rollout& rollout, pb::SnapshotStatus* out) {
  const rollout::SnapshotProgress& progress = rollout.snapshot;
  out->set_repository(rollout.plan->SnapshotRepository());
  out->set_name(rollout.plan->snapshot);
  out->set_state(progress.state);
  out->set_shards_done(Count(progress.shards_done));
  out->set_shards_total(Count(progress.shards_total));
  out->set_bytes_done(progress.bytes_done);
  out->set_bytes_total(progress.bytes_total);
  if (progress.started_at) ToProto(*progress.started_at, out->mutable_started_at());
  if (progress.ended_at) ToProto(*progress.ended_at, out->mutable_ended_at());
}

pb::ErrorReason ToProto(rollout::Refused refused) {
  switch (refused) {
    case rollout::Refused::kNone:
      return pb::ERROR_REASON_UNSPECIFIED;
    case rollout::Refused::kCheck:
      return pb::ERROR_REASON_REFUSED_BY_CHECK;
    case rollout::Refused::kPolicy:
      return pb::ERROR_REASON_REFUSED_BY_POLICY;
    case rollout::Refused::kStale:
      return pb::ERROR_REASON_PLAN_STALE;
    case rollout::Refused::kHosts:
      return pb::ERROR_REASON_HOSTS_UNREACHABLE;
  }
  return pb::ERROR_REASON_UNSPECIFIED;
}

void TimesToProto(const rollout::Rollout& rollout, Time now, pb::Rollout* out) {
  ToProto(rollout.created_at, out->mutable_created_at());
  if (rollout.started_at) ToProto(*rollout.started_at, out->mutable_started_at());
  if (rollout.ended_at) ToProto(*rollout.ended_at, out->mutable_ended_at());
  if (const auto left = ExpectedLeft(rollout, now)) {
    ToProto(*left, out->mutable_expected_left());
  }
}

std::vector<std::string> UndoPromises(const rollout::Plan& plan) {
  std::vector<std::string> promises = {
      plan.StopsAll() ? "every member is down at the same time" : "one member down at a time",
      plan.undo->loss};
  const bool keeps = std::any_of(plan.members.begin(), plan.members.end(), [](const auto& member) {
    return member.volume != rollout::VolumeChange::kNone;
  });
  if (keeps) promises.emplace_back("what is on the volumes now is kept on its hosts");
  return promises;
}

// The sentences that a plan ends with; only what the plan really keeps.
std::vector<std::string> Promises(const rollout::Plan& plan) {
  if (plan.undo) return UndoPromises(plan);
  if (plan.StopsAll()) {
    return {"every member is down at the same time",
            "a cold copy of each volume: the way back loses nothing until clients write again"};
  }
  std::map<int, int> sizes;
  int largest = 1;
  for (const auto& member : plan.members) largest = std::max(largest, ++sizes[member.batch]);
  std::vector<std::string> promises = {
      largest == 1 ? "one member down at a time"
                   : "at most " + std::to_string(largest) + " members down at a time",
      "no shard without a started copy"};
  if (!plan.downtime_of.empty()) {
    promises = {promises.front(), "the cluster does not serve while " + plan.downtime_of +
                                      " restarts, about " + FormatDuration(plan.downtime)};
  }
  if (!plan.ChangesImages()) promises.emplace_back("images stay, nothing is pulled");
  std::string others;
  for (const auto& member : plan.others) others += (others.empty() ? "" : ", ") + member.name;
  if (!others.empty()) promises.push_back(others + " left alone");
  return promises;
}

// P16 warns of indexes without a replica; then the promise about copies would be untrue.
bool LosesCopies(const rollout::Plan& plan) {
  return std::any_of(plan.checks.begin(), plan.checks.end(), [](const auto& check) {
    return check.id == "P16" && check.verdict != rollout::Verdict::kPass;
  });
}

}  // namespace

void ToProto(const rollout::Plan& plan, pb::Plan* out) {
  out->set_id(plan.id.str());
  out->set_cluster(plan.spec.name);
  out->set_kind(ToProto(plan.request.kind));
  out->set_strategy(ToProto(plan.request.strategy));
  out->set_from_version(plan.from_version);
  out->set_to_version(plan.Target());
  for (const rollout::PlannedMember& member : plan.members) {
    pb::PlannedMember* const to = out->add_members();
    ToProto(member, to->mutable_member());
    to->set_node_id(member.node_id);
    for (const auto& role : member.roles) to->add_roles(role);
    to->set_from_image(member.from_image);
    to->set_to_image(member.to_image);
    to->set_batch(static_cast<uint32_t>(member.batch + 1));
    to->set_note(member.note);
    const auto& images = out->prefetch_images();
    const bool pulls = plan.ChangesImages() && !member.to_image.empty();
    if (pulls && std::find(images.begin(), images.end(), member.to_image) == images.end()) {
      out->add_prefetch_images(member.to_image);
    }
  }
  for (const rollout::PlannedMember& companion : plan.companions) {
    pb::PlannedMember* const to = out->add_companions();
    ToProto(companion, to->mutable_member());
    to->set_from_image(companion.from_image);
    to->set_to_image(companion.to_image);
  }
  for (const auto& check : plan.checks) ToProto(check, out->add_checks());
  out->set_repository(plan.repository.name);
  out->set_repository_type(plan.repository.type);
  out->set_repository_verified_nodes(
      static_cast<uint32_t>(plan.repository.verified_node_ids.size()));
  out->set_snapshot(plan.snapshot);
  out->set_own_repository(plan.own_repository);
  ToProto(plan.expected, out->mutable_expected());
  out->set_expected_from(plan.expected_from);
  ToProto(plan.created_at, out->mutable_created_at());
  out->set_created_by(plan.created_by);
  out->set_max_unavailable(Count(plan.spec.rules.max_unavailable));
  for (const auto& promise : Promises(plan)) {
    if (promise == "no shard without a started copy" && LosesCopies(plan)) continue;
    out->add_promises(promise);
  }
  for (const auto& way : rollout::WaysBackAhead(plan)) out->add_ways_back(way);
  out->set_startable(plan.Startable());
  HopsToProto(plan, out);
  if (plan.undo) {
    out->set_undoes(plan.undo->rollout);
    out->set_tier(Count(plan.undo->tier));
    out->set_loss(plan.undo->loss);
  }
}

void ToProto(const rollout::Rollout& rollout, Time now, pb::Rollout* out) {
  const rollout::Plan& plan = *rollout.plan;
  out->set_id(rollout.id.str());
  out->set_cluster(plan.spec.name);
  out->set_kind(ToProto(plan.request.kind));
  out->set_strategy(ToProto(plan.request.strategy));
  out->set_from_version(plan.from_version);
  out->set_to_version(plan.Target());
  out->set_state(ToProto(rollout.phase));
  out->set_reason(rollout.reason);
  out->set_batch(Count(BatchNow(rollout)));
  out->set_batches(Count(plan.batches));
  MembersToProto(rollout, out);
  SnapshotToProto(rollout, out->mutable_snapshot());
  out->set_cluster_health(rollout.health);
  out->set_changed_settings(ChangedSettings(rollout));
  if (rollout.wait) ToProto(*rollout.wait, out->mutable_wait());
  TimesToProto(rollout, now, out);
  if (const std::string rollback = RollbackNow(rollout); !rollback.empty()) {
    out->set_rollback(
        (HasEnded(rollout.phase) ? "rollback, as of its end: " : "rollback now would be: ") +
        rollback);
  }
  out->set_started_by(rollout.started_by);
  out->set_sequence(rollout.sequence);
  for (const auto& line : rollout.outcome) out->add_outcome(line);
  for (const auto& command : NextCommands(rollout)) out->add_next_commands(command);
  for (const auto& check : rollout.checks) ToProto(check, out->add_checks());
  out->set_refusal(ToProto(rollout.refused));
  for (const auto& change : rollout.changes) out->add_changes(change);
  if (plan.undo) out->set_undoes(plan.undo->rollout);
}

}  // namespace drover::api
