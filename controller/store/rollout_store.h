// Plans, rollouts and their events, durable (architecture.md, "The engine").
#ifndef DROVER_CONTROLLER_STORE_ROLLOUT_STORE_H_
#define DROVER_CONTROLLER_STORE_ROLLOUT_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "controller/rollout/event.h"
#include "controller/rollout/rollout.h"

namespace drover::store {

// A committed line of history; sequence grows over all rollouts and the fleet.
struct StoredRecord {
  uint64_t sequence = 0;
  Time at{};
  RolloutId rollout;  // empty for the fleet's
  std::string cluster;
  rollout::Record record;
  bool operator==(const StoredRecord&) const = default;
};

// Thread safe; one writer at a time. Every change is durable when the call returns.
class RolloutStore {
 public:
  virtual ~RolloutStore() = default;

  // Saving the same plan again is no error; ALREADY_EXISTS where another plan has its id.
  virtual Status SavePlan(const rollout::Plan& plan) = 0;
  // NOT_FOUND where there is none of that id.
  virtual StatusOr<std::shared_ptr<const rollout::Plan>> LoadPlan(const PlanId& id) = 0;

  // One transaction: the rollout's whole state (its outbox is part of it) and the records of the
  // event that led there. `next->sequence` is set to the sequence of the last record, or kept where
  // there is none. `new_records`, where given, is replaced by the records as stored.
  // FAILED_PRECONDITION where the plan was not saved. After an error nothing is changed, `next`
  // included.
  virtual Status Commit(rollout::Rollout* next, Time at,
                        const std::vector<rollout::Record>& records,
                        std::vector<StoredRecord>* new_records) = 0;

  // NOT_FOUND where there is none of that id.
  virtual StatusOr<rollout::Rollout> LoadRollout(const RolloutId& id) = 0;
  // Oldest first.
  virtual StatusOr<std::vector<rollout::Rollout>> LoadUnfinished() = 0;
  // Newest first, at most `limit`; of one cluster, or of all where `cluster` is empty.
  virtual StatusOr<std::vector<rollout::Rollout>> ListRollouts(const std::string& cluster,
                                                               size_t limit) = 0;

  // How long the parts of this cluster's newest succeeded rollouts took (at most five of them),
  // each the mean over those that have it: the snapshot, the prefetch of all members from the first
  // start to the last end, and one member from its stop to its recovery. All zero where there is
  // none.
  virtual StatusOr<rollout::History> TimingsOf(const std::string& cluster) = 0;

  // A record of the fleet, outside any rollout.
  virtual StatusOr<StoredRecord> AppendRecord(Time at, const rollout::Record& record) = 0;
  // After `since`, oldest first, at most `limit`; of one rollout, or all where `rollout` is empty.
  virtual StatusOr<std::vector<StoredRecord>> ListRecords(const RolloutId& rollout, uint64_t since,
                                                          size_t limit) = 0;
};

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_ROLLOUT_STORE_H_
