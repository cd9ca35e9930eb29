// An OpenSearch cluster as far as a rollout can tell: membership, quorum, shard copies that are
// promoted, allocated and recovered, settings, snapshots (opensearch.md sections 1, 2 and 5).
#ifndef DROVER_TESTS_SIMULATION_SIM_CLUSTER_H_
#define DROVER_TESTS_SIMULATION_SIM_CLUSTER_H_

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/rollout/action.h"
#include "controller/rollout/observation.h"
#include "tests/simulation/random.h"
#include "tests/simulation/schedule.h"

namespace drover::simulation {

class SimCluster {
 public:
  struct Node {
    std::string id, name, version;
    bool eligible = true;
    bool joined = false;
  };

  struct Size {
    int nodes = 3, managers = 3;
  };
  // The first nodes may be elected; every node holds data. All of them have joined at `version`.
  SimCluster(Schedule& schedule, Random& random, Size size, const std::string& version,
             bool unreplicated_index, std::map<std::string, std::string> set_before = {});

  // The process of node `i` is up and finds the others, or is gone.
  void Join(int i, const std::string& version);
  void Leave(int i);

  bool HasManager() const;
  // How many nodes may be elected, there or not.
  int Eligible() const {
    return static_cast<int>(
        std::count_if(nodes_.begin(), nodes_.end(), [](const Node& n) { return n.eligible; }));
  }
  bool MayBeManager(const std::string& node) const {
    return std::any_of(nodes_.begin(), nodes_.end(),
                       [&node](const Node& n) { return n.name == node && n.eligible; });
  }
  // Whether every node is there and every copy is started.
  bool Green() const;
  // Replicated shards without any started copy.
  int DeadShards() const;

  rollout::ClusterObservation Observe() const;
  rollout::HealthView Health() const;
  std::vector<rollout::NodeView> Nodes() const;
  // Calls `done` when `condition` holds, with timed_out after `timeout`.
  void Await(const rollout::HealthCondition& condition, Millis timeout,
             std::function<void(rollout::HealthView)> done);
  void Put(const rollout::Settings& settings);
  void RetryFailed() { Reroute(); }
  void Exclude(const std::vector<std::string>& names);
  void ClearExclusions();

  // `own`: the repository is registered for this snapshot alone where it is not yet.
  void BeginSnapshot(const std::string& repository, const std::string& name, bool own);
  // Empty state where there is none.
  rollout::SnapshotView Snapshot(const std::string& name) const;
  // `with_repository`: its registration goes as well.
  void DeleteSnapshot(const std::string& repository, const std::string& name, bool with_repository);
  // Whether a snapshot of the whole cluster has ended as SUCCESS in a repository that is
  // registered.
  bool HasBackup() const;
  // Snapshots that are neither running nor of any use, and repositories of one snapshot without it.
  bool HasRuins() const;

  // Faults; each stays until it is taken back.
  void SetBroken(bool broken);
  void SetStuck(bool stuck) { stuck_ = stuck; }
  void SetNoManager(bool lost);
  void SetSnapshotStalled(bool stalled) { snapshot_stalled_ = stalled; }
  // How the next snapshot ends; empty: as it should.
  std::string next_snapshot_state;

  std::map<std::string, std::string> settings;  // persistent, flat
  std::set<std::string> exclusions;             // from voting, by node name
  // While there are some, no change of settings is taken.
  std::set<std::string> archived;
  std::set<std::string> running_policies = {"daily"};
  std::set<std::string> stopped_policies;

 private:
  struct Copy {
    int node = -1;
    bool primary = false;
    rollout::ShardState state = rollout::ShardState::kUnassigned;
    int last_node = -1;
    Time delayed_until{};
    uint64_t recovery = 0;
  };
  struct Shard {
    std::string index;
    int number = 0;
    int replicas = 1;
    std::vector<Copy> copies;
    std::set<int> in_sync;
    bool phantom = false;  // of an index that is red by a fault
  };
  struct Waiter {
    rollout::HealthCondition condition;
    std::function<void(rollout::HealthView)> done;
    uint64_t id = 0;
  };
  struct SnapshotState {
    rollout::SnapshotView view;
    bool disturbed = false;
  };

  void AddShard(const std::string& index, int number, const std::vector<int>& nodes);
  void MoveVote();
  void Reroute();
  void StartPrimary(Shard& shard);
  void PlaceReplicas(Shard& shard);
  void Recover(Shard& shard, Copy& copy, int node);
  void FinishRecovery(size_t shard, size_t copy, uint64_t recovery);
  void Changed();
  bool Holds(const rollout::HealthCondition& condition) const;
  void AdvanceSnapshot(const std::string& name);
  bool MayHold(const Shard& shard, int node, const std::string& primary_version) const;
  std::string Allocation() const;

  Schedule& schedule_;
  Random& random_;
  std::vector<Node> nodes_;
  std::vector<Shard> shards_;
  std::vector<int> voters_;
  int manager_ = 0;
  Time elected_at_{};
  bool no_manager_ = false;
  bool stuck_ = false;
  bool snapshot_stalled_ = false;
  uint64_t next_id_ = 1;
  std::vector<Waiter> waiters_;
  std::map<std::string, SnapshotState> snapshots_;
  std::set<std::string> repositories_ = {"backups"};
};

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_SIM_CLUSTER_H_
