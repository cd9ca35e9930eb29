#include "controller/store/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "common/base/files.h"

namespace drover::store {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr size_t kMaxLockBytes = 64;
constexpr char kOpen[] = "open\n";

Status FromErrno(int error, const std::string& what, const std::string& path) {
  const std::string message = what + " " + path + ": " + std::strerror(error);
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return PermissionDenied(message +
                              "; the data folder must belong to the user that runs "
                              "drover-controller");
    case ENOSPC:
    case EDQUOT:
      return MakeStatus(StatusCode::kResourceExhausted, message + "; free some space there");
    default:
      return Unavailable(message);
  }
}

Status MakeFolder(const std::string& folder) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::absolute(folder, error).parent_path();
  if (!error) std::filesystem::create_directories(parent, error);
  if (error) return FromErrno(error.value(), "cannot make folder", parent.string());
  if (::mkdir(folder.c_str(), kFolderMode) == 0) return OkStatus();
  if (errno != EEXIST) return FromErrno(errno, "cannot make folder", folder);
  if (!std::filesystem::is_directory(folder, error)) {
    return FailedPrecondition("the data folder " + folder + " is a file, not a folder");
  }
  return OkStatus();
}

std::string Holder(const std::string& path) {
  const StatusOr<std::string> text = ReadFile(path, kMaxLockBytes);
  if (!text.ok()) return "unknown pid";
  const std::string pid = text->substr(0, text->find('\n'));
  return pid.empty() ? "unknown pid" : "pid " + pid;
}

Status WriteLock(int fd, const std::string& path, const std::string& more) {
  const std::string pid = std::to_string(::getpid()) + "\n" + more;
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return FromErrno(errno, "cannot write", path);
  }
  return OkStatus();
}

}  // namespace

StatusOr<std::unique_ptr<DataFolder>> DataFolder::Take(const std::string& folder) {
  DROVER_RETURN_IF_ERROR(MakeFolder(folder));
  const std::string path = folder + "/lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (fd < 0) return FromErrno(errno, "cannot open", path);
  std::unique_ptr<DataFolder> taken(new DataFolder(folder, fd));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FromErrno(errno, "cannot lock", path);
    return FailedPrecondition("the data folder " + folder +
                              " is in use by another "
                              "drover-controller (" +
                              Holder(path) +
                              "): stop that one first, or "
                              "give this one a data folder of its own");
  }
  const StatusOr<std::string> before = ReadFile(path, kMaxLockBytes);
  taken->was_left_open_ = before.ok() && before->find(kOpen) != std::string::npos;
  DROVER_RETURN_IF_ERROR(WriteLock(fd, path, ""));
  return taken;
}

Status DataFolder::NoteOpen() { return WriteLock(lock_, folder_ + "/lock", kOpen); }

// Empty: the end was orderly. Where that fails, the next start only looks more closely.
DataFolder::~DataFolder() {
  [[maybe_unused]] const int done = ::ftruncate(lock_, 0);
  ::close(lock_);
}

StatusOr<std::string> DataFolder::PrivateFile(const std::string& name) const {
  const std::string path = folder_ + "/" + name;
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
  if (fd < 0) return FromErrno(errno, "cannot open", path);
  const int done = ::fchmod(fd, kFileMode);
  const int error = errno;
  ::close(fd);
  if (done != 0) return FromErrno(error, "cannot set the mode of", path);
  return path;
}

}  // namespace drover::store
