#include "controller/store/database.h"

#include <sqlite3.h>

#include <utility>

namespace drover::store {
namespace {

constexpr int kBusyTimeoutMs = 5000;  // for a backup tool that reads beside us

Status Damaged(const std::string& path, const std::string& what) {
  return DataLoss("the database " + path + " is damaged (" + what + "): " + kWayOut);
}

Status Check(SQLite::Database* connection, const std::string& path) {
  SQLite::Statement check(*connection, "PRAGMA quick_check(1)");
  if (!check.executeStep()) return Damaged(path, "no answer to quick_check");
  const std::string answer = check.getColumn(0).getString();
  return answer == "ok" ? OkStatus() : Damaged(path, answer);
}

void Prepare(SQLite::Database* connection) {
  connection->exec("PRAGMA journal_mode = WAL");  // a database in memory keeps its own mode
  connection->exec("PRAGMA synchronous = FULL");
  connection->exec("PRAGMA foreign_keys = ON");
  connection->exec("PRAGMA trusted_schema = OFF");
  connection->exec("PRAGMA journal_size_limit = 67108864");
}

Status TranslateCode(const std::string& path, int code, const std::string& what) {
  const std::string message = "database " + path + ": " + what;
  switch (code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Damaged(path, what);
    case SQLITE_FULL:
      return MakeStatus(StatusCode::kResourceExhausted, message + "; free some space there");
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return PermissionDenied(message +
                              "; the file and its folder must belong to the user that "
                              "runs drover-controller and be writable");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable(message +
                         "; another program holds it (a backup?): try again when it has "
                         "ended");
    case SQLITE_IOERR:
      return Unavailable(message + "; see the kernel's log for the disk");
    default:
      return Internal(message);
  }
}

}  // namespace

Status FromSqlite(const std::string& path, const SQLite::Exception& e) {
  return TranslateCode(path, e.getErrorCode(), e.what());
}

StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path,
                                                   const std::string& vfs) {
  try {
    // The store's mutex does what SQLite's own would do again.
    SQLite::Database connection(path,
                                SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX,
                                kBusyTimeoutMs, vfs);
    DROVER_RETURN_IF_ERROR(Check(&connection, path));
    Prepare(&connection);
    return std::unique_ptr<Database>(new Database(path, std::move(connection)));
  } catch (const SQLite::Exception& e) {
    return FromSqlite(path, e);
  }
}

Database::Database(std::string path, SQLite::Database connection)
    : path_(std::move(path)),
      connection_(std::move(connection)),
      begin_(connection_, "BEGIN IMMEDIATE"),
      commit_(connection_, "COMMIT"),
      rollback_(connection_, "ROLLBACK") {}

void Database::RollBack() {
  // Fails where SQLite has rolled back by itself; then there is nothing left to do.
  rollback_.tryExecuteStep();
  rollback_.tryReset();
}

Status Database::ToStatus(const SQLite::Exception& e) const { return FromSqlite(path_, e); }

}  // namespace drover::store
