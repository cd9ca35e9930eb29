// The number that fences controllers, and what this database knows of it
// (docs/adr/2026-11-23-epochs-by-the-clock.md).
#ifndef DROVER_CONTROLLER_STORE_EPOCH_STORE_H_
#define DROVER_CONTROLLER_STORE_EPOCH_STORE_H_

#include <cstdint>

#include "common/base/status.h"

namespace drover::store {

struct EpochHistory {
  // Of the newest start on this database; 0: there was none.
  uint64_t last = 0;
  // Of the controller that was seen to command in this one's place; 0: none was.
  uint64_t fenced_by = 0;
  // Written by a restore, and not started since.
  bool restored = false;
  bool operator==(const EpochHistory&) const = default;
};

// Thread safe. Every change is durable when the call returns.
class EpochStore {
 public:
  virtual ~EpochStore() = default;

  virtual StatusOr<EpochHistory> Epochs() = 0;

  // Once at each start of a controller: raises the epoch to `at_least`, at any rate above the last
  // one, and returns it. `fenced_by` and `restored` are forgotten.
  virtual StatusOr<uint64_t> NextEpoch(uint64_t at_least) = 0;

  // Another controller commands, with epoch `by`.
  virtual Status RecordFenced(uint64_t by) = 0;
};

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_EPOCH_STORE_H_
