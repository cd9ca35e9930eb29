// One file that holds everything a controller needs to start on another machine.
#ifndef DROVER_CONTROLLER_STORE_BACKUP_H_
#define DROVER_CONTROLLER_STORE_BACKUP_H_

#include <string>
#include <vector>

#include "common/base/status.h"

namespace drover::store {

// Copies the database of `folder`, whether a controller runs on it or not, and the files
// `side_files` beside it, into the new SQLite database `file` (0600): a copy in one step of one
// point in time, synced, read back and checked before it gets its name. The side files are in its
// table side_files: where they hold keys, so does the backup.
//
// ALREADY_EXISTS where `file` is there and `force` is not set; NOT_FOUND where there is no database
// or a side file is missing; DATA_LOSS where what was read is damaged. After an error nothing of
// the backup is left, and an older file of that name is as it was.
Status BackUp(const std::string& folder, const std::vector<std::string>& side_files,
              const std::string& file, bool force);

// Makes the data folder `folder` from a backup; the next start on it commands the agents.
// FAILED_PRECONDITION where `folder` is not empty, or `file` is no backup or one of a newer
// drover-controller; DATA_LOSS where it is damaged. The database gets its name last: a folder that
// a crash left half made is refused by OpenStore.
Status Restore(const std::string& file, const std::string& folder);

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_BACKUP_H_
