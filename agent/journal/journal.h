// The agent's durable memory of operations: what it accepted, began and ended, which events the
// controller has not acknowledged, and the highest epoch it has seen. docs/journal-format.md has
// the tables and the ordering rules.
#ifndef DROVER_AGENT_JOURNAL_JOURNAL_H_
#define DROVER_AGENT_JOURNAL_JOURNAL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "drover/agent/v1/gateway.pb.h"

namespace SQLite {
class Database;
}

namespace drover::agent {

struct JournalOptions {
  std::string path{};
  // Name of a registered SQLite VFS; empty for the system's. Tests inject faults here.
  std::string vfs{};
  // For `drover-agent status`: changes nothing, may run beside a running agent.
  bool read_only = false;
  // An ended and acknowledged operation's id and end stay known this long, ...
  Millis keep_ended{7LL * 24 * 3600 * 1000};
  // ... but never more than this many of them.
  int max_ended = 10'000;
};

// An operation that has not ended.
struct OpenOperation {
  v1::StartOperation order;
  Time accepted_at;
  // Unset where the verb was never begun.
  std::optional<Time> started_at;
};

struct JournaledEvent {
  int64_t position = 0;  // grows with each journaled event, never used again
  v1::OperationEvent event;
};

// Thread safe; each writing call returns after the disk has it, unless it says otherwise.
// Errors: RESOURCE_EXHAUSTED (disk full), DATA_LOSS (damaged), UNAVAILABLE (any other fault of the
// disk). After an error nothing of the call is in the journal.
class Journal {
 public:
  // Progress is not journaled, but takes numbers between RUNNING and the end. This many are set
  // aside, so that an end that is written after a crash never has the number of a sent progress.
  static constexpr uint64_t kProgressNumbers = 100'000;

  // Opens or creates the journal and forgets what is due at `now`. DATA_LOSS or FAILED_PRECONDITION
  // (written by a newer agent) say what the operator must do. NOT_FOUND: read_only and no file.
  static StatusOr<std::unique_ptr<Journal>> Open(const JournalOptions& options, Time now);
  ~Journal();

  StatusOr<uint64_t> HighestEpoch();
  // Remembers `epoch` where it is higher than the highest one; else does nothing.
  Status RaiseEpoch(uint64_t epoch);

  // The host belongs to `fleet` (any text that names its authority). True where it was in another
  // one: then the old one's epoch and its ended operations are forgotten, so that the new
  // controller is heard. Open operations stay: they are ended like any other.
  StatusOr<bool> EnterFleet(const std::string& fleet);

  StatusOr<bool> Knows(const std::string& operation_id);

  // Accepts an operation that has to wait: event ACCEPTED. ALREADY_EXISTS where the id is known.
  Status Accept(const v1::StartOperation& order, Time now);

  // The verb begins next: event RUNNING, and ACCEPTED before it where Accept was not called, in one
  // commit. FAILED_PRECONDITION where it has begun or ended before.
  Status Begin(const v1::StartOperation& order, Time now);

  // The operation has ended as `end`, begun or not, accepted or not. FAILED_PRECONDITION where it
  // has ended before.
  Status End(const v1::StartOperation& order, const v1::OperationEnd& end, Time now);

  // The sequence for a progress event to be sent now; 0 where the operation does not run or its
  // numbers are used up, then the progress is dropped. Does not touch the disk, never blocks long.
  uint64_t NumberProgress(const std::string& operation_id);

  // The controller has these durable: their events are forgotten, but for ends, which answer
  // repeated orders. Not synced: a lost acknowledgement only costs a repeated event.
  Status Acknowledge(const v1::AckEvents& acks, Time now);

  // Not acknowledged events with a position above `position`, in the order they were journaled.
  StatusOr<std::vector<JournaledEvent>> EventsAfter(int64_t position);

  // All that is kept of one operation's events, acknowledged or not, in order.
  StatusOr<std::vector<v1::OperationEvent>> EventsOf(const std::string& operation_id);

  StatusOr<std::vector<OpenOperation>> OpenOperations();
  // Ids of operations with an event that is not acknowledged, or that have not ended.
  StatusOr<std::vector<std::string>> UnacknowledgedOperations();

 private:
  struct Numbers {
    uint64_t next = 0;
    uint64_t limit = 0;
    bool closed = false;  // the end has its number
  };

  Journal(JournalOptions options, std::unique_ptr<SQLite::Database> database);
  uint64_t EndNumber(const std::string& operation_id, uint64_t last_sequence);
  void ForgetDue(Time now);  // throws SQLite::Exception

  const JournalOptions options_;
  std::mutex mutex_;  // the database
  std::unique_ptr<SQLite::Database> database_;
  int acknowledgements_ = 0;
  std::mutex numbers_mutex_;
  std::map<std::string, Numbers> numbers_;  // of operations that run in this process
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_JOURNAL_JOURNAL_H_
