// How a rollback begins: what the undone rollout owes is taken over, the snapshot and the images of
// before are there, and the cluster need not be well.
#include "controller/rollout/engine.h"
#include "controller/rollout/undo_plan.h"

namespace drover::rollout {
namespace {

// What is not in the cluster is down already, whoever stopped it.
void NoteWhoIsDown(Engine& e, const World& world) {
  for (int i = 0; i < e.members(); ++i) {
    e.member(i).stopped = world.cluster.NodeNamed(e.planned(i).name) == nullptr;
  }
}

// An image that a host has is not asked of a registry, which may be away tonight.
void NoteImages(Engine& e, const World& world) {
  for (int i = 0; i < e.slots(); ++i) {
    const ProjectView* project = world.Project(e.planned(i).host, e.planned(i).project);
    if (project == nullptr) continue;
    for (const ImageView& image : project->images) {
      if (image.reference != e.planned(i).to_image || !image.present) continue;
      e.member(i).prefetched = true;
    }
  }
}

}  // namespace

void TakeOverDebts(const Undo& undo, Rollout* rollout) {
  for (const auto& [name, before] : undo.settings) {
    RecordedSetting setting;
    setting.name = name;
    setting.before = before;
    setting.changed = true;
    rollout->settings.push_back(std::move(setting));
  }
  rollout->stopped_policies = undo.policies;
  rollout->policies_stopped = !undo.policies.empty();
}

void OnUndoChecked(Engine& e, const World& world) {
  // Only a cluster that goes on serving is frozen member by member.
  if (e.plan().StopsAll()) {
    NoteWhoIsDown(e, world);
  } else {
    RecordSettings(e, world.cluster);
  }
  NoteImages(e, world);
  e.r().snapshot_done = true;
  e.r().snapshot.state = "SUCCESS";
  e.Say("rollout.undoes", "undoes rollout " + e.plan().undo->rollout + ", tier " +
                              std::to_string(e.plan().undo->tier) + ": " + e.plan().undo->loss);
  e.r().resume_phase = Phase::kPrefetching;
  if (e.r().pause_asked) return BeginRestore(e, Phase::kPaused, "an operator asked for it");
  e.Enter(Phase::kPrefetching);
}

}  // namespace drover::rollout
