#include "controller/store/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "SQLiteCpp/Backup.h"
#include "common/base/files.h"
#include "controller/store/data_folder.h"
#include "controller/store/database.h"
#include "controller/store/schema.h"

namespace drover::store {
namespace {

namespace fs = std::filesystem;

constexpr char kDatabaseName[] = "drover.db";
constexpr int kBusyTimeoutMs = 5000;
constexpr mode_t kFileMode = 0600;

std::string Why(int error) { return std::strerror(error); }

// A file that goes when the object does, unless it got its name.
class NewFile {
 public:
  // Made empty, readable by its owner alone.
  static StatusOr<std::unique_ptr<NewFile>> Make(const std::string& name) {
    const std::string path = name + ".new-" + std::to_string(::getpid());
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
    if (fd < 0) return Unavailable("cannot write " + path + ": " + Why(errno));
    ::close(fd);
    return std::unique_ptr<NewFile>(new NewFile(name, path));
  }
  ~NewFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  const std::string& path() const { return path_; }

  // Synced under its name when this returns OK.
  Status GiveName(bool replace) {
    DROVER_RETURN_IF_ERROR(Sync(path_, O_RDONLY));
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, name_.c_str(),
                    replace ? 0 : RENAME_NOREPLACE) != 0) {
      if (errno == EEXIST) return AlreadyExists(name_ + " exists: choose another name, or --force");
      return Unavailable("cannot name " + name_ + ": " + Why(errno));
    }
    path_.clear();
    const std::string parent = fs::absolute(name_).parent_path().string();
    return Sync(parent, O_RDONLY | O_DIRECTORY);
  }

 private:
  NewFile(std::string name, std::string path) : name_(std::move(name)), path_(std::move(path)) {}

  static Status Sync(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
    const bool done = fd >= 0 && ::fsync(fd) == 0;
    const int error = errno;
    if (fd >= 0) ::close(fd);
    return done ? OkStatus() : Unavailable("cannot sync " + path + ": " + Why(error));
  }

  const std::string name_;
  std::string path_;
};

// Of the copy, or of the backup that is to be restored.
Status CheckWhole(SQLite::Database& database, const std::string& name) {
  const std::string answer = database.execAndGet("PRAGMA integrity_check(1)").getString();
  SQLite::Statement keys(database, "PRAGMA foreign_key_check");
  if (answer == "ok" && !keys.executeStep()) return OkStatus();
  return DataLoss(name + " is damaged (" + (answer == "ok" ? "rows without their owner" : answer) +
                  "): use another backup");
}

Status CheckSchema(SQLite::Database& database, const std::string& name) {
  if (!database.tableExists("schema_steps")) {
    return FailedPrecondition(name + " is no database of drover-controller");
  }
  const int version = database.execAndGet("SELECT max(version) FROM schema_steps").getInt();
  if (version >= 1 && version <= SchemaVersion()) return OkStatus();
  return FailedPrecondition(name + " has schema " + std::to_string(version) +
                            ", this drover-controller knows up to " +
                            std::to_string(SchemaVersion()) + ": install the newer one again");
}

// One point in time: a single step holds one read transaction.
void Copy(SQLite::Database& from, SQLite::Database& to) {
  SQLite::Backup copy(to, from);
  copy.executeStep(-1);
  // One file, without a -wal beside it.
  to.exec("PRAGMA journal_mode = DELETE");
}

Status AddSideFiles(SQLite::Database& to, const std::string& folder,
                    const std::vector<std::string>& names) {
  to.exec("CREATE TABLE side_files (name TEXT PRIMARY KEY, bytes BLOB NOT NULL)");
  SQLite::Statement add(to, "INSERT INTO side_files VALUES (?1, ?2)");
  for (const std::string& name : names) {
    DROVER_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(folder + "/" + name));
    add.bind(1, name);
    add.bind(2, static_cast<const void*>(bytes.data()), static_cast<int>(bytes.size()));
    add.exec();
    add.reset();
  }
  return OkStatus();
}

