#include <algorithm>

#include "tests/unit/api/fakes.h"

namespace drover::api {

void FakeClusterApi::Gate() {
  std::unique_lock lock(mutex_);
  opened_.wait(lock, [this] { return !hangs; });
}

void FakeClusterApi::Open() {
  const std::lock_guard lock(mutex_);
  hangs = false;
  opened_.notify_all();
}

StatusOr<rollout::ClusterObservation> FakeClusterApi::Observe() {
  Gate();
  if (!error.ok()) return error;
  return observation;
}

StatusOr<std::vector<rollout::NodeView>> FakeClusterApi::Nodes() {
  Gate();
  if (!error.ok()) return error;
  return observation.nodes;
}

StatusOr<rollout::HealthView> FakeClusterApi::AwaitHealth(const rollout::HealthCondition&, Millis,
                                                          const std::vector<std::string>&) {
  if (!error.ok()) return error;
  return observation.health;
}

Status FakeClusterApi::RegisterRepository(const rollout::RepositorySpec& spec) {
  repository.exists = true;
  repository.name = spec.repository;
  repository.type = spec.type;
  return OkStatus();
}

std::optional<uint64_t> FakeClusterApi::SnapshotBytes(const std::string&, const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = snapshot_bytes.find(name);
  return found == snapshot_bytes.end() ? std::nullopt : std::optional(found->second);
}

Status FakeClusterApi::DeleteSnapshot(const std::string& in, const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (const auto own = own_snapshots.find(in); own != own_snapshots.end()) {
    std::erase_if(own->second, [&](const auto& snapshot) { return snapshot.name == name; });
  }
  deleted_snapshots.push_back(name);
  return OkStatus();
}
Status FakeClusterApi::BeginRestore(const rollout::RestorePlan& plan, bool sample) {
  const std::lock_guard lock(mutex_);
  begun_restores.emplace_back(plan, sample);
  return OkStatus();
}
StatusOr<opensearch::RestoreProgress> FakeClusterApi::LookAtRestore(
    const std::vector<std::string>&) {
  const std::lock_guard lock(mutex_);
  return restores[std::min(next_++, restores.size() - 1)];
}
StatusOr<uint64_t> FakeClusterApi::CountDocuments(const std::string& index) {
  const std::lock_guard lock(mutex_);
  const auto found = documents.find(index);
  if (found == documents.end()) return FailedPrecondition("closed");
  return found->second;
}
Status FakeClusterApi::DeleteIndex(const std::string& index) {
  const std::lock_guard lock(mutex_);
  deleted_indices.push_back(index);
  return OkStatus();
}
std::vector<std::string> FakeClusterApi::DeletedIndices() {
  const std::lock_guard lock(mutex_);
  return deleted_indices;
}
Status FakeClusterApi::BeginSnapshot(const std::string&, const std::string& name) {
  if (name == "taken") return AlreadyExists("snapshot taken exists already");
  for (auto& snapshot : snapshots) snapshot.name = name;
  return OkStatus();
}

Status FakeClusterApi::DeleteRepository(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::erase_if(own_repositories, [&](const auto& own) { return own.name == name; });
  if (name == repository.name || repository.name.empty()) repository.exists = false;
  return OkStatus();
}

StatusOr<rollout::RepositoryView> FakeClusterApi::GetRepository(const std::string& name) {
  const std::lock_guard lock(mutex_);
  for (const auto& own : own_repositories) {
    if (own.name == name) return own;
  }
  return repository;
}

StatusOr<std::vector<rollout::SnapshotView>> FakeClusterApi::ListSnapshots(
    const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto own = own_snapshots.find(name);
  return own == own_snapshots.end() ? snapshots : own->second;
}

StatusOr<rollout::SnapshotView> FakeClusterApi::GetSnapshot(const std::string& in,
                                                            const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (const auto own = own_snapshots.find(in); own != own_snapshots.end()) {
    for (const auto& snapshot : own->second) {
      if (snapshot.name == name) return snapshot;
    }
    return rollout::SnapshotView();
  }
  if (snapshots.empty() || snapshots.front().name != name) return rollout::SnapshotView();
  const size_t index = std::min(next_++, snapshots.size() - 1);
  return snapshots[index];
}

}  // namespace drover::api
