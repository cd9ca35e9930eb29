// A rollout store whose process may die before or after each commit, and whose disk may be full.
#ifndef DROVER_TESTS_SIMULATION_SIM_STORE_H_
#define DROVER_TESTS_SIMULATION_SIM_STORE_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "controller/store/rollout_store.h"

namespace drover::simulation {

// Thrown where a controller dies; only SimController catches it.
struct ControllerDied {};

class SimStore final : public store::RolloutStore {
 public:
  // `inner` must outlive this; `on_commit` is told of each state that is durable now.
  SimStore(store::RolloutStore& inner, std::function<void(const rollout::Rollout&)> on_commit)
      : inner_(inner), on_commit_(std::move(on_commit)) {}

  void DieBeforeCommit(int n) { die_before_.insert(n); }
  void DieAfterCommit(int n) { die_after_.insert(n); }
  void SetFull(bool full) { full_ = full; }
  int commits() const { return commits_; }
  // The newest state that is durable.
  const rollout::Rollout& committed() const { return committed_; }

  Status Commit(rollout::Rollout* next, Time at, const std::vector<rollout::Record>& records,
                std::vector<store::StoredRecord>* new_records) override {
    ++commits_;
    if (die_before_.contains(commits_)) throw ControllerDied{};
    if (full_) return Unavailable("database or disk is full");
    DROVER_RETURN_IF_ERROR(inner_.Commit(next, at, records, new_records));
    committed_ = *next;
    on_commit_(committed_);
    if (die_after_.contains(commits_)) throw ControllerDied{};
    return OkStatus();
  }

  Status SavePlan(const rollout::Plan& plan) override { return inner_.SavePlan(plan); }
  StatusOr<std::shared_ptr<const rollout::Plan>> LoadPlan(const PlanId& id) override {
    return inner_.LoadPlan(id);
  }
  StatusOr<rollout::Rollout> LoadRollout(const RolloutId& id) override {
    return inner_.LoadRollout(id);
  }
  StatusOr<std::vector<rollout::Rollout>> LoadUnfinished() override {
    return inner_.LoadUnfinished();
  }
  StatusOr<std::vector<rollout::Rollout>> ListRollouts(const std::string& cluster,
                                                       size_t limit) override {
    return inner_.ListRollouts(cluster, limit);
  }
  StatusOr<rollout::History> TimingsOf(const std::string& cluster) override {
    return inner_.TimingsOf(cluster);
  }
  StatusOr<store::StoredRecord> AppendRecord(Time at, const rollout::Record& record) override {
    return inner_.AppendRecord(at, record);
  }
  StatusOr<std::vector<store::StoredRecord>> ListRecords(const RolloutId& rollout, uint64_t since,
                                                         size_t limit) override {
    return inner_.ListRecords(rollout, since, limit);
  }

 private:
  store::RolloutStore& inner_;
  std::function<void(const rollout::Rollout&)> on_commit_;
  int commits_ = 0;
  bool full_ = false;
  std::set<int> die_before_, die_after_;
  rollout::Rollout committed_;
};

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_SIM_STORE_H_