Status WriteSideFiles(SQLite::Database& from, const std::string& folder) {
  SQLite::Statement read(from, "SELECT name, bytes FROM side_files");
  while (read.executeStep()) {
    const std::string name = read.getColumn(0).getString();
    if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos) {
      return DataLoss("the backup holds a file with the name '" + name + "': it is damaged");
    }
    DROVER_RETURN_IF_ERROR(
        WriteFileAtomically(folder + "/" + name, read.getColumn(1).getString(), kFileMode));
  }
  return OkStatus();
}

// Takes the keys out of the copy, and marks it.
void MakeData(SQLite::Database& copy) {
  copy.exec(
      "PRAGMA secure_delete = ON;"
      "DROP TABLE side_files;"
      "INSERT OR REPLACE INTO counters VALUES ('restored', 1);"
      "VACUUM");
}

// Runs `work` and turns what SQLite throws into a Status about `name`.
template <typename Work>
Status Guarded(const std::string& name, const Work& work) {
  try {
    return work();
  } catch (const SQLite::Exception& e) {
    return FromSqlite(name, e);
  }
}

Status WriteBackup(const std::string& source, const std::string& folder,
                   const std::vector<std::string>& side_files, const std::string& path) {
  SQLite::Database from(source, SQLite::OPEN_READONLY, kBusyTimeoutMs);
  SQLite::Database to(path, SQLite::OPEN_READWRITE, kBusyTimeoutMs);
  Copy(from, to);
  DROVER_RETURN_IF_ERROR(CheckSchema(to, source));
  DROVER_RETURN_IF_ERROR(AddSideFiles(to, folder, side_files));
  return CheckWhole(to, source);
}

}  // namespace

Status BackUp(const std::string& folder, const std::vector<std::string>& side_files,
              const std::string& file, bool force) {
  const std::string source = folder + "/" + kDatabaseName;
  std::error_code error;
  if (fs::file_size(source, error) == 0 || error) {
    return NotFound("there is no database " + source + ": nothing to back up");
  }
  if (!force && fs::exists(file, error)) {
    return AlreadyExists(file + " exists: choose another name, or replace it with --force");
  }
  DROVER_ASSIGN_OR_RETURN(const std::unique_ptr<NewFile> made, NewFile::Make(file));
  DROVER_RETURN_IF_ERROR(
      Guarded(source, [&] { return WriteBackup(source, folder, side_files, made->path()); }));
  return made->GiveName(force);
}

Status Restore(const std::string& file, const std::string& folder) {
  std::error_code error;
  if (!fs::exists(file, error)) return NotFound("there is no file " + file);
  if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
    return FailedPrecondition("the data folder " + folder +
                              " is not empty: move what is in it away first; nothing was changed");
  }
  return Guarded(file, [&]() -> Status {
    SQLite::Database from(file, SQLite::OPEN_READONLY, kBusyTimeoutMs);
    DROVER_RETURN_IF_ERROR(CheckWhole(from, file));
    DROVER_RETURN_IF_ERROR(CheckSchema(from, file));
    if (!from.tableExists("side_files")) {
      return FailedPrecondition(file + " was not made by drover-controller backup");
    }
    DROVER_ASSIGN_OR_RETURN(const std::unique_ptr<DataFolder> taken, DataFolder::Take(folder));
    DROVER_RETURN_IF_ERROR(WriteSideFiles(from, folder));
    DROVER_ASSIGN_OR_RETURN(const std::unique_ptr<NewFile> made,
                            NewFile::Make(folder + "/" + kDatabaseName));
    {
      SQLite::Database to(made->path(), SQLite::OPEN_READWRITE, kBusyTimeoutMs);
      Copy(from, to);
      MakeData(to);
      DROVER_RETURN_IF_ERROR(CheckWhole(to, made->path()));
    }
    return made->GiveName(false);
  });
}

}  // namespace drover::store
