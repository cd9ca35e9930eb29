#include "controller/api/cluster_looks.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <optional>
#include <set>
#include <utility>

#include "controller/api/words.h"
#include "controller/rollout/match.h"

namespace drover::api {
namespace {

constexpr int kThreads = 4;
constexpr size_t kMaxJobs = 100;
constexpr Millis kInspectTimeout{2'500};
constexpr Millis kHealthTimeout{1'000};

// Projects as their agents answer; whoever is late is left out.
class Inspections {
 public:
  using Key = std::pair<std::string, std::string>;

  void Begin(fleet::Agents& agents, const std::set<Key>& wanted,
             const std::shared_ptr<Inspections>& self) {
    {
      const std::lock_guard lock(mutex_);
      left_ = wanted.size();
    }
    for (const Key& key : wanted) {
      agents.InspectProject(
          key.first, key.second, {rollout::WantedEnvironment(), {}}, kInspectTimeout,
          [self, key](const StatusOr<rollout::ProjectView>& view) { self->Seen(key, view); });
    }
  }

  std::map<Key, rollout::ProjectView> Await() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kInspectTimeout, [this] { return left_ == 0; });
    return views_;
  }

 private:
  void Seen(const Key& key, const StatusOr<rollout::ProjectView>& view) {
    const std::lock_guard lock(mutex_);
    if (view.ok()) {
      views_[key] = *view;
    } else {
      views_[key].name = key.second;
      views_[key].error = Message(view.status());
    }
    --left_;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  size_t left_ = 0;
  std::map<Key, rollout::ProjectView> views_;
};

std::string Versions(const std::vector<rollout::NodeView>& nodes) {
  std::set<std::string> versions;
  for (const auto& node : nodes) versions.insert(node.version);
  return Joined({versions.begin(), versions.end()}, ", ");
}

void AddMember(const rollout::Match& match, const std::string& manager_id, pb::Cluster* out) {
  pb::ClusterMember* const member = out->add_members();
  member->mutable_member()->set_name(match.node != nullptr ? match.node->name : match.spec->node);
  member->mutable_member()->set_host(match.spec->host);
  member->mutable_member()->set_project(match.spec->project);
  member->mutable_member()->set_service(match.spec->service);
  if (match.service != nullptr) member->set_image(match.service->image);
  member->set_problem(match.problem);
  if (match.node == nullptr) return;
  member->set_node_id(match.node->id);
  for (const auto& role : match.node->roles) member->add_roles(role);
  member->set_version(match.node->version);
  member->set_elected_manager(match.node->id == manager_id);
}

Look LookAtMembers(const Parts& parts, const rollout::ClusterSpec& spec) {
  Look look;
  std::set<Inspections::Key> wanted;
  for (const auto& member : spec.members) wanted.emplace(member.host, member.project);
  const auto inspections = std::make_shared<Inspections>();
  inspections->Begin(*parts.agents, wanted, inspections);

  rollout::World world;
  const auto api = parts.cluster_api(spec);
  auto observed =
      api.ok() ? (*api)->Observe() : StatusOr<rollout::ClusterObservation>(api.status());
  if (observed.ok()) {
    world.cluster = std::move(*observed);
    look.set_version(Versions(world.cluster.nodes));
    look.set_health(world.cluster.health.status);
  } else {
    world.cluster_error = Message(observed.status());
    look.set_problem(world.cluster_error);
  }
  world.at = parts.clock->Now();
  world.projects = inspections->Await();
  world.hosts = parts.agents->Hosts();
  for (rollout::Match& match : rollout::MatchMembers(spec, world)) {
    // Without the cluster no member has a node, and that is not the member's own problem.
    if (!observed.ok() && match.service != nullptr) match.problem.clear();
    AddMember(match, world.cluster.manager_node_id, &look);
  }
  return look;
}

Look LookAtHealth(const Parts& parts, const rollout::ClusterSpec& spec) {
  Look look;
  const auto api = parts.cluster_api(spec);
  if (!api.ok()) {
    look.set_problem(Message(api.status()));
    return look;
  }
  const auto nodes = (*api)->Nodes();
  if (!nodes.ok()) {
    look.set_problem(Message(nodes.status()));
    return look;
  }
  look.set_version(Versions(*nodes));
  const auto health = (*api)->AwaitHealth({}, kHealthTimeout, {});
  if (health.ok()) {
    look.set_health(health->status);
  } else {
    look.set_problem(Message(health.status()));
  }
  return look;
}

}  // namespace

struct ClusterLooks::Pending {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Look> look;

  void Done(Look seen) {
    const std::lock_guard lock(mutex);
    look = std::move(seen);
    changed.notify_all();
  }
};

ClusterLooks::ClusterLooks(const Parts& parts) : parts_(parts), executor_(kThreads, kMaxJobs) {}

std::shared_ptr<ClusterLooks::Pending> ClusterLooks::Begin(const ClusterToLookAt& cluster,
                                                           Depth depth) {
  const std::string key = (depth == Depth::kHealth ? "health:" : "members:") + cluster.file;
  std::shared_ptr<Pending> pending;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Pending>& known = pending_[key];
    if (known) return known;
    pending = known = std::make_shared<Pending>();
  }
  const bool taken = executor_.Post([this, key, pending, spec = cluster.spec, depth] {
    Look look = depth == Depth::kHealth ? LookAtHealth(parts_, spec) : LookAtMembers(parts_, spec);
    {
      const std::lock_guard lock(mutex_);
      pending_.erase(key);
    }
    pending->Done(std::move(look));
  });
  if (!taken) {
    const std::lock_guard lock(mutex_);
    pending_.erase(key);
    Look refused;
    refused.set_problem("not looked at: the controller is busy or stopping");
    pending->Done(std::move(refused));
  }
  return pending;
}

std::vector<Look> ClusterLooks::At(const std::vector<ClusterToLookAt>& clusters, Depth depth,
                                   Millis timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::vector<std::shared_ptr<Pending>> begun;
  begun.reserve(clusters.size());
  for (const auto& cluster : clusters) begun.push_back(Begin(cluster, depth));
  std::vector<Look> looks;
  for (const auto& pending : begun) {
    std::unique_lock lock(pending->mutex);
    pending->changed.wait_until(lock, deadline, [&] { return pending->look.has_value(); });
    Look late;
    late.set_problem("no answer within " + FormatDuration(timeout));
    looks.push_back(pending->look.value_or(late));
  }
  return looks;
}

void ClusterLooks::Shutdown() { executor_.Shutdown(); }

}  // namespace drover::api
