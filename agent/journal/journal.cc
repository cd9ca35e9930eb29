#include "agent/journal/journal.h"

#include <sqlite3.h>
#include <unistd.h>

#include <utility>

#include "agent/journal/records.h"

namespace drover::agent {
namespace {

// Sequences of the first two events of an operation that begins.
constexpr uint64_t kAccepted = 1;
constexpr uint64_t kRunning = 2;
constexpr int kForgetEvery = 64;  // acknowledgements between two looks for what is due

Status FromSqlite(const SQLite::Exception& error, const std::string& path) {
  const std::string what = "journal " + path + ": " + error.what();
  switch (error.getErrorCode()) {
    case SQLITE_FULL:
      return MakeStatus(StatusCode::kResourceExhausted, what + ": make room on this disk");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DataLoss(
          what +
          ": the file is damaged. Stop the agent, move this file and those beside it that end in "
          "-wal and -shm away, look at the host's containers for what the last operation did, and "
          "start the agent again: it begins a new journal and stays enrolled");
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return PermissionDenied(what + ": the agent's user must be able to write there");
    default:
      return Unavailable(what);
  }
}

// Runs `body`, which returns a Status, and turns what SQLiteCpp throws into one.
template <typename Body>
Status Guarded(const std::string& path, const Body& body) {
  try {
    return body();
  } catch (const SQLite::Exception& error) {
    return FromSqlite(error, path);
  }
}

v1::OperationEvent StateEvent(const std::string& id, uint64_t sequence, v1::OperationState state) {
  v1::OperationEvent event;
  event.set_operation_id(id);
  event.set_sequence(sequence);
  event.set_state(state);
  return event;
}

template <typename Message>
Status Parse(const SQLite::Column& column, const std::string& path, Message* message) {
  if (message->ParseFromArray(column.getBlob(), column.getBytes())) return OkStatus();
  return FromSqlite(SQLite::Exception("a record does not parse", SQLITE_CORRUPT), path);
}

bool HasEnded(v1::OperationState state) {
  return state != v1::OPERATION_STATE_ACCEPTED && state != v1::OPERATION_STATE_RUNNING;
}

Status CheckFile(SQLite::Database& database, const JournalOptions& options) {
  const int version = records::SchemaVersion(database);
  if (version > records::kSchemaVersion) {
    return FailedPrecondition("journal " + options.path + " has format " + std::to_string(version) +
                              ", this agent knows up to " +
                              std::to_string(records::kSchemaVersion) +
                              ": install the newer agent again");
  }
  if (version < records::kSchemaVersion && !options.read_only) {
    records::BringUpToDate(database, version);
  }
  const std::string damage = records::FindDamage(database);
  if (damage.empty()) return OkStatus();
  return FromSqlite(SQLite::Exception(damage, SQLITE_CORRUPT), options.path);
}

}  // namespace

StatusOr<std::unique_ptr<Journal>> Journal::Open(const JournalOptions& options, Time now) {
  if (options.read_only && ::access(options.path.c_str(), F_OK) != 0) {
    return NotFound("no journal " + options.path);
  }
  std::unique_ptr<Journal> journal;
  const Status status = Guarded(options.path, [&]() -> Status {
    auto database = records::OpenDatabase(options);
    DROVER_RETURN_IF_ERROR(CheckFile(*database, options));
    journal.reset(new Journal(options, std::move(database)));
    if (!options.read_only) journal->ForgetDue(now);
    return OkStatus();
  });
  if (!status.ok()) return status;
  return journal;
}

Journal::Journal(JournalOptions options, std::unique_ptr<SQLite::Database> database)
    : options_(std::move(options)), database_(std::move(database)) {}

Journal::~Journal() = default;

StatusOr<uint64_t> Journal::HighestEpoch() {
  std::lock_guard lock(mutex_);
  uint64_t epoch = 0;
  const Status status = Guarded(options_.path, [&] {
    epoch = records::HighestEpoch(*database_);
    return OkStatus();
  });
  if (!status.ok()) return status;
  return epoch;
}

Status Journal::RaiseEpoch(uint64_t epoch) {
  std::lock_guard lock(mutex_);
  return Guarded(options_.path, [&] {
    if (epoch > records::HighestEpoch(*database_)) records::RaiseEpoch(*database_, epoch);
    return OkStatus();
  });
}

StatusOr<bool> Journal::EnterFleet(const std::string& fleet) {
  std::lock_guard lock(mutex_);
  bool changed = false;
  const Status status = Guarded(options_.path, [&] {
    const std::string before = records::Fleet(*database_);
    if (before == fleet) return OkStatus();
    SQLite::Transaction transaction(*database_);
    records::SetFleet(*database_, fleet);
    // Without one the journal is of an agent that did not note it: the host has not moved.
    if (!before.empty()) records::ForgetFleet(*database_);
    transaction.commit();
    changed = !before.empty();
    return OkStatus();
  });
  if (!status.ok()) return status;
  return changed;
}

StatusOr<bool> Journal::Knows(const std::string& operation_id) {
  std::lock_guard lock(mutex_);
  bool known = false;
  const Status status = Guarded(options_.path, [&] {
    known = records::FindOperation(*database_, operation_id).has_value();
    return OkStatus();
  });
  if (!status.ok()) return status;
  return known;
}

Status Journal::Accept(const v1::StartOperation& order, Time now) {
  std::lock_guard lock(mutex_);
  return Guarded(options_.path, [&]() -> Status {
    const std::string& id = order.operation_id();
    SQLite::Transaction transaction(*database_);
    if (records::FindOperation(*database_, id)) {
      return AlreadyExists("operation " + id + " is in the journal");
    }
    records::InsertOperation(*database_, order, kAccepted, now);
    records::InsertEvent(*database_, StateEvent(id, kAccepted, v1::OPERATION_STATE_ACCEPTED));
    records::RaiseEpoch(*database_, order.epoch());
    transaction.commit();
    return OkStatus();
  });
}

Status Journal::Begin(const v1::StartOperation& order, Time now) {
  const std::string& id = order.operation_id();
  std::lock_guard lock(mutex_);
  const Status status = Guarded(options_.path, [&]() -> Status {
    SQLite::Transaction transaction(*database_);
    const auto row = records::FindOperation(*database_, id);
    if (row && row->state != v1::OPERATION_STATE_ACCEPTED) {
      return FailedPrecondition("operation " + id + " has begun before");
    }
    if (!row) {
      records::InsertOperation(*database_, order, kAccepted, now);
      records::InsertEvent(*database_, StateEvent(id, kAccepted, v1::OPERATION_STATE_ACCEPTED));
    }
    records::InsertEvent(*database_, StateEvent(id, kRunning, v1::OPERATION_STATE_RUNNING));
    records::SetRunning(*database_, id, kRunning + kProgressNumbers, now);
    records::RaiseEpoch(*database_, order.epoch());
    transaction.commit();
    return OkStatus();
  });
  if (!status.ok()) return status;
  std::lock_guard numbers_lock(numbers_mutex_);
  numbers_[id] = {kRunning + 1, kRunning + kProgressNumbers, false};
  return OkStatus();
}

uint64_t Journal::EndNumber(const std::string& operation_id, uint64_t last_sequence) {
  std::lock_guard lock(numbers_mutex_);
  const auto found = numbers_.find(operation_id);
  if (found == numbers_.end()) return last_sequence + 1;
  found->second.closed = true;
  return found->second.next;
}

Status Journal::End(const v1::StartOperation& order, const v1::OperationEnd& end, Time now) {
  const std::string& id = order.operation_id();
  std::lock_guard lock(mutex_);
  const Status status = Guarded(options_.path, [&]() -> Status {
    SQLite::Transaction transaction(*database_);
    const auto row = records::FindOperation(*database_, id);
    if (row && HasEnded(row->state)) {
      return FailedPrecondition("operation " + id + " has ended before");
    }
    if (!row) records::InsertOperation(*database_, order, 0, now);
    v1::OperationEvent event;
    event.set_operation_id(id);
    event.set_sequence(EndNumber(id, row ? row->last_sequence : 0));
    *event.mutable_end() = end;
    records::InsertEvent(*database_, event);
    records::SetEnded(*database_, id, end.state(), event.sequence(), now);
    transaction.commit();
    return OkStatus();
  });
  if (!status.ok()) return status;
  std::lock_guard numbers_lock(numbers_mutex_);
  numbers_.erase(id);
  return OkStatus();
}

uint64_t Journal::NumberProgress(const std::string& operation_id) {
  std::lock_guard lock(numbers_mutex_);
  const auto found = numbers_.find(operation_id);
  if (found == numbers_.end() || found->second.closed) return 0;
  Numbers& numbers = found->second;
  return numbers.next <= numbers.limit ? numbers.next++ : 0;
}

Status Journal::Acknowledge(const v1::AckEvents& acks, Time now) {
  std::lock_guard lock(mutex_);
  return Guarded(options_.path, [&] {
    // The next synced commit takes these along; FULL is put back whatever happens.
    struct Unsynced {
      explicit Unsynced(SQLite::Database& d) : database(d) {
        database.exec("PRAGMA synchronous=NORMAL");
      }
      ~Unsynced() { database.tryExec("PRAGMA synchronous=FULL"); }
      SQLite::Database& database;
    } unsynced(*database_);
    SQLite::Transaction transaction(*database_);
    for (const auto& ack : acks.acks()) {
      records::Acknowledge(*database_, ack.operation_id(), ack.sequence());
    }
    if (++acknowledgements_ % kForgetEvery == 0) ForgetDue(now);
    transaction.commit();
    return OkStatus();
  });
}

void Journal::ForgetDue(Time now) {
  records::ForgetEnded(*database_, now - options_.keep_ended, options_.max_ended);
}

StatusOr<std::vector<JournaledEvent>> Journal::EventsAfter(int64_t position) {
  std::lock_guard lock(mutex_);
  std::vector<JournaledEvent> events;
  const Status status = Guarded(options_.path, [&]() -> Status {
    SQLite::Statement read(*database_,
                           "SELECT position, operation_event FROM event JOIN operation"
                           " ON operation.id=event.operation_id WHERE position>? AND"
                           " sequence>acknowledged ORDER BY position");
    read.bind(1, position);
    while (read.executeStep()) {
      JournaledEvent& next = events.emplace_back();
      next.position = read.getColumn(0).getInt64();
      DROVER_RETURN_IF_ERROR(Parse(read.getColumn(1), options_.path, &next.event));
    }
    return OkStatus();
  });
  if (!status.ok()) return status;
  return events;
}

StatusOr<std::vector<v1::OperationEvent>> Journal::EventsOf(const std::string& operation_id) {
  std::lock_guard lock(mutex_);
  std::vector<v1::OperationEvent> events;
  const Status status = Guarded(options_.path, [&]() -> Status {
    SQLite::Statement read(
        *database_, "SELECT operation_event FROM event WHERE operation_id=? ORDER BY sequence");
    read.bind(1, operation_id);
    while (read.executeStep()) {
      DROVER_RETURN_IF_ERROR(Parse(read.getColumn(0), options_.path, &events.emplace_back()));
    }
    return OkStatus();
  });
  if (!status.ok()) return status;
  return events;
}

StatusOr<std::vector<OpenOperation>> Journal::OpenOperations() {
  std::lock_guard lock(mutex_);
  std::vector<OpenOperation> operations;
  const Status status = Guarded(options_.path, [&]() -> Status {
    SQLite::Statement read(*database_,
                           "SELECT start_operation, accepted_at, started_at FROM operation"
                           " WHERE ended_at IS NULL ORDER BY accepted_at, id");
    while (read.executeStep()) {
      OpenOperation& next = operations.emplace_back();
      DROVER_RETURN_IF_ERROR(Parse(read.getColumn(0), options_.path, &next.order));
      next.accepted_at = FromUnixMillis(read.getColumn(1).getInt64());
      const SQLite::Column started = read.getColumn(2);
      if (!started.isNull()) next.started_at = FromUnixMillis(started.getInt64());
    }
    return OkStatus();
  });
  if (!status.ok()) return status;
  return operations;
}

StatusOr<std::vector<std::string>> Journal::UnacknowledgedOperations() {
  std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  const Status status = Guarded(options_.path, [&] {
    SQLite::Statement read(*database_,
                           "SELECT id FROM operation WHERE ended_at IS NULL OR"
                           " acknowledged<last_sequence ORDER BY accepted_at, id");
    while (read.executeStep()) ids.push_back(read.getColumn(0).getString());
    return OkStatus();
  });
  if (!status.ok()) return status;
  return ids;
}

}  // namespace drover::agent
