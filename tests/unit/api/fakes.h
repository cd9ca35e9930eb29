// The rest of the controller, faked: plain data that a test sets, calls that it can look at.
#ifndef DROVER_TESTS_UNIT_API_FAKES_H_
#define DROVER_TESTS_UNIT_API_FAKES_H_

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "controller/api/parts.h"

namespace drover::api {

class FakeClock final : public Clock {
 public:
  Time Now() override { return now; }
  Time now = FromUnixMillis(1'800'000'000'000);
};

// Records by sequence; the only part of the store that the services read.
class FakeRolloutStore final : public store::RolloutStore {
 public:
  void Add(const store::StoredRecord& record);

  Status SavePlan(const rollout::Plan&) override { return Unimplemented("fake"); }
  StatusOr<std::shared_ptr<const rollout::Plan>> LoadPlan(const PlanId&) override {
    return Unimplemented("fake");
  }
  Status Commit(rollout::Rollout*, Time, const std::vector<rollout::Record>&,
                std::vector<store::StoredRecord>*) override {
    return Unimplemented("fake");
  }
  StatusOr<rollout::Rollout> LoadRollout(const RolloutId&) override {
    return Unimplemented("fake");
  }
  StatusOr<std::vector<rollout::Rollout>> LoadUnfinished() override {
    return Unimplemented("fake");
  }
  StatusOr<std::vector<rollout::Rollout>> ListRollouts(const std::string&, size_t) override {
    return Unimplemented("fake");
  }
  StatusOr<store::StoredRecord> AppendRecord(Time, const rollout::Record&) override {
    return Unimplemented("fake");
  }
  StatusOr<std::vector<store::StoredRecord>> ListRecords(const RolloutId& rollout, uint64_t since,
                                                         size_t limit) override;
  StatusOr<rollout::History> TimingsOf(const std::string&) override { return rollout::History(); }

 private:
  std::mutex mutex_;
  std::vector<store::StoredRecord> records_;
};

class FakeCoordinator final : public driver::Coordinator {
 public:
  explicit FakeCoordinator(FakeRolloutStore& store) : store_(store) {}

  // Commits a state with records, as the driver does: stored first, then shown to observers.
  void Commit(rollout::Rollout rollout, const std::vector<rollout::Record>& records);
  size_t Observers();

  StatusOr<rollout::World> Observe(const std::string&) override { return world; }
  StatusOr<std::vector<rollout::CheckResult>> Check(const rollout::PlanRequest& request) override;
  StatusOr<std::shared_ptr<const rollout::Plan>> CreatePlan(const rollout::PlanRequest& request,
                                                            const std::string& by) override;
  StatusOr<std::shared_ptr<const rollout::Plan>> GetPlan(const std::string& id) override;
  StatusOr<rollout::Rollout> Start(const std::string& plan_id, const std::string& by,
                                   driver::Refusal* refusal) override;
  StatusOr<std::shared_ptr<const rollout::Plan>> PlanUndo(const std::string& rollout_id, int tier,
                                                          const std::string& by) override;
  StatusOr<rollout::Rollout> Ask(const std::string& rollout_id,
                                 const rollout::Asked& asked) override;
  StatusOr<rollout::Rollout> Get(const std::string& rollout_id) override;
  StatusOr<std::vector<rollout::Rollout>> List(const std::string& cluster, size_t limit) override;
  StatusOr<driver::SubscriptionId> Subscribe(const std::string& rollout_id,
                                             driver::RolloutObserver observer) override;
  driver::SubscriptionId SubscribeRecords(driver::RecordObserver observer) override;
  void Unsubscribe(driver::SubscriptionId id) override;
  void Append(const rollout::Record& record) override;

  rollout::World world;
  std::vector<rollout::CheckResult> checks;
  std::shared_ptr<rollout::Plan> plan;
  std::vector<std::pair<std::string, int>> undo_asked;
  Status start_error;
  driver::Refusal start_refusal;
  std::function<void()> on_create_plan;  // runs on the worker, before the plan is returned
  rollout::PlanRequest wanted;           // of the last CreatePlan
  std::vector<rollout::Asked> asked;
  std::vector<std::string> by;
  std::vector<rollout::Record> appended;

