// SQLite as the store uses it: one connection, prepared statements, transactions, errors as Status.
// The one place where SQLiteCpp's exceptions are caught.
#ifndef DROVER_CONTROLLER_STORE_DATABASE_H_
#define DROVER_CONTROLLER_STORE_DATABASE_H_

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/base/status.h"

namespace drover::store {

// The end of every message about a lost database.
inline constexpr char kWayOut[] =
    "move the data folder aside, do not delete it, then make it anew from the last backup: "
    "drover-controller restore FILE --data-folder DIR. Without a backup: start on an empty folder, "
    "enrol the hosts again (drover-agent join --force), apply the cluster files, and continue an "
    "upgrade that was under way with drover cluster adopt";

// What SQLite threw about the database `path`, as a Status that says what to do.
Status FromSqlite(const std::string& path, const SQLite::Exception& e);

// Bytes that outlive the execution of the statement they are bound to; not copied.
struct Blob {
  const std::string& bytes;
};

// A prepared statement for the time of one use. At the end of the scope it is reset, so that no
// read transaction stays open. Throws SQLite::Exception, as all of SQLiteCpp does.
class Use {
 public:
  // Binds `values` to ?1, ?2, …
  template <typename... Values>
  explicit Use(SQLite::Statement& statement, const Values&... values) : statement_(statement) {
    int index = 0;
    (Bind(++index, values), ...);
  }
  ~Use() { statement_.tryReset(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  // True where there is a (next) row.
  bool Next() { return statement_.executeStep(); }
  // Executes a statement without rows; returns how many rows it changed.
  int Run() { return statement_.exec(); }

  bool IsNull(int column) const { return statement_.isColumnNull(column); }
  int64_t Int(int column) const { return statement_.getColumn(column).getInt64(); }
  std::string Text(int column) const { return statement_.getColumn(column).getString(); }
  // Parses the column as a protobuf message. DATA_LOSS where it is none.
  template <typename Message>
  Status Parse(int column, Message* message) const {
    const SQLite::Column value = statement_.getColumn(column);
    if (message->ParseFromArray(value.getBlob(), value.getBytes())) return OkStatus();
    return DataLoss(std::string("a stored ") + message->GetTypeName() +
                    " is damaged: restore drover.db from a backup; do not delete it");
  }

 private:
  void Bind(int index, int64_t value) { statement_.bind(index, value); }
  void Bind(int index, uint64_t value) { statement_.bind(index, static_cast<int64_t>(value)); }
  void Bind(int index, bool value) { statement_.bind(index, value ? 1 : 0); }
  void Bind(int index, const std::string& value) { statement_.bind(index, value); }
  void Bind(int index, const Blob& value) {
    statement_.bindNoCopy(index, static_cast<const void*>(value.bytes.data()),
                          static_cast<int>(value.bytes.size()));
  }
  void Bind(int index, const std::optional<int64_t>& value) {
    if (value) {
      statement_.bind(index, *value);
    } else {
      statement_.bind(index);
    }
  }

  SQLite::Statement& statement_;
};

class Database {
 public:
  // Opens `path` (or ":memory:") and checks it; its schema is schema.h's business. Not thread safe:
  // the owner has the mutex.
  // `vfs` names a registered SQLite VFS; empty: the system's. Tests inject faults there.
  static StatusOr<std::unique_ptr<Database>> Open(const std::string& path,
                                                  const std::string& vfs = "");

  SQLite::Database& connection() { return connection_; }
  const std::string& path() const { return path_; }

  // Runs `work`, which returns a Status or StatusOr, and turns what SQLite throws into one.
  template <typename Work>
  auto Run(Work&& work) -> decltype(work()) {
    try {
      return work();
    } catch (const SQLite::Exception& e) {
      return ToStatus(e);
    }
  }

  // The same between BEGIN IMMEDIATE and COMMIT. Rolled back unless `work` and COMMIT succeed.
  template <typename Work>
  Status InTransaction(Work&& work) {
    Status status = Run([&]() -> Status {
      Use(begin_).Run();
      DROVER_RETURN_IF_ERROR(work());
      Use(commit_).Run();
      return OkStatus();
    });
    if (!status.ok()) RollBack();
    return status;
  }

  Status ToStatus(const SQLite::Exception& e) const;

 private:
  Database(std::string path, SQLite::Database connection);
  void RollBack();

  std::string path_;
  SQLite::Database connection_;
  SQLite::Statement begin_, commit_, rollback_;
};

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_DATABASE_H_
