// What is done with the volume of a member that is down: a cold copy before a new image opens it,
// or the change that a rollback makes (opensearch.md M2 d, M3 step 5, M4).
#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

constexpr Millis kCopyLimit{4 * 3600 * 1000};

std::string SizeOf(uint64_t bytes) {
  constexpr uint64_t kKilo = 1024;
  return bytes < kKilo * kKilo ? std::to_string((bytes + kKilo - 1) / kKilo) + " KiB"
                               : std::to_string(bytes / kKilo / kKilo) + " MiB";
}

}  // namespace

void OrderVolume(Engine& e, int i) {
  const PlannedMember& planned = e.planned(i);
  MemberState& m = e.member(i);
  const std::string aside = "drover-" + e.r().id.str();
  if (planned.volume == VolumeChange::kNone) {
    e.Order(i, "copy", CopyVolume{planned.service, planned.cold_copy, e.plan().snapshot},
            kCopyLimit);
    return;
  }
  // From here on only forward, whatever comes of it: the volume may be half changed.
  m.volume_changed = m.new_image_ran = m.new_image_sure = true;
  if (planned.volume == VolumeChange::kRestore) {
    e.Order(i, "restore",
            RestoreVolume{planned.service, planned.data_path, e.plan().snapshot, aside},
            kCopyLimit);
  } else {
    e.Order(i, "set-aside", SetAsideVolume{planned.service, planned.data_path, aside}, kCopyLimit);
  }
}

void OnVolumeChanged(Engine& e, int i, const OperationEnd& end) {
  e.member(i).aside = end.aside;
  const bool restored = e.planned(i).volume == VolumeChange::kRestore;
  e.Say("member.volume",
        e.planned(i).name +
            (restored ? ": its volume is as in the cold copy " + end.copy
                      : std::string(": its volume starts empty")) +
            "; what was there is kept in " + end.aside + " on " + e.planned(i).host,
        i, {{"aside", end.aside}, {"bytes", std::to_string(end.bytes)}});
}

void OnCopied(Engine& e, int i, const OperationEnd& end) {
  e.member(i).cold_copy = end.copy;
  e.Say("member.copied",
        e.planned(i).name + ": cold copy of its volume, " + SizeOf(end.bytes) + ", in " + end.copy +
            " on " + e.planned(i).host,
        i, {{"copy", end.copy}, {"bytes", std::to_string(end.bytes)}});
}

}  // namespace drover::rollout
