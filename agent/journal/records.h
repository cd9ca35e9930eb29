// The journal's tables: opening them, and the statements on them. Only journal.cc uses this; its
// functions throw SQLite::Exception, which journal.cc turns into a Status.
#ifndef DROVER_AGENT_JOURNAL_RECORDS_H_
#define DROVER_AGENT_JOURNAL_RECORDS_H_

#include <SQLiteCpp/SQLiteCpp.h>

#include <memory>
#include <optional>
#include <string>

#include "agent/journal/journal.h"

namespace drover::agent::records {

// Grows when the tables change; kept in PRAGMA user_version.
inline constexpr int kSchemaVersion = 2;

std::unique_ptr<SQLite::Database> OpenDatabase(const JournalOptions& options);
// Empty where the file is whole, else SQLite's first complaint.
std::string FindDamage(SQLite::Database& database);
int SchemaVersion(SQLite::Database& database);
// Creates what is missing in a journal of format `from`; 0: a new one.
void BringUpToDate(SQLite::Database& database, int from);

struct Row {
  v1::OperationState state = v1::OPERATION_STATE_UNSPECIFIED;
  uint64_t last_sequence = 0;
};

std::optional<Row> FindOperation(SQLite::Database& database, const std::string& id);
void InsertOperation(SQLite::Database& database, const v1::StartOperation& order,
                     uint64_t last_sequence, Time now);
void SetRunning(SQLite::Database& database, const std::string& id, uint64_t last_sequence,
                Time now);
void SetEnded(SQLite::Database& database, const std::string& id, v1::OperationState state,
              uint64_t last_sequence, Time now);
void InsertEvent(SQLite::Database& database, const v1::OperationEvent& event);
void Acknowledge(SQLite::Database& database, const std::string& id, uint64_t sequence);
void ForgetEnded(SQLite::Database& database, Time ended_before, int keep_at_most);

// Empty where none was entered.
std::string Fleet(SQLite::Database& database);
void SetFleet(SQLite::Database& database, const std::string& fleet);
// Forgets the epoch, and every operation that has ended, acknowledged or not.
void ForgetFleet(SQLite::Database& database);

uint64_t HighestEpoch(SQLite::Database& database);
void RaiseEpoch(SQLite::Database& database, uint64_t epoch);

}  // namespace drover::agent::records

#endif  // DROVER_AGENT_JOURNAL_RECORDS_H_
