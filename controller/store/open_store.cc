#include <utility>

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

StatusOr<std::unique_ptr<Store>> OpenStore(const std::string& folder) {
  std::unique_ptr<DataFolder> taken;
  std::string path = kInMemory;
  if (folder != kInMemory) {
    DROVER_ASSIGN_OR_RETURN(taken, DataFolder::Take(folder));
    DROVER_ASSIGN_OR_RETURN(path, taken->PrivateFile("drover.db"));
  }
  DROVER_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, Database::Open(path));
  DROVER_RETURN_IF_ERROR(BringUpToDate(database.get()));
  try {
    return std::unique_ptr<Store>(
        std::make_unique<SqliteStore>(std::move(taken), std::move(database)));
  } catch (const SQLite::Exception& e) {
    // The statements did not fit the tables: somebody changed them by hand.
    return DataLoss("the tables of " + path + " are not as drover-controller made them (" +
                    e.what() + "): restore the file from a backup; do not delete it");
  }
}

}  // namespace drover::store
