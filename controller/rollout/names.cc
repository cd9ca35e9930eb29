#include "controller/rollout/rollout.h"

namespace drover::rollout {

bool HasEnded(Phase phase) {
  return phase == Phase::kSucceeded || phase == Phase::kFailed || phase == Phase::kAborted ||
         phase == Phase::kRolledBack;
}

std::string Name(Phase phase) {
  switch (phase) {
    case Phase::kPlanned:
      return "PLANNED";
    case Phase::kChecking:
      return "CHECKING";
    case Phase::kSnapshotting:
      return "SNAPSHOTTING";
    case Phase::kPrefetching:
      return "PREFETCHING";
    case Phase::kRolling:
      return "ROLLING";
    case Phase::kFinishing:
      return "FINISHING";
    case Phase::kRestoring:
      return "RESTORING";
    case Phase::kPaused:
      return "PAUSED";
    case Phase::kSucceeded:
      return "SUCCEEDED";
    case Phase::kFailed:
      return "FAILED";
    case Phase::kAborted:
      return "ABORTED";
    case Phase::kRollingBack:
      return "ROLLING_BACK";
    case Phase::kRolledBack:
      return "ROLLED_BACK";
  }
  return "UNKNOWN";
}

std::string Name(MemberStep step) {
  switch (step) {
    case MemberStep::kPending:
      return "PENDING";
    case MemberStep::kFreeze:
      return "FREEZE";
    case MemberStep::kFlush:
      return "FLUSH";
    case MemberStep::kStop:
      return "STOP";
    case MemberStep::kLeft:
      return "LEFT";
    case MemberStep::kCopy:
      return "COPY";
    case MemberStep::kSetImage:
      return "SET_IMAGE";
    case MemberStep::kUp:
      return "UP";
    case MemberStep::kJoined:
      return "JOINED";
    case MemberStep::kThaw:
      return "THAW";
    case MemberStep::kRecovered:
      return "RECOVERED";
    case MemberStep::kDone:
      return "DONE";
    case MemberStep::kFailed:
      return "FAILED";
  }
  return "UNKNOWN";
}

}  // namespace drover::rollout
