#include <algorithm>
#include <sstream>

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

StatusOr<rollout::ClusterSpec> ParseTestFile(const std::string& text, const std::string& file) {
  std::istringstream words(text);
  rollout::ClusterSpec spec;
  words >> spec.name;
  if (spec.name == "bad") return InvalidArgument(file + ":1:1: 'bad': expected a name");
  spec.endpoints = {"http://10.0.0.1:9200"};
  std::string word;
  while (words >> word) {
    if (word.compare(0, 5, "repo=") == 0) {
      spec.snapshot.repository = word.substr(5);
      continue;
    }
    std::istringstream parts(word);
    rollout::MemberSpec member;
    std::getline(parts, member.host, '/');
    std::getline(parts, member.project, '/');
    std::getline(parts, member.service, '/');
    spec.members.push_back(member);
  }
  return spec;
}

std::string WriteTestFile(const rollout::ClusterSpec& spec, const std::vector<std::string>&) {
  std::string text = spec.name;
  for (const auto& endpoint : spec.endpoints) text += " " + endpoint;
  for (const auto& member : spec.members) {
    text += " " + member.host + "/" + member.project + "/" + member.service;
  }
  return text;
}

rollout::Plan TestPlan() {
  rollout::Plan plan;
  plan.id = PlanId("7f3c9a1e");
  plan.request.cluster = "search-prod";
  plan.request.to_version = "2.19.1";
  plan.spec.name = "search-prod";
  plan.from_version = "2.17.1";
  plan.snapshot = "drover-7f3c9a1e";
  plan.repository.name = plan.spec.snapshot.repository = "backups";
  plan.repository.type = "s3";
  plan.repository.verified_node_ids = {"n1", "n2", "n3"};
  plan.batches = 3;
  plan.expected = Millis(35'000);
  for (int i = 0; i < 3; ++i) {
    rollout::PlannedMember member;
    const std::string number = std::to_string(i + 1);
    member.name = "os-" + number;
    member.host = "h" + number;
    member.project = "search";
    member.service = "opensearch";
    member.node_id = "n" + number;
    member.roles = {"data"};
    member.from_image = "registry/opensearch:2.17.1";
    member.to_image = "registry/opensearch:2.19.1";
    member.batch = i;
    if (i == 2) {
      member.elected_manager = true;
      member.note = "last, it is the elected manager";
    }
    plan.members.push_back(member);
  }
  return plan;
}

rollout::Rollout TestRollout(const std::string& id) {
  rollout::Rollout rollout;
  rollout.id = RolloutId(id);
  rollout.plan = std::make_shared<rollout::Plan>(TestPlan());
  rollout.phase = rollout::Phase::kRolling;
  rollout.members.resize(3);
  rollout.created_at = FromUnixMillis(1'799'999'970'000);
  rollout.started_at = FromUnixMillis(1'799'999'990'000);
  rollout.started_by = "alice";
  return rollout;
}

rollout::HostView TestHost(const std::string& name) {
  rollout::HostView host;
  host.name = name;
  host.id = HostId("id-" + name);
  host.known = true;
  host.connected = true;
  rollout::ProjectView project;
  project.name = "search";
  rollout::ServiceView service;
  service.name = "opensearch";
  service.image = "registry:5000/opensearch:2.17.1";
  service.container.emplace();
  service.container->state = "running";
  service.container->image = service.image;
  project.services.push_back(service);
  host.projects.push_back(project);
  return host;
}

}  // namespace drover::api
