// A cluster that began on empty volumes gets its data back from the snapshot (opensearch.md M4,
// tier 3): the repository is registered to be read only, then the indexes come back group by group,
// the cluster's own first.
#include "controller/rollout/engine.h"

namespace drover::rollout {
namespace {

constexpr Millis kRestoreWait{5'000};

bool NeedsData(const Engine& e) { return e.plan().undo && !e.plan().undo->restore.empty(); }

void AwaitPrimaries(Engine& e) {
  e.WaitFor(kOwnSlot, "the primaries that come back from " + e.plan().snapshot, std::nullopt,
            "each of them is started");
  HealthCondition condition;
  condition.status = "yellow";
  e.Do(kOwnSlot, "restored", AwaitHealth{condition, kRestoreWait, {}});
}

int Groups(const Engine& e) { return static_cast<int>(e.plan().undo->restore.size()); }

}  // namespace

bool AdvanceFreshCluster(Engine& e) {
  if (!NeedsData(e)) return false;
  const RepositoryView& repository = e.plan().repository;
  if (!e.r().repository_registered) {
    std::map<std::string, std::string> settings = repository.settings;
    settings["readonly"] = "true";
    e.WaitFor(kOwnSlot, "repository " + repository.name + " to be registered in the new cluster",
              std::nullopt, "the cluster takes it");
    e.Do(kOwnSlot, "repository",
         RegisterRepository{repository.name, repository.type, std::move(settings)});
    return true;
  }
  if (e.r().restored_groups >= Groups(e)) return false;
  const auto& group = e.plan().undo->restore[static_cast<size_t>(e.r().restored_groups)];
  e.WaitFor(kOwnSlot,
            "group " + std::to_string(e.r().restored_groups + 1) + " of " +
                std::to_string(Groups(e)) + " of indexes to be asked back from " +
                e.plan().snapshot + ": " + std::to_string(group.size()) + " indexes",
            std::nullopt, "the cluster takes it");
  e.Do(kOwnSlot, "restore",
       RestoreSnapshot{repository.name, e.plan().snapshot, group, e.r().restored_groups == 0});
  return true;
}

void OnFreshClusterCall(Engine& e, const Action& action) {
  e.r().attempts = 0;
  if (std::holds_alternative<RegisterRepository>(action)) {
    e.r().repository_registered = true;
    return e.Say("repository.registered",
                 "repository " + e.plan().repository.name + " is registered, to be read only");
  }
  ++e.r().restored_groups;
  const auto& group = e.plan().undo->restore[static_cast<size_t>(e.r().restored_groups - 1)];
  e.Say("snapshot.restoring",
        std::to_string(group.size()) + " indexes come back from " + e.plan().snapshot + ", group " +
            std::to_string(e.r().restored_groups) + " of " + std::to_string(Groups(e)));
  AwaitPrimaries(e);
}

void OnFreshClusterHealth(Engine& e, const HealthSeen& seen) {
  const bool started = seen.error.empty() && !seen.health.timed_out && seen.health.status != "red";
  if (started) return e.r().progress_at.reset();
  const std::string mark = seen.error.empty() ? std::to_string(seen.health.active_primary_shards) +
                                                    "/" + std::to_string(seen.health.initializing)
                                              : seen.error;
  if (e.Stalled(mark, e.rules().recover_stall)) {
    e.r().resume_phase = Phase::kRolling;
    return BeginRestore(e, Phase::kPaused,
                        "the primaries that come back from " + e.plan().snapshot +
                            " made no progress for " + FormatDuration(e.rules().recover_stall) +
                            "; the cluster is " + seen.health.status + seen.error);
  }
  AwaitPrimaries(e);
}

}  // namespace drover::rollout
