#include "controller/store/convert_enums.h"

namespace drover::store {

v1::Kind ToProto(rollout::Kind kind) {
  switch (kind) {
    case rollout::Kind::kUpgrade:
      return v1::KIND_UPGRADE;
    case rollout::Kind::kRestart:
      return v1::KIND_RESTART;
    case rollout::Kind::kRollback:
      return v1::KIND_ROLLBACK;
  }
  return v1::KIND_UNSPECIFIED;
}

v1::Strategy ToProto(rollout::Strategy strategy) {
  switch (strategy) {
    case rollout::Strategy::kRolling:
      return v1::STRATEGY_ROLLING;
    case rollout::Strategy::kFull:
      return v1::STRATEGY_FULL;
  }
  return v1::STRATEGY_UNSPECIFIED;
}

v1::Verdict ToProto(rollout::Verdict verdict) {
  switch (verdict) {
    case rollout::Verdict::kPass:
      return v1::VERDICT_PASS;
    case rollout::Verdict::kWarn:
      return v1::VERDICT_WARN;
    case rollout::Verdict::kBlock:
      return v1::VERDICT_BLOCK;
    case rollout::Verdict::kWaived:
      return v1::VERDICT_WAIVED;
  }
  return v1::VERDICT_UNSPECIFIED;
}

v1::VolumeChange ToProto(rollout::VolumeChange change) {
  switch (change) {
    case rollout::VolumeChange::kNone:
      return v1::VOLUME_CHANGE_NONE;
    case rollout::VolumeChange::kRestore:
      return v1::VOLUME_CHANGE_RESTORE;
    case rollout::VolumeChange::kSetAside:
      return v1::VOLUME_CHANGE_SET_ASIDE;
  }
  return v1::VOLUME_CHANGE_UNSPECIFIED;
}

v1::HopNeedKind ToProto(rollout::HopNeedKind kind) {
  switch (kind) {
    case rollout::HopNeedKind::kReindex:
      return v1::HOP_NEED_KIND_REINDEX;
    case rollout::HopNeedKind::kSettings:
      return v1::HOP_NEED_KIND_SETTINGS;
    case rollout::HopNeedKind::kNoReturn:
      return v1::HOP_NEED_KIND_NO_RETURN;
  }
  return v1::HOP_NEED_KIND_UNSPECIFIED;
}

v1::Phase ToProto(rollout::Phase phase) {
  switch (phase) {
    case rollout::Phase::kPlanned:
      return v1::PHASE_PLANNED;
    case rollout::Phase::kChecking:
      return v1::PHASE_CHECKING;
    case rollout::Phase::kSnapshotting:
      return v1::PHASE_SNAPSHOTTING;
    case rollout::Phase::kPrefetching:
      return v1::PHASE_PREFETCHING;
    case rollout::Phase::kRolling:
      return v1::PHASE_ROLLING;
    case rollout::Phase::kFinishing:
      return v1::PHASE_FINISHING;
    case rollout::Phase::kRestoring:
      return v1::PHASE_RESTORING;
    case rollout::Phase::kPaused:
      return v1::PHASE_PAUSED;
    case rollout::Phase::kSucceeded:
      return v1::PHASE_SUCCEEDED;
    case rollout::Phase::kFailed:
      return v1::PHASE_FAILED;
    case rollout::Phase::kAborted:
      return v1::PHASE_ABORTED;
    case rollout::Phase::kRollingBack:
      return v1::PHASE_ROLLING_BACK;
    case rollout::Phase::kRolledBack:
      return v1::PHASE_ROLLED_BACK;
  }
  return v1::PHASE_UNSPECIFIED;
}

v1::MemberStep ToProto(rollout::MemberStep step) {
  switch (step) {
    case rollout::MemberStep::kPending:
      return v1::MEMBER_STEP_PENDING;
    case rollout::MemberStep::kFreeze:
      return v1::MEMBER_STEP_FREEZE;
    case rollout::MemberStep::kFlush:
      return v1::MEMBER_STEP_FLUSH;
    case rollout::MemberStep::kStop:
      return v1::MEMBER_STEP_STOP;
    case rollout::MemberStep::kLeft:
      return v1::MEMBER_STEP_LEFT;
    case rollout::MemberStep::kCopy:
      return v1::MEMBER_STEP_COPY;
    case rollout::MemberStep::kSetImage:
      return v1::MEMBER_STEP_SET_IMAGE;
    case rollout::MemberStep::kUp:
      return v1::MEMBER_STEP_UP;
    case rollout::MemberStep::kJoined:
      return v1::MEMBER_STEP_JOINED;
    case rollout::MemberStep::kThaw:
      return v1::MEMBER_STEP_THAW;
    case rollout::MemberStep::kRecovered:
      return v1::MEMBER_STEP_RECOVERED;
    case rollout::MemberStep::kDone:
      return v1::MEMBER_STEP_DONE;
    case rollout::MemberStep::kFailed:
      return v1::MEMBER_STEP_FAILED;
  }
  return v1::MEMBER_STEP_UNSPECIFIED;
}

v1::Aftermath ToProto(rollout::Aftermath aftermath) {
  switch (aftermath) {
    case rollout::Aftermath::kLog:
      return v1::AFTERMATH_LOG;
    case rollout::Aftermath::kLook:
      return v1::AFTERMATH_LOOK;
    case rollout::Aftermath::kStop:
      return v1::AFTERMATH_STOP;
    case rollout::Aftermath::kSettled:
      return v1::AFTERMATH_SETTLED;
  }
  return v1::AFTERMATH_UNSPECIFIED;
}

v1::Refused ToProto(rollout::Refused refused) {
  switch (refused) {
    case rollout::Refused::kNone:
      return v1::REFUSED_NONE;
    case rollout::Refused::kCheck:
      return v1::REFUSED_CHECK;
    case rollout::Refused::kPolicy:
      return v1::REFUSED_POLICY;
    case rollout::Refused::kStale:
      return v1::REFUSED_STALE;
    case rollout::Refused::kHosts:
      return v1::REFUSED_HOSTS;
  }
  return v1::REFUSED_UNSPECIFIED;
}

Status DecodeErrors::status() const {
  if (first_.empty()) return OkStatus();
  return DataLoss("a stored record cannot be understood: " + first_ +
                  "; it was written by a newer drover-controller (run that one) or is damaged "
                  "(restore drover.db from a backup; do not delete it)");
}

}  // namespace drover::store
