#include "tests/unit/api/fakes.h"

#include <algorithm>
#include <sstream>

namespace drover::api {

void FakeRolloutStore::Add(const store::StoredRecord& record) {
  const std::lock_guard lock(mutex_);
  records_.push_back(record);
}

StatusOr<std::vector<store::StoredRecord>> FakeRolloutStore::ListRecords(const RolloutId& rollout,
                                                                         uint64_t since,
                                                                         size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<store::StoredRecord> found;
  for (const auto& record : records_) {
    if (record.sequence <= since || found.size() == limit) continue;
    if (rollout.empty() || record.rollout == rollout) found.push_back(record);
  }
  return found;
}

void FakeCoordinator::Commit(rollout::Rollout rollout,
                             const std::vector<rollout::Record>& records) {
  const std::lock_guard lock(mutex_);
  std::vector<store::StoredRecord> stored;
  for (const auto& record : records) {
    stored.push_back({++sequence_, FromUnixMillis(1'800'000'000'000), rollout.id,
                      rollout.plan->spec.name, record});
    store_.Add(stored.back());
    rollout.sequence = sequence_;
  }
  rollouts_[rollout.id.str()] = rollout;
  for (const auto& [id, observer] : observers_) {
    if (observer.first == rollout.id.str()) observer.second(rollout, stored);
  }
  for (const auto& [id, observer] : record_observers_) {
    for (const auto& record : stored) observer(record);
  }
}

size_t FakeCoordinator::Observers() {
  const std::lock_guard lock(mutex_);
  return observers_.size() + record_observers_.size();
}

StatusOr<std::vector<rollout::CheckResult>> FakeCoordinator::Check(const rollout::PlanRequest&) {
  return checks;
}

StatusOr<std::shared_ptr<const rollout::Plan>> FakeCoordinator::CreatePlan(
    const rollout::PlanRequest& request, const std::string& who) {
  if (on_create_plan) on_create_plan();
  wanted = request;
  by.push_back(who);
  if (!plan || request.cluster != plan->spec.name) {
    return NotFound("there is no cluster '" + request.cluster + "'");
  }
  return std::shared_ptr<const rollout::Plan>(plan);
}

StatusOr<std::shared_ptr<const rollout::Plan>> FakeCoordinator::GetPlan(const std::string& id) {
  if (!plan || plan->id.str() != id) return NotFound("there is no plan '" + id + "'");
  return std::shared_ptr<const rollout::Plan>(plan);
}

StatusOr<rollout::Rollout> FakeCoordinator::Start(const std::string& plan_id,
                                                  const std::string& who,
                                                  driver::Refusal* refusal) {
  by.push_back(who);
  if (!start_error.ok()) {
    *refusal = start_refusal;
    return start_error;
  }
  return Get(plan_id);
}

StatusOr<std::shared_ptr<const rollout::Plan>> FakeCoordinator::PlanUndo(
    const std::string& rollout_id, int tier, const std::string& who) {
  undo_asked.emplace_back(rollout_id, tier);
  by.push_back(who);
  if (!plan) return FailedPrecondition("no way back");
  return std::shared_ptr<const rollout::Plan>(plan);
}

StatusOr<rollout::Rollout> FakeCoordinator::Ask(const std::string& rollout_id,
                                                const rollout::Asked& what) {
  asked.push_back(what);
  return Get(rollout_id);
}

StatusOr<rollout::Rollout> FakeCoordinator::Get(const std::string& rollout_id) {
  const std::lock_guard lock(mutex_);
  const auto found = rollouts_.lower_bound(rollout_id);
  if (rollout_id.empty() || found == rollouts_.end() ||
      found->first.compare(0, rollout_id.size(), rollout_id) != 0) {
    return NotFound("there is no rollout '" + rollout_id + "'");
  }
  return found->second;
}

StatusOr<std::vector<rollout::Rollout>> FakeCoordinator::List(const std::string& cluster,
                                                              size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<rollout::Rollout> found;
  for (const auto& [id, rollout] : rollouts_) {
    if (found.size() < limit && (cluster.empty() || rollout.plan->spec.name == cluster)) {
      found.push_back(rollout);
    }
  }
  return found;
}

StatusOr<driver::SubscriptionId> FakeCoordinator::Subscribe(const std::string& rollout_id,
                                                            driver::RolloutObserver observer) {
  const std::lock_guard lock(mutex_);
  const auto found = rollouts_.find(rollout_id);
  if (found == rollouts_.end()) return NotFound("there is no rollout '" + rollout_id + "'");
  observer(found->second, {});
  observers_[next_subscription_] = {rollout_id, std::move(observer)};
  return next_subscription_++;
}

driver::SubscriptionId FakeCoordinator::SubscribeRecords(driver::RecordObserver observer) {
  const std::lock_guard lock(mutex_);
  record_observers_[next_subscription_] = std::move(observer);
  return next_subscription_++;
}

void FakeCoordinator::Unsubscribe(driver::SubscriptionId id) {
  const std::lock_guard lock(mutex_);
  observers_.erase(id);
  record_observers_.erase(id);
}

void FakeCoordinator::Append(const rollout::Record& record) {
  const std::lock_guard lock(mutex_);
  appended.push_back(record);
}

void FakeAgents::InspectProject(const std::string& host, const std::string& project,
                                const fleet::ProjectQuestion& question, Millis,
                                std::function<void(StatusOr<rollout::ProjectView>)> done) {
  const auto found = projects.find({host, project});
  if (found == projects.end()) {
    done(NotFound("no project " + project));
    return;
  }
  rollout::ProjectView view = found->second;
  for (auto& service : view.services) {
    std::erase_if(service.environment, [&](const auto& entry) {
      return std::find(question.environment_keys.begin(), question.environment_keys.end(),
                       entry.first) == question.environment_keys.end();
    });
  }
  done(view);
}

void FakeAgents::TailLog(const std::string&, const std::string&, const std::string&, int lines,
                         Millis, std::function<void(StatusOr<fleet::LogChunk>)> done) {
  fleet::LogChunk chunk;
  const size_t count = std::min(log.size(), static_cast<size_t>(lines));
  chunk.lines.assign(log.end() - static_cast<long>(count), log.end());
  chunk.gap = count < log.size();
  done(chunk);
}

void FakeAgents::FollowLog(const std::string&, const std::string&, const std::string&, int,
                           std::function<bool(const fleet::LogChunk&)> into,
                           std::function<void(Status)> done) {
  const std::lock_guard lock(mutex);
  sink = std::move(into);
  follow_done = std::move(done);
}

void FakeLeftovers::ListLeftovers(
    const std::string& host, Millis,
    std::function<void(StatusOr<std::vector<fleet::Leftover>>)> done) {
  const auto found = kept.find(host);
  if (found == kept.end()) return done(Unavailable("host " + host + " is not connected"));
  done(found->second);
}

void FakeLeftovers::RemoveLeftover(const std::string& host, const fleet::Leftover& which, Millis,
                                   std::function<void(StatusOr<fleet::Leftover>)> done) {
  if (!refusal.ok()) return done(refusal);
  std::vector<fleet::Leftover>& all = kept[host];
  const auto found = std::find_if(all.begin(), all.end(), [&which](const auto& one) {
    return one.kind == which.kind && one.project == which.project && one.service == which.service &&
           one.name == which.name;
  });
  if (found == all.end()) return done(NotFound("host " + host + ": nothing of that name"));
  const fleet::Leftover removed = *found;
  all.erase(found);
  done(removed);
}

StatusOr<fleet::NewToken> FakeFleet::CreateToken(Millis ttl) {
  last_ttl = ttl;
  return fleet::NewToken{"DROVER-1-digest-secret", FromUnixMillis(1'800'003'600'000)};
}

std::vector<fleet::HostStatus> FakeFleet::ListHosts() {
  const std::lock_guard lock(mutex_);
  std::vector<fleet::HostStatus> hosts;
  for (const auto& [name, host] : hosts_) hosts.push_back(host);
  return hosts;
}

StatusOr<fleet::HostStatus> FakeFleet::GetHost(const std::string& host) {
  return Change(host, [](fleet::HostStatus&) {});
}

StatusOr<fleet::HostStatus> FakeFleet::RevokeHost(const std::string& host) {
  return Change(host, [](fleet::HostStatus& status) { status.revoked = true; });
}

StatusOr<fleet::HostStatus> FakeFleet::CordonHost(const std::string& host) {
  return Change(host, [](fleet::HostStatus& status) { status.view.cordoned = true; });
}

StatusOr<fleet::HostStatus> FakeFleet::UncordonHost(const std::string& host) {
  return Change(host, [](fleet::HostStatus& status) { status.view.cordoned = false; });
}

StatusOr<fleet::HostStatus> FakeFleet::Change(
    const std::string& host, const std::function<void(fleet::HostStatus&)>& change) {
  const std::lock_guard lock(mutex_);
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return NotFound("there is no host '" + host + "'");
  change(found->second);
  return found->second;
}

int64_t FakeFleet::Subscribe(std::function<void(const fleet::HostStatus&)> changed) {
  const std::lock_guard lock(mutex_);
  observers_[next_] = std::move(changed);
  return next_++;
}

void FakeFleet::Unsubscribe(int64_t subscription) {
  const std::lock_guard lock(mutex_);
  observers_.erase(subscription);
}

void FakeFleet::Put(const fleet::HostStatus& host) {
  const std::lock_guard lock(mutex_);
  hosts_[host.view.name] = host;
  for (const auto& [id, changed] : observers_) changed(host);
}

size_t FakeFleet::Observers() {
  const std::lock_guard lock(mutex_);
  return observers_.size();
}

Status FakeClusterStore::PutCluster(const store::ClusterRecord& cluster) {
  const std::lock_guard lock(mutex_);
  clusters_[cluster.name] = cluster;
  return OkStatus();
}

StatusOr<store::ClusterRecord> FakeClusterStore::GetCluster(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = clusters_.find(name);
  if (found == clusters_.end()) return NotFound("there is no cluster '" + name + "'");
  return found->second;
}

StatusOr<std::vector<store::ClusterRecord>> FakeClusterStore::ListClusters() {
  const std::lock_guard lock(mutex_);
  std::vector<store::ClusterRecord> clusters;
  for (const auto& [name, cluster] : clusters_) clusters.push_back(cluster);
  return clusters;
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
