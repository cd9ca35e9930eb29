#include "controller/store/schema.h"

#include <array>
#include <string>

namespace drover::store {
namespace {

// A step that was in a release is never edited; the next one follows it.
constexpr std::array<const char*, 1> kSteps = {
    // 1. `number` stands for a rollout in other tables; ended_as is NULL or the store.v1.Phase it
    // ended in; records.rollout is NULL for the fleet's.
    R"sql(
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES ('epoch', 0);

CREATE TABLE plans (id TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE rollouts (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  plan TEXT NOT NULL REFERENCES plans (id),
  cluster TEXT NOT NULL,
  ended_as INTEGER,
  state BLOB NOT NULL);
CREATE INDEX rollouts_of_cluster ON rollouts (cluster, number);
CREATE INDEX rollouts_unfinished ON rollouts (number) WHERE ended_as IS NULL;
CREATE TABLE rollout_checks (
  rollout INTEGER PRIMARY KEY REFERENCES rollouts (number),
  data BLOB NOT NULL);
CREATE TABLE records (
  sequence INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  rollout INTEGER REFERENCES rollouts (number),
  data BLOB NOT NULL);
CREATE INDEX records_of_rollout ON records (rollout, sequence);

CREATE TABLE tokens (
  secret_sha256 TEXT PRIMARY KEY,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  used_at_ms INTEGER);
CREATE TABLE hosts (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  enrolled_at_ms INTEGER NOT NULL,
  cordoned INTEGER NOT NULL,
  revoked INTEGER NOT NULL,
  certificate_serial TEXT NOT NULL,
  certificate_ends_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL);
CREATE UNIQUE INDEX hosts_by_name ON hosts (name) WHERE revoked = 0;

CREATE TABLE clusters (name TEXT PRIMARY KEY, file TEXT NOT NULL, applied_at_ms INTEGER NOT NULL);
)sql",
};

Status ApplyStep(Database* database, int version) {
  return database->InTransaction([&]() -> Status {
    SQLite::Database& connection = database->connection();
    connection.exec(kSteps[static_cast<size_t>(version - 1)]);
    SQLite::Statement done(connection, "INSERT INTO schema_steps VALUES (?1, unixepoch() * 1000)");
    done.bind(1, version);
    done.exec();
    return OkStatus();
  });
}

// 0 for a new database.
StatusOr<int> Version(Database* database) {
  return database->Run([&]() -> StatusOr<int> {
    SQLite::Database& connection = database->connection();
    if (connection.tableExists("schema_steps")) {
      return connection.execAndGet("SELECT coalesce(max(version), 0) FROM schema_steps").getInt();
    }
    if (connection.execAndGet("SELECT count(*) FROM sqlite_master").getInt() != 0) {
      return FailedPrecondition("the database " + database->path() +
                                " belongs to another program: give drover-controller a data "
                                "folder of its own");
    }
    connection.exec(
        "CREATE TABLE schema_steps (version INTEGER PRIMARY KEY, applied_at_ms INTEGER NOT NULL)");
    return 0;
  });
}

}  // namespace

int SchemaVersion() { return static_cast<int>(kSteps.size()); }

Status BringUpToDate(Database* database) {
  DROVER_ASSIGN_OR_RETURN(const int present, Version(database));
  if (present > SchemaVersion()) {
    return FailedPrecondition("the database " + database->path() + " has schema " +
                              std::to_string(present) + ", this drover-controller knows up to " +
                              std::to_string(SchemaVersion()) +
                              ": run the newer drover-controller that wrote it, or restore the "
                              "backup made before that one was installed");
  }
  for (int version = present + 1; version <= SchemaVersion(); ++version) {
    DROVER_RETURN_IF_ERROR(ApplyStep(database, version));
  }
  return OkStatus();
}

}  // namespace drover::store
