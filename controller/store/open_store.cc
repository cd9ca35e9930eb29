#include <filesystem>
#include <system_error>
#include <utility>

#include "controller/store/data_folder.h"
#include "controller/store/schema.h"
#include "controller/store/sqlite_store.h"

namespace drover::store {

SqliteStore::SqliteStore(std::unique_ptr<DataFolder> folder, std::unique_ptr<Database> database)
    : folder_(std::move(folder)),
      database_(std::move(database)),
      epochs_(database_->connection()),
      rollouts_(database_->connection()),
      records_(database_->connection()),
      fleet_(database_->connection()),
      clusters_(database_->connection()) {
  Use last(records_.last);
  if (last.Next()) last_sequence_ = static_cast<uint64_t>(last.Int(0));
}

namespace {

// What only a folder has on which a controller ran: its authority, or a log without its database.
// The names are those of controller/fleet, which this room does not know.
constexpr const char* kTraces[] = {"ca.key", "ca.pem", "drover.db-wal"};

std::string TraceIn(const std::string& folder) {
  std::error_code error;
  for (const char* name : kTraces) {
    if (std::filesystem::exists(folder + "/" + name, error)) return name;
  }
  return "";
}

// After an end that was not orderly SQLite's log is there, and may hold the newest commits.
Status CheckLog(const DataFolder& taken, const std::string& folder) {
  std::error_code error;
  const std::string path = folder + "/drover.db-wal";
  if (!taken.was_left_open() || std::filesystem::exists(path, error)) return OkStatus();
  return DataLoss("the last drover-controller on " + folder + " did not end orderly, and " + path +
                  " with its newest commits is gone. If another SQLite program has opened "
                  "drover.db since, nothing is lost: remove " +
                  folder + "/lock and start again. Else: " + kWayOut);
}

// A start on an empty database would be a fleet without hosts and rollouts, and would look well.
Status CheckNotLost(const std::string& folder) {
  std::error_code error;
  const std::string path = folder + "/drover.db";
  if (std::filesystem::file_size(path, error) > 0 && !error) return OkStatus();
  const std::string trace = TraceIn(folder);
  if (trace.empty()) return OkStatus();
  return DataLoss("the database " + path + (error ? " is gone" : " is empty") + ", but " + trace +
                  " is there, so a controller ran on this folder: " + kWayOut);
}

}  // namespace

StatusOr<std::unique_ptr<Store>> OpenStore(const std::string& folder, const std::string& vfs) {
  std::unique_ptr<DataFolder> taken;
  std::string path = kInMemory;
  if (folder != kInMemory) {
    DROVER_ASSIGN_OR_RETURN(taken, DataFolder::Take(folder));
    DROVER_RETURN_IF_ERROR(CheckNotLost(folder));
    DROVER_RETURN_IF_ERROR(CheckLog(*taken, folder));
    DROVER_ASSIGN_OR_RETURN(path, taken->PrivateFile("drover.db"));
  }
  DROVER_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, Database::Open(path, vfs));
  DROVER_RETURN_IF_ERROR(BringUpToDate(database.get()));
  if (taken != nullptr) DROVER_RETURN_IF_ERROR(taken->NoteOpen());
  try {
    return std::unique_ptr<Store>(
        std::make_unique<SqliteStore>(std::move(taken), std::move(database)));
  } catch (const SQLite::Exception& e) {
    // The statements did not fit the tables: somebody changed them by hand.
    return DataLoss("the tables of " + path + " are not as drover-controller made them (" +
                    e.what() + "): " + kWayOut);
  }
}

}  // namespace drover::store
