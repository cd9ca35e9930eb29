// Snapshots of the simulated cluster.
#include <algorithm>
#include <utility>

#include "tests/simulation/sim_cluster.h"

namespace drover::simulation {
namespace {

constexpr Millis kSnapshotTick{400};

}  // namespace

void SimCluster::BeginSnapshot(const std::string& repository, const std::string& name, bool own) {
  if (own) repositories_.insert(repository);
  if (snapshots_.contains(name) || !repositories_.contains(repository)) return;
  rollout::SnapshotView view;
  view.repository = repository;
  view.name = name;
  view.state = "IN_PROGRESS";
  view.version = nodes_.front().version;
  for (const Shard& shard : shards_) {
    ++view.shards_total;
    if (view.indices.empty() || view.indices.back() != shard.index) {
      view.indices.push_back(shard.index);
    }
  }
  view.started_at = schedule_.now();
  snapshots_[name] = {view, DeadShards() > 0};
  schedule_.After(kSnapshotTick, [this, name] { AdvanceSnapshot(name); });
}

void SimCluster::AdvanceSnapshot(const std::string& name) {
  const auto it = snapshots_.find(name);
  if (it == snapshots_.end() || it->second.view.state != "IN_PROGRESS") return;
  rollout::SnapshotView& view = it->second.view;
  if (!snapshot_stalled_ && HasManager()) ++view.shards_done;
  if (view.shards_done < view.shards_total) {
    schedule_.After(kSnapshotTick, [this, name] { AdvanceSnapshot(name); });
    return;
  }
  view.ended_at = schedule_.now();
  view.state = it->second.disturbed ? "PARTIAL" : "SUCCESS";
  if (!next_snapshot_state.empty()) view.state = std::exchange(next_snapshot_state, "");
  if (view.state != "SUCCESS") view.shards_failed = 1;
}

rollout::SnapshotView SimCluster::Snapshot(const std::string& name) const {
  const auto it = snapshots_.find(name);
  return it == snapshots_.end() ? rollout::SnapshotView{} : it->second.view;
}

void SimCluster::DeleteSnapshot(const std::string& repository, const std::string& name,
                                bool with_repository) {
  snapshots_.erase(name);
  if (with_repository) repositories_.erase(repository);
}

bool SimCluster::HasBackup() const {
  return std::any_of(snapshots_.begin(), snapshots_.end(), [this](const auto& entry) {
    return entry.second.view.state == "SUCCESS" &&
           repositories_.contains(entry.second.view.repository);
  });
}

bool SimCluster::HasRuins() const {
  const bool unfinished = std::any_of(snapshots_.begin(), snapshots_.end(), [](const auto& entry) {
    return entry.second.view.state != "SUCCESS";
  });
  const auto has_snapshot = [this](const std::string& repository) {
    return std::any_of(snapshots_.begin(), snapshots_.end(), [&](const auto& entry) {
      return entry.second.view.repository == repository;
    });
  };
  return unfinished ||
         std::any_of(repositories_.begin(), repositories_.end(), [&](const auto& repository) {
           return repository != "backups" && !has_snapshot(repository);
         });
}

}  // namespace drover::simulation
