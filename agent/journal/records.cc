#include "agent/journal/records.h"

namespace drover::agent::records {
namespace {

// The journal is small and rarely read: a small page cache keeps the agent small.
constexpr char kSettings[] =
    "PRAGMA cache_size=-256;"
    "PRAGMA foreign_keys=ON;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=200;";

constexpr char kTables[] =
    "CREATE TABLE fence(only_row INTEGER PRIMARY KEY CHECK(only_row=1), epoch INTEGER NOT NULL);"
    "INSERT INTO fence VALUES(1, 0);"
    "CREATE TABLE operation("
    " id TEXT PRIMARY KEY NOT NULL,"
    " start_operation BLOB NOT NULL,"
    " state INTEGER NOT NULL,"
    " accepted_at INTEGER NOT NULL,"
    " started_at INTEGER,"
    " ended_at INTEGER,"
    " last_sequence INTEGER NOT NULL,"
    " acknowledged INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE event("
    " position INTEGER PRIMARY KEY AUTOINCREMENT,"
    " operation_id TEXT NOT NULL REFERENCES operation(id) ON DELETE CASCADE,"
    " sequence INTEGER NOT NULL,"
    " is_end INTEGER NOT NULL,"
    " operation_event BLOB NOT NULL,"
    " UNIQUE(operation_id, sequence));";

// Format 2.
constexpr char kFleetColumn[] = "ALTER TABLE fence ADD COLUMN fleet TEXT NOT NULL DEFAULT '';";

constexpr int kBusyTimeoutMs = 5000;

void BindBytes(SQLite::Statement& statement, int index, const std::string& bytes) {
  statement.bind(index, bytes.data(), static_cast<int>(bytes.size()));
}

int64_t ToColumn(uint64_t value) { return static_cast<int64_t>(value); }

}  // namespace

std::unique_ptr<SQLite::Database> OpenDatabase(const JournalOptions& options) {
  const int flags =
      options.read_only ? SQLite::OPEN_READONLY : SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
  auto database =
      std::make_unique<SQLite::Database>(options.path, flags, kBusyTimeoutMs, options.vfs);
  if (!options.read_only) database->exec(kSettings);
  return database;
}

std::string FindDamage(SQLite::Database& database) {
  SQLite::Statement check(database, "PRAGMA quick_check(1)");
  if (!check.executeStep()) return "the check gave no answer";
  const std::string verdict = check.getColumn(0).getString();
  return verdict == "ok" ? "" : verdict;
}

int SchemaVersion(SQLite::Database& database) {
  return database.execAndGet("PRAGMA user_version").getInt();
}

void BringUpToDate(SQLite::Database& database, int from) {
  SQLite::Transaction transaction(database);
  if (from < 1) database.exec(kTables);
  if (from < 2) database.exec(kFleetColumn);
  database.exec("PRAGMA user_version=" + std::to_string(kSchemaVersion));
  transaction.commit();
}

std::optional<Row> FindOperation(SQLite::Database& database, const std::string& id) {
  SQLite::Statement find(database, "SELECT state, last_sequence FROM operation WHERE id=?");
  find.bind(1, id);
  if (!find.executeStep()) return std::nullopt;
  Row row;
  row.state = static_cast<v1::OperationState>(find.getColumn(0).getInt());
  row.last_sequence = static_cast<uint64_t>(find.getColumn(1).getInt64());
  return row;
}

void InsertOperation(SQLite::Database& database, const v1::StartOperation& order,
                     uint64_t last_sequence, Time now) {
  SQLite::Statement insert(database,
                           "INSERT INTO operation(id, start_operation, state, accepted_at,"
                           " last_sequence, acknowledged) VALUES(?, ?, ?, ?, ?, 0)");
  insert.bind(1, order.operation_id());
  const std::string bytes = order.SerializeAsString();
  BindBytes(insert, 2, bytes);
  insert.bind(3, static_cast<int>(v1::OPERATION_STATE_ACCEPTED));
  insert.bind(4, ToUnixMillis(now));
  insert.bind(5, ToColumn(last_sequence));
  insert.exec();
}

void SetRunning(SQLite::Database& database, const std::string& id, uint64_t last_sequence,
                Time now) {
  SQLite::Statement update(
      database, "UPDATE operation SET state=?, started_at=?, last_sequence=? WHERE id=?");
  update.bind(1, static_cast<int>(v1::OPERATION_STATE_RUNNING));
  update.bind(2, ToUnixMillis(now));
  update.bind(3, ToColumn(last_sequence));
  update.bind(4, id);
  update.exec();
}

void SetEnded(SQLite::Database& database, const std::string& id, v1::OperationState state,
              uint64_t last_sequence, Time now) {
  SQLite::Statement update(database,
                           "UPDATE operation SET state=?, ended_at=?, last_sequence=? WHERE id=?");
  update.bind(1, static_cast<int>(state));
  update.bind(2, ToUnixMillis(now));
  update.bind(3, ToColumn(last_sequence));
  update.bind(4, id);
  update.exec();
}

void InsertEvent(SQLite::Database& database, const v1::OperationEvent& event) {
  SQLite::Statement insert(database,
                           "INSERT INTO event(operation_id, sequence, is_end, operation_event)"
                           " VALUES(?, ?, ?, ?)");
  insert.bind(1, event.operation_id());
  insert.bind(2, ToColumn(event.sequence()));
  insert.bind(3, event.has_end() ? 1 : 0);
  const std::string bytes = event.SerializeAsString();
  BindBytes(insert, 4, bytes);
  insert.exec();
}

void Acknowledge(SQLite::Database& database, const std::string& id, uint64_t sequence) {
  SQLite::Statement update(database,
                           "UPDATE operation SET acknowledged=max(acknowledged,"
                           " min(?, last_sequence)) WHERE id=?");
  update.bind(1, ToColumn(sequence));
  update.bind(2, id);
  if (update.exec() == 0) return;
  SQLite::Statement forget(database,
                           "DELETE FROM event WHERE operation_id=?1 AND is_end=0 AND"
                           " sequence<=(SELECT acknowledged FROM operation WHERE id=?1)");
  forget.bind(1, id);
  forget.exec();
  SQLite::Statement shrink(database,
                           "UPDATE operation SET start_operation=x'' WHERE id=? AND"
                           " ended_at IS NOT NULL AND acknowledged>=last_sequence");
  shrink.bind(1, id);
  shrink.exec();
}

void ForgetEnded(SQLite::Database& database, Time ended_before, int keep_at_most) {
  SQLite::Statement old(database,
                        "DELETE FROM operation WHERE ended_at IS NOT NULL AND ended_at<? AND"
                        " acknowledged>=last_sequence");
  old.bind(1, ToUnixMillis(ended_before));
  old.exec();
  SQLite::Statement many(database,
                         "DELETE FROM operation WHERE id IN (SELECT id FROM operation WHERE"
                         " ended_at IS NOT NULL AND acknowledged>=last_sequence"
                         " ORDER BY ended_at DESC, id LIMIT -1 OFFSET ?)");
  many.bind(1, keep_at_most);
  many.exec();
}

std::string Fleet(SQLite::Database& database) {
  return database.execAndGet("SELECT fleet FROM fence").getString();
}

void SetFleet(SQLite::Database& database, const std::string& fleet) {
  SQLite::Statement update(database, "UPDATE fence SET fleet=?");
  update.bind(1, fleet);
  update.exec();
}

void ForgetFleet(SQLite::Database& database) {
  database.exec("UPDATE fence SET epoch=0; DELETE FROM operation WHERE ended_at IS NOT NULL;");
}

uint64_t HighestEpoch(SQLite::Database& database) {
  return static_cast<uint64_t>(database.execAndGet("SELECT epoch FROM fence").getInt64());
}

void RaiseEpoch(SQLite::Database& database, uint64_t epoch) {
  SQLite::Statement update(database, "UPDATE fence SET epoch=max(epoch, ?)");
  update.bind(1, ToColumn(epoch));
  update.exec();
}

}  // namespace drover::agent::records
