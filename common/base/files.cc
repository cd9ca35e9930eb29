#include "common/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace drover {
namespace {

Status FromErrno(int error, const std::string& what, const std::string& path) {
  const std::string message = what + " " + path + ": " + std::strerror(error);
  switch (error) {
    case ENOENT:
      return NotFound(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return PermissionDenied(message);
    case ENOSPC:
    case EDQUOT:
      return MakeStatus(StatusCode::kResourceExhausted, message);
    default:
      return Unavailable(message);
  }
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Status WriteAll(int fd, const std::string& bytes, const std::string& path) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FromErrno(errno, "cannot write", path);
    done += static_cast<size_t>(n);
  }
  if (::fsync(fd) != 0) return FromErrno(errno, "cannot sync", path);
  return OkStatus();
}

Status SyncFolder(const std::string& folder) {
  Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return FromErrno(errno, "cannot open folder", folder);
  if (::fsync(fd.get()) != 0) return FromErrno(errno, "cannot sync folder", folder);
  return OkStatus();
}

Status FillTemporary(int fd, const std::string& path, const std::string& bytes, mode_t mode) {
  struct stat old {};
  if (::stat(path.c_str(), &old) == 0) {
    if (::fchown(fd, old.st_uid, old.st_gid) != 0) return FromErrno(errno, "cannot chown", path);
    mode = old.st_mode & 07777;
  }
  if (::fchmod(fd, mode) != 0) return FromErrno(errno, "cannot chmod", path);
  return WriteAll(fd, bytes, path);
}

constexpr size_t kRandom = 6;

// The folder of `path`, and what the names of files begin with that are to replace it.
std::pair<std::string, std::string> TemporaryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const bool here = slash == std::string::npos;
  return {here ? "./" : path.substr(0, slash + 1),
          "." + (here ? path : path.substr(slash + 1)) + ".drover-"};
}

}  // namespace

StatusOr<std::string> ReadFile(const std::string& path, size_t limit) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return FromErrno(errno, "cannot read", path);
  std::string bytes;
  char buffer[16 * 1024];
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FromErrno(errno, "cannot read", path);
    if (n == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(n));
    if (bytes.size() > limit) {
      return FailedPrecondition("cannot read " + path + ": longer than " + std::to_string(limit) +
                                " bytes");
    }
  }
}

Status WriteFileAtomically(const std::string& path, const std::string& bytes, mode_t mode) {
  const auto [folder, prefix] = TemporaryOf(path);
  std::string temporary = folder + prefix + std::string(kRandom, 'X');
  Descriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (fd.get() < 0) return FromErrno(errno, "cannot create a file beside", path);
  Status status = FillTemporary(fd.get(), path, bytes, mode);
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = FromErrno(errno, "cannot replace", path);
  }
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return SyncFolder(folder);
}

void RemoveUnfinished(const std::string& path) {
  const auto [folder, prefix] = TemporaryOf(path);
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename();
    if (name.size() == prefix.size() + kRandom && name.starts_with(prefix)) {
      ::unlink(it->path().c_str());
    }
  }
}

}  // namespace drover
