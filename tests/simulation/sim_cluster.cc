#include "tests/simulation/sim_cluster.h"

#include <algorithm>
#include <utility>

#include "controller/rollout/version.h"

namespace drover::simulation {
namespace {

using rollout::ShardState;

constexpr char kAllocation[] = "cluster.routing.allocation.enable";
constexpr Millis kElection{800};
constexpr int kArchives = 3;  // the major version that does not know a setting any more
constexpr Millis kDelayedAllocation{60'000};  // index.unassigned.node_left.delayed_timeout

bool IsOlder(const std::string& a, const std::string& b) {
  return rollout::ParseVersion(a) < rollout::ParseVersion(b);
}

}  // namespace

SimCluster::SimCluster(Schedule& schedule, Random& random, Size size, const std::string& version,
                       bool unreplicated_index, std::map<std::string, std::string> set_before)
    : settings(std::move(set_before)), schedule_(schedule), random_(random) {
  for (int i = 0; i < size.nodes; ++i) {
    const std::string number = std::to_string(i + 1);
    nodes_.push_back({"id-" + number, "os-" + number, version, i < size.managers, true});
    // The voting configuration is rounded down to an odd number (Reconfigurator).
    if (i < size.managers && (size.managers > 2 || i == 0)) voters_.push_back(i);
  }
  if (size.nodes == 1) {
    AddShard("logs", 0, {0, -1});
    return;
  }
  for (int i = 0; i < size.nodes; ++i) AddShard("logs", i, {i, (i < 3 ? i + 1 : i) % 3});
  AddShard("users", 0, {1, 2, 0});
  if (unreplicated_index) AddShard("tmp", 0, {1});
}

void SimCluster::AddShard(const std::string& index, int number, const std::vector<int>& nodes) {
  Shard shard;
  shard.index = index;
  shard.number = number;
  shard.replicas = static_cast<int>(nodes.size()) - 1;
  for (int node : nodes) {
    if (node < 0) {  // there is no node for it
      shard.copies.emplace_back();
      continue;
    }
    shard.copies.push_back({node, shard.copies.empty(), ShardState::kStarted, node, {}, 0});
    shard.in_sync.insert(node);
  }
  shards_.push_back(std::move(shard));
}

std::string SimCluster::Allocation() const {
  const auto it = settings.find(kAllocation);
  return it == settings.end() ? "all" : it->second;
}

bool SimCluster::HasManager() const {
  size_t live = 0;
  for (int voter : voters_) live += nodes_[static_cast<size_t>(voter)].joined ? 1 : 0;
  return !no_manager_ && live >= voters_.size() / 2 + 1 && schedule_.now() >= elected_at_;
}

// Of two that may vote one does: one that is there and not excluded, where the cluster can decide.
void SimCluster::MoveVote() {
  if (voters_.size() > 1 || !HasManager()) return;
  const auto may_vote = [this](int i) {
    const Node& node = nodes_[static_cast<size_t>(i)];
    return node.eligible && node.joined && !exclusions.contains(node.name);
  };
  if (may_vote(voters_.front())) return;
  for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) {
    if (!may_vote(i)) continue;
    voters_ = {i};
    manager_ = i;
    return;
  }
}

void SimCluster::Exclude(const std::vector<std::string>& names) {
  exclusions.insert(names.begin(), names.end());
  MoveVote();
  Reroute();
}

void SimCluster::ClearExclusions() {
  exclusions.clear();
  MoveVote();
}

void SimCluster::Join(int i, const std::string& version) {
  Node& node = nodes_[static_cast<size_t>(i)];
  node.joined = true;
  node.version = version;
  MoveVote();
  // Plugins of old nodes put it again and again (opensearch.md 1.4, "Archived settings").
  if (rollout::ParseVersion(version)->major >= kArchives) {
    archived.insert("archived.plugins.index_state_management.metadata_service.enabled");
  }
  Reroute();
}

void SimCluster::Leave(int i) {
  Node& node = nodes_[static_cast<size_t>(i)];
  if (!node.joined) return;
  node.joined = false;
  for (Shard& shard : shards_) {
    for (Copy& copy : shard.copies) {
      if (copy.node != i) continue;
      const bool was_primary = copy.primary;
      copy = {-1, copy.primary, ShardState::kUnassigned, i, schedule_.now() + kDelayedAllocation,
              0};
      const bool others = std::any_of(shard.copies.begin(), shard.copies.end(), [](const Copy& c) {
        return c.state == ShardState::kStarted;
      });
      // Clients write all the time: a copy that is away while another takes writes is out of sync.
      if (others) shard.in_sync.erase(i);
      if (was_primary && others) copy.primary = false;
    }
  }
  for (auto& [name, snapshot] : snapshots_) {
    if (snapshot.view.state == "IN_PROGRESS") snapshot.disturbed = true;
  }
  if (manager_ == i) {
    elected_at_ = schedule_.now() + kElection;
    for (int voter : voters_) {
      if (nodes_[static_cast<size_t>(voter)].joined) manager_ = voter;
    }
    schedule_.At(elected_at_, [this] { Reroute(); });
  }
  schedule_.After(kDelayedAllocation + Millis(1), [this] { Reroute(); });
  Reroute();
}

void SimCluster::Reroute() {
  for (Shard& shard : shards_) {
    if (shard.phantom) continue;
    StartPrimary(shard);
    PlaceReplicas(shard);
  }
  Changed();
}

void SimCluster::StartPrimary(Shard& shard) {
  Copy* primary = nullptr;
  Copy* started = nullptr;
  for (Copy& copy : shard.copies) {
    if (copy.primary) primary = &copy;
    if (copy.state == ShardState::kStarted) started = &copy;
  }
  if (primary != nullptr && primary->state != ShardState::kUnassigned) return;
  if (started != nullptr) {
    if (primary != nullptr) primary->primary = false;
    started->primary = true;
    return;
  }
  if (!HasManager() || Allocation() == "none") return;
  // Nothing is started: what initializes has lost its source.
  for (Copy& copy : shard.copies) {
    if (copy.state == ShardState::kInitializing && !copy.primary) {
      copy = {-1, false, ShardState::kUnassigned, copy.node, schedule_.now(), 0};
    }
  }
  for (int node : shard.in_sync) {
    if (!nodes_[static_cast<size_t>(node)].joined) continue;
    if (primary == nullptr) primary = &shard.copies.front();
    primary->primary = true;
    return Recover(shard, *primary, node);
  }
}

bool SimCluster::MayHold(const Shard& shard, int node, const std::string& primary_version) const {
  const Node& candidate = nodes_[static_cast<size_t>(node)];
  if (!candidate.joined || IsOlder(candidate.version, primary_version)) return false;
  return std::none_of(shard.copies.begin(), shard.copies.end(),
                      [node](const Copy& copy) { return copy.node == node; });
}

void SimCluster::PlaceReplicas(Shard& shard) {
  if (!HasManager() || Allocation() != "all") return;
  const Copy* primary = nullptr;
  for (const Copy& copy : shard.copies) {
    if (copy.primary && copy.state == ShardState::kStarted) primary = &copy;
  }
  if (primary == nullptr) return;
  const std::string version = nodes_[static_cast<size_t>(primary->node)].version;
  for (Copy& copy : shard.copies) {
    if (copy.primary || copy.state != ShardState::kUnassigned) continue;
    if (copy.last_node >= 0 && MayHold(shard, copy.last_node, version)) {
      Recover(shard, copy, copy.last_node);
      continue;
    }
    if (copy.delayed_until > schedule_.now()) continue;
    for (int node = 0; node < static_cast<int>(nodes_.size()); ++node) {
      if (!MayHold(shard, node, version)) continue;
      Recover(shard, copy, node);
      break;
    }
  }
}

void SimCluster::Recover(Shard& shard, Copy& copy, int node) {
  copy.node = node;
  copy.state = ShardState::kInitializing;
  copy.recovery = next_id_++;
  const size_t s = static_cast<size_t>(&shard - shards_.data());
  const size_t c = static_cast<size_t>(&copy - shard.copies.data());
  schedule_.After(random_.Between(500, 4'000),
                  [this, s, c, id = copy.recovery] { FinishRecovery(s, c, id); });
}

void SimCluster::FinishRecovery(size_t shard_index, size_t copy_index, uint64_t recovery) {
  Shard& shard = shards_[shard_index];
  Copy& copy = shard.copies[copy_index];
  if (copy.recovery != recovery) return;
  if (stuck_) {
    schedule_.After(Millis(1'000),
                    [=, this] { FinishRecovery(shard_index, copy_index, recovery); });
    return;
  }
  copy.state = ShardState::kStarted;
  copy.recovery = 0;
  shard.in_sync.insert(copy.node);
  Reroute();
}

void SimCluster::SetBroken(bool broken) {
  std::erase_if(shards_, [](const Shard& shard) { return shard.phantom; });
  if (broken) {
    AddShard("broken", 0, {0});
    shards_.back().phantom = true;
    shards_.back().copies.front() = {};
    shards_.back().copies.front().primary = true;
  }
  Changed();
}

void SimCluster::SetNoManager(bool lost) {
  no_manager_ = lost;
  Reroute();
}

bool SimCluster::Green() const {
  return HasManager() && Health().status == "green" &&
         std::all_of(nodes_.begin(), nodes_.end(), [](const Node& node) { return node.joined; });
}

int SimCluster::DeadShards() const {
  int dead = 0;
  for (const Shard& shard : shards_) {
    if (shard.phantom || shard.replicas == 0) continue;
    const bool alive = std::any_of(shard.copies.begin(), shard.copies.end(), [](const Copy& copy) {
      return copy.state == ShardState::kStarted;
    });
    dead += alive ? 0 : 1;
  }
  return dead;
}

rollout::HealthView SimCluster::Health() const {
  rollout::HealthView health;
  health.status = "green";
  for (const Node& node : nodes_) health.nodes += node.joined ? 1 : 0;
  health.data_nodes = health.nodes;
  for (const Shard& shard : shards_) {
    for (const Copy& copy : shard.copies) {
      const bool started = copy.state == ShardState::kStarted;
      health.active_shards += started ? 1 : 0;
      health.active_primary_shards += started && copy.primary ? 1 : 0;
      health.initializing += copy.state == ShardState::kInitializing ? 1 : 0;
      health.unassigned += copy.state == ShardState::kUnassigned ? 1 : 0;
      if (started) continue;
      if (copy.primary) {
        health.status = "red";
      } else if (health.status == "green") {
        health.status = "yellow";
      }
    }
  }
  return health;
}

std::vector<rollout::NodeView> SimCluster::Nodes() const {
  std::vector<rollout::NodeView> views;
  for (const Node& node : nodes_) {
    if (!node.joined) continue;
    rollout::NodeView view;
    view.id = node.id;
    view.name = node.name;
    view.version = node.version;
    view.roles = {"data", "ingest"};
    if (node.eligible) view.roles.emplace_back("cluster_manager");
    view.http_publish_address = "192.0.2." + node.id.substr(3) + ":9200";
    view.disk_used_percent = 40;
    views.push_back(std::move(view));
  }
  return views;
}

rollout::ClusterObservation SimCluster::Observe() const {
  rollout::ClusterObservation seen;
  seen.at = schedule_.now();
  seen.cluster_name = "search";
  seen.cluster_uuid = "uuid-1";
  seen.health = Health();
  seen.nodes = Nodes();
  seen.manager_node_id = nodes_[static_cast<size_t>(manager_)].id;
  seen.low_disk_watermark = "85%";
  seen.persistent_settings = settings;
  for (const Node& node : nodes_) {
    seen.endpoints.push_back({"http://192.0.2." + node.id.substr(3) + ":9200", node.name, "search",
                              "uuid-1", node.joined ? "" : "connection refused"});
  }
  for (int voter : voters_) {
    seen.last_committed_config.push_back(nodes_[static_cast<size_t>(voter)].id);
  }
  seen.voting_exclusions.assign(exclusions.begin(), exclusions.end());
  seen.last_accepted_config = seen.last_committed_config;
  for (const std::string& name : running_policies) seen.snapshot_policies.push_back({name, true});
  for (const std::string& name : stopped_policies) seen.snapshot_policies.push_back({name, false});
  for (const auto& [name, snapshot] : snapshots_) {
    if (snapshot.view.state == "IN_PROGRESS") seen.snapshot_running = true;
  }
  for (const Shard& shard : shards_) {
    if (seen.indices.empty() || seen.indices.back().name != shard.index) {
      rollout::IndexView index;
      index.name = shard.index;
      index.replicas = shard.replicas;
      index.docs = 1000;
      index.created_version = "2.17.1";
      seen.indices.push_back(std::move(index));
    }
    ++seen.indices.back().shards;
    for (const Copy& copy : shard.copies) {
      rollout::ShardView view;
      view.index = shard.index;
      view.shard = shard.number;
      view.primary = copy.primary;
      view.state = copy.state;
      if (copy.node >= 0) view.node_id = nodes_[static_cast<size_t>(copy.node)].id;
      seen.shards.push_back(std::move(view));
    }
  }
  return seen;
}

bool SimCluster::Holds(const rollout::HealthCondition& condition) const {
  if (!HasManager()) return false;
  const rollout::HealthView health = Health();
  return (!condition.nodes || *condition.nodes == health.nodes) &&
         (condition.status.empty() || condition.status == health.status ||
          (condition.status == "yellow" && health.status == "green")) &&
         (!condition.no_initializing_shards || health.initializing == 0) &&
         (!condition.no_relocating_shards || health.relocating == 0);
}

void SimCluster::Await(const rollout::HealthCondition& condition, Millis timeout,
                       std::function<void(rollout::HealthView)> done) {
  if (Holds(condition)) return done(Health());
  const uint64_t id = next_id_++;
  waiters_.push_back({condition, std::move(done), id});
  schedule_.After(timeout, [this, id] {
    const auto it = std::find_if(waiters_.begin(), waiters_.end(),
                                 [id](const Waiter& waiter) { return waiter.id == id; });
    if (it == waiters_.end()) return;
    const auto give = std::move(it->done);
    waiters_.erase(it);
    rollout::HealthView health = Health();
    health.timed_out = true;
    give(health);
  });
}

void SimCluster::Changed() {
  for (size_t i = 0; i < waiters_.size();) {
    if (!Holds(waiters_[i].condition)) {
      ++i;
      continue;
    }
    const auto give = std::move(waiters_[i].done);
    waiters_.erase(waiters_.begin() + static_cast<std::ptrdiff_t>(i));
    give(Health());
  }
}

void SimCluster::Put(const rollout::Settings& changes) {
  for (const auto& [name, value] : changes) {
    if (value) {
      settings[name] = *value;
    } else {
      settings.erase(name);
    }
  }
  Reroute();
}

}  // namespace drover::simulation