 private:
  FakeRolloutStore& store_;
  std::mutex mutex_;
  uint64_t sequence_ = 0;
  driver::SubscriptionId next_subscription_ = 1;
  std::map<std::string, rollout::Rollout> rollouts_;
  std::map<driver::SubscriptionId, std::pair<std::string, driver::RolloutObserver>> observers_;
  std::map<driver::SubscriptionId, driver::RecordObserver> record_observers_;
};

class FakeAgents final : public fleet::Agents {
 public:
  std::vector<rollout::HostView> Hosts() override { return hosts; }
  Status Start(const rollout::OperationOrder&) override { return Unimplemented("fake"); }
  Status Cancel(const std::string&, const OperationId&) override { return Unimplemented("fake"); }
  void Acknowledge(const std::string&, const OperationId&, uint64_t) override {}
  void InspectProject(const std::string& host, const std::string& project,
                      const fleet::ProjectQuestion& question, Millis timeout,
                      std::function<void(StatusOr<rollout::ProjectView>)> done) override;
  void TailLog(const std::string& host, const std::string& project, const std::string& service,
               int lines, Millis timeout,
               std::function<void(StatusOr<fleet::LogChunk>)> done) override;
  void FollowLog(const std::string& host, const std::string& project, const std::string& service,
                 int lines, std::function<bool(const fleet::LogChunk&)> sink,
                 std::function<void(Status)> done) override;

  std::vector<rollout::HostView> hosts;
  std::map<std::pair<std::string, std::string>, rollout::ProjectView> projects;
  std::vector<std::string> log;
  std::mutex mutex;
  std::function<bool(const fleet::LogChunk&)> sink;  // of the last FollowLog; set under mutex
  std::function<void(Status)> follow_done;
};

// Hosts and what each keeps; a host that is not in it is not connected.
class FakeLeftovers final : public fleet::Leftovers {
 public:
  void ListLeftovers(const std::string& host, Millis timeout,
                     std::function<void(StatusOr<std::vector<fleet::Leftover>>)> done) override;
  void RemoveLeftover(const std::string& host, const fleet::Leftover& which, Millis timeout,
                      std::function<void(StatusOr<fleet::Leftover>)> done) override;

  std::map<std::string, std::vector<fleet::Leftover>> kept;
  Status refusal;  // of removals, where not OK
};

class FakeFleet final : public fleet::FleetAdmin {
 public:
  std::string FleetName() override { return "test-fleet"; }
  StatusOr<fleet::NewToken> CreateToken(Millis ttl) override;
  std::vector<fleet::HostStatus> ListHosts() override;
  StatusOr<fleet::HostStatus> GetHost(const std::string& host) override;
  StatusOr<fleet::HostStatus> RevokeHost(const std::string& host) override;
  StatusOr<fleet::HostStatus> CordonHost(const std::string& host) override;
  StatusOr<fleet::HostStatus> UncordonHost(const std::string& host) override;
  int64_t Subscribe(std::function<void(const fleet::HostStatus&)> changed) override;
  void Unsubscribe(int64_t subscription) override;

  // Adds or replaces a host and tells the observers.
  void Put(const fleet::HostStatus& host);
  size_t Observers();
  Millis last_ttl{};

 private:
  StatusOr<fleet::HostStatus> Change(const std::string& host,
                                     const std::function<void(fleet::HostStatus&)>& change);

  std::mutex mutex_;
  std::map<std::string, fleet::HostStatus> hosts_;
  std::map<int64_t, std::function<void(const fleet::HostStatus&)>> observers_;
  int64_t next_ = 1;
};

class FakeClusterStore final : public store::ClusterStore {
 public:
  Status PutCluster(const store::ClusterRecord& cluster) override;
  StatusOr<store::ClusterRecord> GetCluster(const std::string& name) override;
  StatusOr<std::vector<store::ClusterRecord>> ListClusters() override;

