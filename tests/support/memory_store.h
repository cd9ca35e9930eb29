// A store of maps, for tests that need a Store and no SQLite. It keeps the same contract: the suite
// of tests/contract/store_contract.h runs against it too.
#ifndef DROVER_TESTS_SUPPORT_MEMORY_STORE_H_
#define DROVER_TESTS_SUPPORT_MEMORY_STORE_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "controller/store/store.h"

namespace drover::testing {

class MemoryStore final : public store::Store {
 public:
  // The next `count` changes of rollouts, plans and records fail with `error` and change nothing.
  void FailNextChanges(int count, const Status& error);
  // How many commits there were.
  int commits() const;

  Status SavePlan(const rollout::Plan& plan) override;
  StatusOr<std::shared_ptr<const rollout::Plan>> LoadPlan(const PlanId& id) override;
  Status Commit(rollout::Rollout* next, Time at, const std::vector<rollout::Record>& records,
                std::vector<store::StoredRecord>* new_records) override;
  StatusOr<rollout::Rollout> LoadRollout(const RolloutId& id) override;
  StatusOr<std::vector<rollout::Rollout>> LoadUnfinished() override;
  StatusOr<std::vector<rollout::Rollout>> ListRollouts(const std::string& cluster,
                                                       size_t limit) override;
  StatusOr<rollout::History> TimingsOf(const std::string& cluster) override;
  StatusOr<store::StoredRecord> AppendRecord(Time at, const rollout::Record& record) override;
  StatusOr<std::vector<store::StoredRecord>> ListRecords(const RolloutId& rollout, uint64_t since,
                                                         size_t limit) override;

  StatusOr<store::EpochHistory> Epochs() override;
  StatusOr<uint64_t> NextEpoch(uint64_t at_least) override;
  Status RecordFenced(uint64_t by) override;

  Status AddToken(const store::TokenRecord& token) override;
  Status Enroll(const std::string& secret_sha256, Time now, const store::HostRecord& host) override;
  StatusOr<std::vector<store::HostRecord>> ListHosts() override;
  Status UpdateHost(const store::HostRecord& host) override;

  Status PutCluster(const store::ClusterRecord& cluster) override;
  StatusOr<store::ClusterRecord> GetCluster(const std::string& name) override;
  StatusOr<std::vector<store::ClusterRecord>> ListClusters() override;

 private:
  Status TakeFailure();
  bool NameTaken(const store::HostRecord& host) const;

  mutable std::mutex mutex_;
  int failures_left_ = 0;
  Status failure_;
  int commits_ = 0;
  store::EpochHistory epochs_;
  std::map<PlanId, std::shared_ptr<const rollout::Plan>> plans_;
  std::vector<rollout::Rollout> rollouts_;  // oldest first
  std::vector<store::StoredRecord> records_;
  std::map<std::string, store::TokenRecord> tokens_;
  std::map<HostId, store::HostRecord> hosts_;
  std::map<std::string, store::ClusterRecord> clusters_;
};

}  // namespace drover::testing

#endif  // DROVER_TESTS_SUPPORT_MEMORY_STORE_H_
