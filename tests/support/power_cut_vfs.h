// An SQLite VFS whose files live in memory until they are synced, so that a test can look at what a
// power cut would leave of them at any instant.
#ifndef DROVER_TESTS_SUPPORT_POWER_CUT_VFS_H_
#define DROVER_TESTS_SUPPORT_POWER_CUT_VFS_H_

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>

namespace drover::testing {

// What is on the disk, path → bytes.
using DiskImage = std::map<std::string, std::string>;

// Registered under its name as long as it lives. Locks and shared memory are the system's (their
// files are real), contents are its own. Used from one thread; no file may be open at its end.
//
// The disk it models: a write reaches it at the next sync of its file; before that any part of the
// unsynced writes, in sectors of 512 bytes and in any order, may have reached it or not. A sync is
// done when it returns. A file that is deleted is gone at once.
class PowerCutVfs {
 public:
  explicit PowerCutVfs(const std::string& name);
  ~PowerCutVfs();
  PowerCutVfs(const PowerCutVfs&) = delete;
  PowerCutVfs& operator=(const PowerCutVfs&) = delete;

  const std::string& name() const { return name_; }

  // Called before each write, truncation and sync, when nothing of it has happened.
  std::function<void()> before_change;
  // From now on at most this many bytes may be written; then SQLITE_FULL. Negative: no limit.
  int64_t room = -1;

  // What a power cut now would leave where nothing unsynced survived.
  DiskImage Synced() const;
  // The same where each unsynced sector survived or not, as `random` decides.
  DiskImage Torn(std::mt19937* random) const;

  // The files of `image` that lie in `from` are on this disk too, in the folder `to`, which is
  // made.
  void Load(const DiskImage& image, const std::string& from, const std::string& to);

  struct Content;

 private:
  friend struct PowerCutCalls;

  const std::string name_;
  sqlite3_vfs vfs_{};
  sqlite3_vfs* real_ = nullptr;
  std::map<std::string, std::shared_ptr<Content>> contents_;
};

// Writes the files of `image` that lie in `from` to the folder `to`, which is made.
void WriteImage(const DiskImage& image, const std::string& from, const std::string& to);

}  // namespace drover::testing

#endif  // DROVER_TESTS_SUPPORT_POWER_CUT_VFS_H_
