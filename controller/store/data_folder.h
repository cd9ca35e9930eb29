// The controller's data folder and the lock that makes one process its owner.
#ifndef DROVER_CONTROLLER_STORE_DATA_FOLDER_H_
#define DROVER_CONTROLLER_STORE_DATA_FOLDER_H_

#include <memory>
#include <string>

#include "common/base/status.h"

namespace drover::store {

// Holds flock(2) on `<folder>/lock` as long as it lives; the kernel frees it however the process
// ends. The file stays: empty after an orderly end, else with the last owner's pid, for messages,
// and whether its database was open, which says that a -wal file must be there.
class DataFolder {
 public:
  // Makes `folder` (0700) and what is missing above it. FAILED_PRECONDITION names the pid of the
  // process that holds the lock.
  static StatusOr<std::unique_ptr<DataFolder>> Take(const std::string& folder);
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  // The last owner died with its database open.
  bool was_left_open() const { return was_left_open_; }
  // The database is open from here on to the end of this object.
  Status NoteOpen();

  // Makes sure of `<folder>/<name>` with mode 0600; returns its path.
  StatusOr<std::string> PrivateFile(const std::string& name) const;

 private:
  DataFolder(std::string folder, int lock) : folder_(std::move(folder)), lock_(lock) {}

  std::string folder_;
  int lock_;
  bool was_left_open_ = false;
};

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_DATA_FOLDER_H_
