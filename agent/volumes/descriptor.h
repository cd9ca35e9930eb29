// Descriptors that close themselves, and folders opened so that no link leads elsewhere.
#ifndef DROVER_AGENT_VOLUMES_DESCRIPTOR_H_
#define DROVER_AGENT_VOLUMES_DESCRIPTOR_H_

#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"

namespace drover::agent {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  // Where the kernel shows it as a path; a name appended to it is looked up in this very folder.
  std::string ProcPath() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_ = -1;
};

// What errno says: "PATH cannot be WHAT: no space left …". RESOURCE_EXHAUSTED where the disk is
// full, NOT_FOUND where `path` is missing, else INTERNAL.
Status FileFailure(const std::string& path, const std::string& what);

// The folder itself may be reached over links.
StatusOr<Descriptor> OpenFolder(const std::string& path);
// `name` in `folder`, which no link may be. `path` is for messages.
StatusOr<Descriptor> OpenFolderIn(const Descriptor& folder, const std::string& name,
                                  const std::string& path);
// The same; made first with mode 0700 where it is missing.
StatusOr<Descriptor> MakeFolderIn(const Descriptor& folder, const std::string& name,
                                  const std::string& path);

// Sorted, without "." and "..".
StatusOr<std::vector<std::string>> NamesIn(const Descriptor& folder, const std::string& path);

// Everything written to the file system that holds `folder` is on its disk.
Status SyncDisk(const Descriptor& folder, const std::string& path);

}  // namespace drover::agent

#endif  // DROVER_AGENT_VOLUMES_DESCRIPTOR_H_
