#include <algorithm>
#include <limits>
#include <utility>

#include "controller/store/convert_rollout.h"
#include "controller/store/sqlite_store.h"

namespace drover::store {
namespace {

#define DROVER_RECORD_COLUMNS                                 \
  "SELECT sequence, at_ms, id, cluster, data FROM records r " \
  "LEFT JOIN rollouts o ON o.number = r.rollout "

// SQLite's integers are signed; a cursor beyond them has nothing after it.
int64_t Cursor(uint64_t since) {
  return static_cast<int64_t>(
      std::min<uint64_t>(since, static_cast<uint64_t>(std::numeric_limits<int64_t>::max())));
}

StatusOr<StoredRecord> ReadRecord(const Use& row) {
  v1::Record message;
  DROVER_RETURN_IF_ERROR(row.Parse(4, &message));
  StoredRecord stored;
  stored.sequence = static_cast<uint64_t>(row.Int(0));
  stored.at = FromUnixMillis(row.Int(1));
  if (!row.IsNull(2)) stored.rollout = RolloutId(row.Text(2));
  if (!row.IsNull(3)) stored.cluster = row.Text(3);
  stored.record = FromProto(message);
  return stored;
}

StatusOr<std::vector<StoredRecord>> ReadRecords(Use* rows) {
  std::vector<StoredRecord> records;
  while (rows->Next()) {
    DROVER_ASSIGN_OR_RETURN(StoredRecord record, ReadRecord(*rows));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

SqliteStore::RecordStatements::RecordStatements(SQLite::Database& db)
    : last(db, "SELECT sequence FROM records ORDER BY sequence DESC LIMIT 1"),
      add(db, "INSERT INTO records (sequence, at_ms, rollout, data) VALUES (?1, ?2, ?3, ?4)"),
      list(db, DROVER_RECORD_COLUMNS "WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"),
      list_of_rollout(db, DROVER_RECORD_COLUMNS
                      "WHERE r.rollout = (SELECT number FROM rollouts WHERE id = ?1) "
                      "AND sequence > ?2 ORDER BY sequence LIMIT ?3") {}

void SqliteStore::WriteRecord(uint64_t sequence, Time at, const std::optional<int64_t>& rollout,
                              const rollout::Record& record) {
  record_message_.Clear();
  ToProto(record, &record_message_);
  record_message_.SerializeToString(&record_bytes_);
  Use(records_.add, sequence, ToUnixMillis(at), rollout, Blob{record_bytes_}).Run();
}

StatusOr<StoredRecord> SqliteStore::AppendRecord(Time at, const rollout::Record& record) {
  const std::lock_guard<std::mutex> lock(mutex_);
  DROVER_RETURN_IF_ERROR(database_->InTransaction([&]() -> Status {
    WriteRecord(last_sequence_ + 1, at, std::nullopt, record);
    return OkStatus();
  }));
  ++last_sequence_;
  return StoredRecord{last_sequence_, at, RolloutId(), "", record};
}

StatusOr<std::vector<StoredRecord>> SqliteStore::ListRecords(const RolloutId& rollout,
                                                             uint64_t since, size_t limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->Run([&] {
    if (rollout.empty()) {
      Use rows(records_.list, Cursor(since), Cursor(limit));
      return ReadRecords(&rows);
    }
    Use rows(records_.list_of_rollout, rollout.str(), Cursor(since), Cursor(limit));
    return ReadRecords(&rows);
  });
}

}  // namespace drover::store
