#include "agent/volumes/descriptor.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace drover::agent {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Status FileFailure(const std::string& path, const std::string& what) {
  const int number = errno;
  const bool full = number == ENOSPC || number == EDQUOT;
  const StatusCode code = full               ? StatusCode::kResourceExhausted
                          : number == ENOENT ? StatusCode::kNotFound
                                             : StatusCode::kInternal;
  return MakeStatus(code, path + " cannot be " + what + ": " +
                              std::generic_category().message(number) +
                              (full ? "; make room there" : ""));
}

StatusOr<Descriptor> OpenFolder(const std::string& path) {
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.open()) return FileFailure(path, "opened as a folder");
  return folder;
}

StatusOr<Descriptor> OpenFolderIn(const Descriptor& folder, const std::string& name,
                                  const std::string& path) {
  Descriptor inner(
      ::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inner.open()) return FileFailure(path, "opened as a folder");
  return inner;
}

StatusOr<Descriptor> MakeFolderIn(const Descriptor& folder, const std::string& name,
                                  const std::string& path) {
  if (::mkdirat(folder.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
    return FileFailure(path, "made");
  }
  return OpenFolderIn(folder, name, path);
}

StatusOr<std::vector<std::string>> NamesIn(const Descriptor& folder, const std::string& path) {
  // A descriptor of its own, whose position starts at the beginning.
  const int again = ::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = again < 0 ? nullptr : ::fdopendir(again);
  if (stream == nullptr) {
    const Status failed = FileFailure(path, "listed");
    if (again >= 0) ::close(again);
    return failed;
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
    errno = 0;
  }
  const Status read = errno == 0 ? OkStatus() : FileFailure(path, "listed");
  ::closedir(stream);
  if (!read.ok()) return read;
  std::sort(names.begin(), names.end());
  return names;
}

Status SyncDisk(const Descriptor& folder, const std::string& path) {
  return ::syncfs(folder.get()) == 0 ? OkStatus() : FileFailure(path, "written to its disk");
}

}  // namespace drover::agent
