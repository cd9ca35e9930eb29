#include "agent/volumes/entry_copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace drover::agent {
namespace {

// Smaller files go through the kernel's memory, which writes many of them at once.
constexpr off_t kDirectFrom = 1024 * 1024;

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

bool SetDirect(int fd, bool direct) {
  const int flags = ::fcntl(fd, F_GETFL);
  return ::fcntl(fd, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

// Fills `buffer` from `at` on; DATA_LOSS where the file ends before `size`.
Status ReadPiece(const Descriptor& from, off_t at, size_t size, const std::string& path,
                 const PieceBuffer& buffer) {
  for (size_t done = 0; done < size;) {
    const ssize_t n = ::pread(from.get(), buffer.get() + done, PieceBuffer::InBlocks(size) - done,
                              at + static_cast<off_t>(done));
    if (n == 0)
      return DataLoss(path + " became shorter while it was copied; does something write?");
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (errno != EINVAL || (::fcntl(from.get(), F_GETFL) & O_DIRECT) == 0 ||
               !SetDirect(from.get(), false)) {
      return FileFailure(path, "read");
    }
  }
  return OkStatus();
}

// Room for all of it, and the way past the kernel's memory where the file system has one.
Status PrepareCopy(const struct stat& info, bool holes, CopiedFile* to) {
  const int fd = to->file.get();
  if (holes) {
    if (::ftruncate(fd, info.st_size) != 0) {
      return FileFailure("The copy of " + to->source, "written");
    }
  } else if (::fallocate(fd, 0, 0, info.st_size) != 0 && errno == ENOSPC) {
    return FileFailure("The copy of " + to->source, "written");
  }
  to->direct = SetDirect(fd, true);
  return OkStatus();
}

// A file with fewer blocks than its size needs.
bool HasHoles(const struct stat& info) { return off_t{info.st_blocks} * 512 < info.st_size; }

bool IsHole(const Descriptor& file, off_t at, size_t size) {
  const off_t data = ::lseek(file.get(), at, SEEK_DATA);
  return data < 0 ? errno == ENXIO : data >= at + static_cast<off_t>(size);
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

Status CopyContents(const Descriptor& from, const struct stat& info, const std::string& path,
                    const std::shared_ptr<CopiedFile>& to, ByteSink* sink) {
  // Clones are the same blocks of the disk: there is nothing to write and nothing to compare.
  const bool writes = to && ::ioctl(to->file.get(), FICLONE, from.get()) != 0;
  const bool holes = HasHoles(info);
  if (writes && (holes || info.st_size >= kDirectFrom)) {
    DROVER_RETURN_IF_ERROR(PrepareCopy(info, holes, to.get()));
  }
  if (info.st_size >= kDirectFrom) SetDirect(from.get(), true);
  for (off_t at = 0; at < info.st_size;) {
    DROVER_RETURN_IF_ERROR(sink->options.go_on());
    const size_t size = std::min(PieceBuffer::kBytes, static_cast<size_t>(info.st_size - at));
    DROVER_ASSIGN_OR_RETURN(PieceBuffer buffer, sink->line.TakeBuffer());
    DROVER_RETURN_IF_ERROR(ReadPiece(from, at, size, path, buffer));
    const bool hole = holes && IsHole(from, at, size);
    DROVER_RETURN_IF_ERROR(sink->line.Add({.buffer = std::move(buffer),
                                           .size = size,
                                           .copy = writes && !hole ? to : nullptr,
                                           .at = at}));
    sink->bytes += size;
    sink->options.progress(sink->bytes);
    at += static_cast<off_t>(size);
  }
  return sink->line.Add({.text = '\0' + std::to_string(info.st_size)});
}

}  // namespace drover::agent
