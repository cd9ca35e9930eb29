#include "agent/volumes/entry_copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace drover::agent {
namespace {

// How much is written before the disk is told to begin, so that little is left for the sync.
constexpr off_t kWriteBehind = 8 * 1024 * 1024;
constexpr off_t kReadAhead = 8 * 1024 * 1024;

Status CopyOneAttribute(const std::string& from, const std::string& to, const char* name) {
  std::string value(64 * 1024, '\0');
  const ssize_t size = ::lgetxattr(from.c_str(), name, value.data(), value.size());
  if (size < 0) return errno == ENODATA ? OkStatus() : FileFailure(from, "read for attributes");
  if (::lsetxattr(to.c_str(), name, value.data(), static_cast<size_t>(size), 0) == 0) {
    return OkStatus();
  }
  // As cp has it: an attribute that this file system does not take is left out.
  const bool foreign = errno == ENOTSUP || errno == EPERM || errno == EINVAL;
  return foreign ? OkStatus() : FileFailure(to, "given its attributes");
}

Status CopyExtendedAttributes(const Entry& entry) {
  const std::string from = entry.from.ProcPath() + "/" + entry.name;
  const std::string to = entry.to.ProcPath() + "/" + entry.name;
  std::array<char, 64 * 1024> names{};
  const ssize_t size = ::llistxattr(from.c_str(), names.data(), names.size());
  if (size < 0) return errno == ENOTSUP ? OkStatus() : FileFailure(entry.path, "read");
  for (const char* name = names.data(); name < names.data() + size;
       name += std::char_traits<char>::length(name) + 1) {
    DROVER_RETURN_IF_ERROR(CopyOneAttribute(from, to, name));
  }
  return OkStatus();
}

// Where the kernel does not copy between these two file systems.
Status CopyByHand(const Descriptor& from, const Descriptor& to, off_t at, size_t size,
                  const std::string& path) {
  std::vector<char> bytes(size);
  while (size > 0) {
    const ssize_t got = ::pread(from.get(), bytes.data(), size, at);
    if (got < 0) return FileFailure(path, "read");
    // The check finds that something is missing.
    if (got == 0) return OkStatus();
    for (ssize_t done = 0; done < got;) {
      const ssize_t n = ::pwrite(to.get(), bytes.data() + done, static_cast<size_t>(got - done),
                                 at + static_cast<off_t>(done));
      if (n < 0) return FileFailure("The copy of " + path, "written");
      done += n;
    }
    at += got;
    size -= static_cast<size_t>(got);
  }
  return OkStatus();
}

Status CopyPiece(const Descriptor& from, const Descriptor& to, off_t at, size_t size,
                 const std::string& path) {
  off_t in = at, out = at;
  const off_t end = at + static_cast<off_t>(size);
  while (in < end) {
    const ssize_t n =
        ::copy_file_range(from.get(), &in, to.get(), &out, static_cast<size_t>(end - in), 0);
    if (n == 0) return OkStatus();
    if (n > 0) continue;
    const bool refused = errno == EXDEV || errno == EINVAL || errno == ENOSYS ||
                         errno == EOPNOTSUPP || errno == EPERM;
    if (refused) return CopyByHand(from, to, in, static_cast<size_t>(end - in), path);
    return FileFailure("The copy of " + path, "written");
  }
  return OkStatus();
}

// A file with fewer blocks than its size needs.
bool HasHoles(const struct stat& info) { return off_t{info.st_blocks} * 512 < info.st_size; }

bool IsHole(const Descriptor& file, off_t at, size_t size) {
  const off_t data = ::lseek(file.get(), at, SEEK_DATA);
  return data < 0 ? errno == ENXIO : data >= at + static_cast<off_t>(size);
}

void BeginWriting(int fd, off_t before, off_t now) {
  const off_t begin = before / kWriteBehind * kWriteBehind;
  const off_t end = now / kWriteBehind * kWriteBehind;
  if (end > begin) ::sync_file_range(fd, begin, end - begin, SYNC_FILE_RANGE_WRITE);
}

// The disk reads on while what it has read is written.
void ReadAhead(int fd, off_t at) {
  if (at % kReadAhead == 0) ::posix_fadvise(fd, at, 2 * kReadAhead, POSIX_FADV_WILLNEED);
}

}  // namespace

// Owner before mode and attributes: a change of owner takes some of both away. Times last.
Status CopyAttributes(const Entry& entry, const struct stat& info) {
  const char* name = entry.name.c_str();
  const int to = entry.to.get();
  if (::fchownat(to, name, info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW) != 0 &&
      !(errno == EPERM && ::geteuid() != 0)) {
    return FileFailure("The copy of " + entry.path, "given its owner");
  }
  if (!S_ISLNK(info.st_mode) && ::fchmodat(to, name, info.st_mode & 07777, 0) != 0) {
    return FileFailure("The copy of " + entry.path, "given its mode");
  }
  DROVER_RETURN_IF_ERROR(CopyExtendedAttributes(entry));
  const struct timespec times[] = {info.st_atim, info.st_mtim};
  if (::utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) != 0) {
    return FileFailure("The copy of " + entry.path, "given its times");
  }
  return OkStatus();
}

Status CopyContents(const std::shared_ptr<const Descriptor>& from, const struct stat& info,
                    const std::shared_ptr<const Descriptor>& to, const std::string& path,
                    ByteSink* sink) {
  // Clones are the same blocks of the disk: there is nothing to write and nothing to compare.
  const bool writes = to && ::ioctl(to->get(), FICLONE, from->get()) != 0;
  const bool holes = HasHoles(info);
  if (writes && holes && ::ftruncate(to->get(), info.st_size) != 0) {
    return FileFailure("The copy of " + path, "written");
  }
  for (off_t at = 0; at < info.st_size;) {
    DROVER_RETURN_IF_ERROR(sink->options.go_on());
    ReadAhead(from->get(), at);
    const size_t size = std::min(PieceCheck::kPieceBytes, static_cast<size_t>(info.st_size - at));
    const off_t next = at + static_cast<off_t>(size);
    if (writes && !(holes && IsHole(*from, at, size))) {
      DROVER_RETURN_IF_ERROR(CopyPiece(*from, *to, at, size, path));
      BeginWriting(to->get(), at, next);
    }
    DROVER_RETURN_IF_ERROR(
        sink->check.Add({.source = from, .copy = writes ? to : nullptr, .at = at, .size = size}));
    sink->bytes += size;
    sink->options.progress(sink->bytes);
    at = next;
  }
  return sink->check.Add({.text = '\0' + std::to_string(info.st_size)});
}

}  // namespace drover::agent
