// The store over SQLite. One connection and one mutex: a commit is one short transaction, and
// readers wait for it. The methods are in epochs.cc, rollouts.cc, records.cc, fleet.cc and
// clusters.cc.
#ifndef DROVER_CONTROLLER_STORE_SQLITE_STORE_H_
#define DROVER_CONTROLLER_STORE_SQLITE_STORE_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/store/data_folder.h"
#include "controller/store/database.h"
#include "controller/store/store.h"
#include "drover/store/v1/rollout.pb.h"

namespace drover::store {

class SqliteStore final : public Store {
 public:
  // `folder` is null for a store in memory. The schema must be up to date. Throws
  // SQLite::Exception.
  SqliteStore(std::unique_ptr<DataFolder> folder, std::unique_ptr<Database> database);

  Status SavePlan(const rollout::Plan& plan) override;
  StatusOr<std::shared_ptr<const rollout::Plan>> LoadPlan(const PlanId& id) override;
  Status Commit(rollout::Rollout* next, Time at, const std::vector<rollout::Record>& records,
                std::vector<StoredRecord>* new_records) override;
  StatusOr<rollout::Rollout> LoadRollout(const RolloutId& id) override;
  StatusOr<std::vector<rollout::Rollout>> LoadUnfinished() override;
  StatusOr<std::vector<rollout::Rollout>> ListRollouts(const std::string& cluster,
                                                       size_t limit) override;
  StatusOr<rollout::History> TimingsOf(const std::string& cluster) override;
  StatusOr<StoredRecord> AppendRecord(Time at, const rollout::Record& record) override;
  StatusOr<std::vector<StoredRecord>> ListRecords(const RolloutId& rollout, uint64_t since,
                                                  size_t limit) override;

  StatusOr<EpochHistory> Epochs() override;
  StatusOr<uint64_t> NextEpoch(uint64_t at_least) override;
  Status RecordFenced(uint64_t by) override;

  Status AddToken(const TokenRecord& token) override;
  Status Enroll(const std::string& secret_sha256, Time now, const HostRecord& host) override;
  StatusOr<std::vector<HostRecord>> ListHosts() override;
  Status UpdateHost(const HostRecord& host) override;

  Status PutCluster(const ClusterRecord& cluster) override;
  StatusOr<ClusterRecord> GetCluster(const std::string& name) override;
  StatusOr<std::vector<ClusterRecord>> ListClusters() override;

 private:
  // What is known of a rollout's row without reading it.
  struct Row {
    int64_t number = 0;
    std::optional<int64_t> ended_as;
    // As stored; nothing: not known.
    std::optional<std::vector<rollout::CheckResult>> checks;
  };

  struct RolloutStatements {
    explicit RolloutStatements(SQLite::Database& db);
    SQLite::Statement find_plan, add_plan, find, add, set_state, set_state_and_end, set_checks,
        load, unfinished, list, list_of_cluster, succeeded;
  };
  struct RecordStatements {
    explicit RecordStatements(SQLite::Database& db);
    SQLite::Statement last, add, list, list_of_rollout;
  };
  struct FleetStatements {
    explicit FleetStatements(SQLite::Database& db);
    SQLite::Statement add_token, find_token, use_token, find_host, add_host, list_hosts,
        update_host;
  };
  struct EpochStatements {
    explicit EpochStatements(SQLite::Database& db);
    SQLite::Statement read, raise, forget, fenced;
  };
  struct ClusterStatements {
    explicit ClusterStatements(SQLite::Database& db);
    SQLite::Statement put, get, list;
  };

  // The methods below are called with mutex_ held; those that say so throw SQLite::Exception.

  StatusOr<std::shared_ptr<const rollout::Plan>> LoadPlanLocked(const PlanId& id);  // throws
  // The row of `rollout`, looked up where it is not known; number 0: there is none yet. Throws.
  Row* FindRow(const RolloutId& id);
  Status AddRow(const rollout::Rollout& rollout, Row* row);             // throws
  void UpdateRow(const rollout::Rollout& rollout, Row* row);            // throws
  Status WriteState(const rollout::Rollout& rollout, int64_t* number);  // throws
  void WriteRecord(uint64_t sequence, Time at, const std::optional<int64_t>& rollout,
                   const rollout::Record& record);  // throws
  // A row of the columns state, checks, plan. Throws.
  StatusOr<rollout::Rollout> ReadRollout(const Use& row);
  StatusOr<std::vector<rollout::Rollout>> ReadRollouts(Use* rows);  // throws
  std::string ClusterNames();                                       // throws
  StatusOr<EpochHistory> ReadEpochs();                              // throws

  const std::unique_ptr<DataFolder> folder_;  // outlives the database: the lock goes last
  std::mutex mutex_;
  const std::unique_ptr<Database> database_;
  EpochStatements epochs_;
  RolloutStatements rollouts_;
  RecordStatements records_;
  FleetStatements fleet_;
  ClusterStatements clusters_;

  uint64_t last_sequence_ = 0;
  std::unordered_map<RolloutId, Row> rows_;  // of rollouts that have not ended
  std::unordered_map<PlanId, std::weak_ptr<const rollout::Plan>> plans_;
  // Kept between commits for their memory.
  v1::RolloutState state_message_;
  v1::Record record_message_;
  std::string state_bytes_, record_bytes_;
};

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_SQLITE_STORE_H_
