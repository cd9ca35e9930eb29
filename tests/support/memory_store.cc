#include "tests/support/memory_store.h"

#include <algorithm>

#include "controller/store/timings.h"
#include "tests/support/fields.h"

namespace drover::testing {

using Lock = std::lock_guard<std::mutex>;

void MemoryStore::FailNextChanges(int count, const Status& error) {
  const Lock lock(mutex_);
  failures_left_ = count;
  failure_ = error;
}

int MemoryStore::commits() const {
  const Lock lock(mutex_);
  return commits_;
}

Status MemoryStore::TakeFailure() {
  if (failures_left_ == 0) return OkStatus();
  --failures_left_;
  return failure_;
}

Status MemoryStore::SavePlan(const rollout::Plan& plan) {
  const Lock lock(mutex_);
  DROVER_RETURN_IF_ERROR(TakeFailure());
  const auto known = plans_.find(plan.id);
  if (known == plans_.end()) {
    plans_[plan.id] = std::make_shared<const rollout::Plan>(plan);
  } else if (!Same(*known->second, plan)) {
    return AlreadyExists("another plan has the id " + plan.id.str());
  }
  return OkStatus();
}

StatusOr<std::shared_ptr<const rollout::Plan>> MemoryStore::LoadPlan(const PlanId& id) {
  const Lock lock(mutex_);
  const auto known = plans_.find(id);
  if (known == plans_.end()) return NotFound("there is no plan " + id.str());
  return known->second;
}

Status MemoryStore::Commit(rollout::Rollout* next, Time at,
                           const std::vector<rollout::Record>& records,
                           std::vector<store::StoredRecord>* new_records) {
  if (next->id.empty() || next->plan == nullptr) {
    return InvalidArgument("a rollout without an id or a plan cannot be stored");
  }
  const Lock lock(mutex_);
  DROVER_RETURN_IF_ERROR(TakeFailure());
  const auto plan = plans_.find(next->plan->id);
  if (plan == plans_.end()) {
    return FailedPrecondition("rollout " + next->id.str() + ": its plan was not saved");
  }
  if (new_records != nullptr) new_records->clear();
  for (const rollout::Record& record : records) {
    next->sequence = records_.size() + 1;
    records_.push_back({next->sequence, at, next->id, next->plan->request.cluster, record});
    if (new_records != nullptr) new_records->push_back(records_.back());
  }
  ++commits_;
  auto row = std::find_if(rollouts_.begin(), rollouts_.end(),
                          [&](const auto& rollout) { return rollout.id == next->id; });
  if (row == rollouts_.end()) row = rollouts_.insert(row, *next);
  *row = *next;
  row->plan = plan->second;
  return OkStatus();
}

StatusOr<rollout::Rollout> MemoryStore::LoadRollout(const RolloutId& id) {
  const Lock lock(mutex_);
  for (const auto& rollout : rollouts_) {
    if (rollout.id == id) return rollout;
  }
  return NotFound("there is no rollout " + id.str());
}

StatusOr<std::vector<rollout::Rollout>> MemoryStore::LoadUnfinished() {
  const Lock lock(mutex_);
  std::vector<rollout::Rollout> unfinished;
  for (const auto& rollout : rollouts_) {
    if (!rollout::HasEnded(rollout.phase)) unfinished.push_back(rollout);
  }
  return unfinished;
}

StatusOr<std::vector<rollout::Rollout>> MemoryStore::ListRollouts(const std::string& cluster,
                                                                  size_t limit) {
  const Lock lock(mutex_);
  std::vector<rollout::Rollout> listed;
  for (auto row = rollouts_.rbegin(); row != rollouts_.rend() && listed.size() < limit; ++row) {
    if (cluster.empty() || row->plan->request.cluster == cluster) listed.push_back(*row);
  }
  return listed;
}

StatusOr<rollout::History> MemoryStore::TimingsOf(const std::string& cluster) {
  DROVER_ASSIGN_OR_RETURN(std::vector<rollout::Rollout> rollouts,
                          ListRollouts(cluster, rollouts_.max_size()));
  std::erase_if(rollouts, [](const auto& r) { return r.phase != rollout::Phase::kSucceeded; });
  if (rollouts.size() > store::kTimedRollouts) rollouts.resize(store::kTimedRollouts);
  return store::Timings(rollouts);
}

StatusOr<store::StoredRecord> MemoryStore::AppendRecord(Time at, const rollout::Record& record) {
  const Lock lock(mutex_);
  DROVER_RETURN_IF_ERROR(TakeFailure());
  records_.push_back({records_.size() + 1, at, RolloutId(), "", record});
  return records_.back();
}

StatusOr<std::vector<store::StoredRecord>> MemoryStore::ListRecords(const RolloutId& rollout,
                                                                    uint64_t since, size_t limit) {
  const Lock lock(mutex_);
  std::vector<store::StoredRecord> listed;
  for (const auto& record : records_) {
    if (record.sequence <= since || listed.size() >= limit) continue;
    if (rollout.empty() || record.rollout == rollout) listed.push_back(record);
  }
  return listed;
}

StatusOr<store::EpochHistory> MemoryStore::Epochs() {
  const Lock lock(mutex_);
  return epochs_;
}

StatusOr<uint64_t> MemoryStore::NextEpoch(uint64_t at_least) {
  const Lock lock(mutex_);
  epochs_ = {std::max(epochs_.last + 1, at_least), 0, false};
  return epochs_.last;
}

Status MemoryStore::RecordFenced(uint64_t by) {
  const Lock lock(mutex_);
  epochs_.fenced_by = by;
  return OkStatus();
}

Status MemoryStore::AddToken(const store::TokenRecord& token) {
  const Lock lock(mutex_);
  if (tokens_.emplace(token.secret_sha256, token).second) return OkStatus();
  return AlreadyExists("this join token exists");
}

bool MemoryStore::NameTaken(const store::HostRecord& host) const {
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& entry) {
    return entry.second.name == host.name && !entry.second.revoked && entry.first != host.id;
  });
}