 private:
  std::mutex mutex_;
  std::map<std::string, store::ClusterRecord> clusters_;
};

class FakeClusterApi final : public opensearch::ClusterApi {
 public:
  StatusOr<rollout::ClusterObservation> Observe() override;
  StatusOr<std::vector<rollout::NodeView>> Nodes() override;
  StatusOr<rollout::HealthView> AwaitHealth(const rollout::HealthCondition& condition,
                                            Millis timeout,
                                            const std::vector<std::string>& avoid) override;
  Status PutSettings(const opensearch::SettingChanges&,
                     const opensearch::SettingChanges&) override {
    return Unimplemented("fake");
  }
  StatusOr<std::vector<std::string>> ClearArchivedSettings() override {
    return Unimplemented("fake");
  }
  Status Flush() override { return Unimplemented("fake"); }
  Status AddVotingExclusions(const std::vector<std::string>&) override {
    return Unimplemented("fake");
  }
  Status ClearVotingExclusions() override { return Unimplemented("fake"); }
  Status RetryFailedShards() override { return Unimplemented("fake"); }
  StatusOr<std::string> ExplainAllocation() override { return Unimplemented("fake"); }
  StatusOr<rollout::RepositoryView> GetRepository(const std::string& name) override;
  StatusOr<std::vector<rollout::RepositoryView>> ListRepositories() override {
    return own_repositories;
  }
  Status CleanUpRepository(const std::string&) override { return Unimplemented("fake"); }
  Status RegisterRepository(const rollout::RepositorySpec& spec) override;
  Status DeleteRepository(const std::string& name) override;
  StatusOr<rollout::RepositoryView> VerifyRepository(const std::string&) override {
    return repository;
  }
  Status BeginSnapshot(const std::string& repository, const std::string& name) override;
  // Each call returns the next of `snapshots` of that name, the last one for ever.
  StatusOr<rollout::SnapshotView> GetSnapshot(const std::string& repository,
                                              const std::string& name) override;
  StatusOr<std::vector<rollout::SnapshotView>> ListSnapshots(const std::string& name) override;
  Status DeleteSnapshot(const std::string&, const std::string& name) override;
  std::optional<uint64_t> SnapshotBytes(const std::string&, const std::string& name) override;
  Status BeginRestore(const rollout::RestorePlan& plan, bool sample) override;
  // Each call returns the next of `restores`, the last one for ever.
  StatusOr<opensearch::RestoreProgress> LookAtRestore(const std::vector<std::string>&) override;
  StatusOr<uint64_t> CountDocuments(const std::string& index) override;
  Status DeleteIndex(const std::string& index) override;
  Status StopSnapshotPolicy(const std::string&) override { return OkStatus(); }
  Status StartSnapshotPolicy(const std::string&) override { return OkStatus(); }

  Status error;  // of every look, where not OK
  rollout::ClusterObservation observation;
  rollout::RepositoryView repository;
  std::vector<rollout::SnapshotView> snapshots;  // of every repository but these
  std::vector<rollout::RepositoryView> own_repositories;
  std::map<std::string, std::vector<rollout::SnapshotView>> own_snapshots;
  std::vector<std::string> deleted_snapshots;
  std::map<std::string, uint64_t> snapshot_bytes;
  std::vector<std::pair<rollout::RestorePlan, bool>> begun_restores;
  std::vector<opensearch::RestoreProgress> restores;
  std::map<std::string, uint64_t> documents;  // an index that is not in it is closed
  std::vector<std::string> deleted_indices;
  std::vector<std::string> DeletedIndices();
  // Where set, a look waits until `gate` is opened: a cluster that does not answer.
  bool hangs = false;
  void Open();

 private:
  void Gate();

  std::mutex mutex_;
  std::condition_variable opened_;
  size_t next_ = 0;
};

// A file of the tests is a spec's name and "host/project/service" words; "bad" does not parse.
StatusOr<rollout::ClusterSpec> ParseTestFile(const std::string& text, const std::string& file);
std::string WriteTestFile(const rollout::ClusterSpec& spec, const std::vector<std::string>& notes);

// A rollout of three members os-1…3 on h1…3, in three batches; 2.17.1 → 2.19.1.
rollout::Plan TestPlan();
rollout::Rollout TestRollout(const std::string& id = "7f3c9a1e");
rollout::HostView TestHost(const std::string& name);

}  // namespace drover::api

#endif  // DROVER_TESTS_UNIT_API_FAKES_H_
