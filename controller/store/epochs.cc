#include <algorithm>

#include "controller/store/sqlite_store.h"

namespace drover::store {

SqliteStore::EpochStatements::EpochStatements(SQLite::Database& db)
    : read(db,
           "SELECT coalesce(max(value) FILTER (WHERE name = 'epoch'), -1), "
           "coalesce(max(value) FILTER (WHERE name = 'fenced_by'), 0), "
           "coalesce(max(value) FILTER (WHERE name = 'restored'), 0) FROM counters"),
      raise(db, "UPDATE counters SET value = ?1 WHERE name = 'epoch'"),
      forget(db, "DELETE FROM counters WHERE name IN ('fenced_by', 'restored')"),
      fenced(db, "INSERT OR REPLACE INTO counters VALUES ('fenced_by', ?1)") {}

StatusOr<EpochHistory> SqliteStore::ReadEpochs() {
  Use row(epochs_.read);
  if (!row.Next() || row.Int(0) < 0) {
    return DataLoss(
        "the database has no epoch: restore it from a backup (drover-controller restore); do not "
        "delete it");
  }
  return EpochHistory{static_cast<uint64_t>(row.Int(0)), static_cast<uint64_t>(row.Int(1)),
                      row.Int(2) != 0};
}

StatusOr<EpochHistory> SqliteStore::Epochs() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->Run([&] { return ReadEpochs(); });
}

StatusOr<uint64_t> SqliteStore::NextEpoch(uint64_t at_least) {
  const std::lock_guard<std::mutex> lock(mutex_);
  uint64_t epoch = 0;
  DROVER_RETURN_IF_ERROR(database_->InTransaction([&]() -> Status {
    DROVER_ASSIGN_OR_RETURN(const EpochHistory history, ReadEpochs());
    epoch = std::max(history.last + 1, at_least);
    Use(epochs_.raise, epoch).Run();
    Use(epochs_.forget).Run();
    return OkStatus();
  }));
  return epoch;
}

Status SqliteStore::RecordFenced(uint64_t by) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return database_->InTransaction([&]() -> Status {
    Use(epochs_.fenced, by).Run();
    return OkStatus();
  });
}

}  // namespace drover::store