Status MemoryStore::Enroll(const std::string& secret_sha256, Time now,
                           const store::HostRecord& host) {
  const Lock lock(mutex_);
  const auto token = tokens_.find(secret_sha256);
  if (token == tokens_.end()) return Unauthenticated("the join token is unknown");
  if (token->second.used_at) return Unauthenticated("the join token was used");
  if (now >= token->second.expires_at) return Unauthenticated("the join token expired");
  if (NameTaken(host) || hosts_.contains(host.id)) {
    return AlreadyExists("a host named " + host.name + " is enrolled already");
  }
  token->second.used_at = now;
  hosts_[host.id] = host;
  return OkStatus();
}

StatusOr<std::vector<store::HostRecord>> MemoryStore::ListHosts() {
  const Lock lock(mutex_);
  std::vector<store::HostRecord> hosts;
  for (const auto& [id, host] : hosts_) hosts.push_back(host);
  std::stable_sort(hosts.begin(), hosts.end(),
                   [](const auto& a, const auto& b) { return a.name < b.name; });
  return hosts;
}

Status MemoryStore::UpdateHost(const store::HostRecord& host) {
  const Lock lock(mutex_);
  const auto row = hosts_.find(host.id);
  if (row == hosts_.end()) return NotFound("no host has the id " + host.id.str());
  if (!host.revoked && NameTaken(host)) {
    return AlreadyExists("a host named " + host.name + " is enrolled already");
  }
  row->second = host;
  return OkStatus();
}

Status MemoryStore::PutCluster(const store::ClusterRecord& cluster) {
  const Lock lock(mutex_);
  clusters_[cluster.name] = cluster;
  return OkStatus();
}

StatusOr<store::ClusterRecord> MemoryStore::GetCluster(const std::string& name) {
  const Lock lock(mutex_);
  const auto row = clusters_.find(name);
  if (row != clusters_.end()) return row->second;
  std::string names;
  for (const auto& [known, cluster] : clusters_) names += (names.empty() ? "" : ", ") + known;
  return NotFound("there is no cluster " + name + "; there is " + names);
}

StatusOr<std::vector<store::ClusterRecord>> MemoryStore::ListClusters() {
  const Lock lock(mutex_);
  std::vector<store::ClusterRecord> clusters;
  for (const auto& [name, cluster] : clusters_) clusters.push_back(cluster);
  return clusters;
}

}  // namespace drover::testing
