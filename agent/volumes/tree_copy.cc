#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "agent/volumes/descriptor.h"
#include "agent/volumes/entry_copy.h"
#include "agent/volumes/piece_line.h"
#include "agent/volumes/tree.h"

namespace drover::agent {
namespace {

Status Changed(const std::string& source) {
  return DataLoss(source + " changed while it was copied; does something still write there?");
}

class Copier {
 public:
  Copier(const CopyOptions& options, const Descriptor& target)
      : options_(options), target_(target) {}

  // `inside` is the folder's path in the tree, with a slash at its end; empty at the top.
  Status CopyFolder(const Descriptor& from, const Descriptor& to, const std::string& path,
                    const std::string& inside, const std::string& without) {
    DROVER_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(from, path));
    std::vector<std::pair<std::string, struct stat>> files;
    for (const std::string& name : names) {
      if (name == without) continue;
      DROVER_RETURN_IF_ERROR(options_.go_on());
      const Entry entry{from, to, name, path + "/" + name};
      DROVER_RETURN_IF_ERROR(line_.Add({.text = inside + name + '\0'}));
      struct stat info {};
      if (::fstatat(from.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return FileFailure(entry.path, "looked at");
      }
      DROVER_RETURN_IF_ERROR(CopyEntry(entry, info, inside + name));
      if (S_ISREG(info.st_mode)) files.push_back({name, info});
    }
    return CopyFileAttributes(from, to, path, files);
  }

  StatusOr<TreeSum> Finish() {
    sum_.bytes = sink_.bytes;
    DROVER_ASSIGN_OR_RETURN(sum_.sha256, line_.Finish());
    return sum_;
  }

 private:
  // When all of them are written: a write would change their times.
  Status CopyFileAttributes(const Descriptor& from, const Descriptor& to, const std::string& path,
                            const std::vector<std::pair<std::string, struct stat>>& files) {
    if (!files.empty()) DROVER_RETURN_IF_ERROR(line_.Drain());
    for (const auto& [name, info] : files) {
      DROVER_RETURN_IF_ERROR(CopyAttributes({from, to, name, path + "/" + name}, info));
    }
    return OkStatus();
  }

  // `inside` is the entry's path in the tree.
  Status CopyEntry(const Entry& entry, const struct stat& info, const std::string& inside) {
    if (S_ISREG(info.st_mode)) return CopyFile(entry, info, inside);
    if (S_ISDIR(info.st_mode)) {
      DROVER_ASSIGN_OR_RETURN(const Descriptor from,
                              OpenFolderIn(entry.from, entry.name, entry.path));
      DROVER_ASSIGN_OR_RETURN(const Descriptor to,
                              MakeFolderIn(entry.to, entry.name, "The copy of " + entry.path));
      DROVER_RETURN_IF_ERROR(CopyFolder(from, to, entry.path, inside + "/", ""));
    } else if (S_ISLNK(info.st_mode)) {
      DROVER_RETURN_IF_ERROR(CopyLink(entry));
    } else if (::mknodat(entry.to.get(), entry.name.c_str(), info.st_mode, info.st_rdev) != 0) {
      return FileFailure("The copy of " + entry.path, "made");
    }
    return CopyAttributes(entry, info);
  }

  Status CopyLink(const Entry& entry) {
    std::string leads_to(PATH_MAX, '\0');
    const ssize_t size =
        ::readlinkat(entry.from.get(), entry.name.c_str(), leads_to.data(), leads_to.size());
    if (size < 0) return FileFailure(entry.path, "read");
    leads_to.resize(static_cast<size_t>(size));
    if (::symlinkat(leads_to.c_str(), entry.to.get(), entry.name.c_str()) != 0) {
      return FileFailure("The copy of " + entry.path, "made");
    }
    return line_.Add({.text = leads_to + '\0'});
  }

  Status CopyFile(const Entry& entry, const struct stat& seen, const std::string& inside) {
    // Without waiting where somebody put a pipe in its place.
    const Descriptor from(::openat(entry.from.get(), entry.name.c_str(),
                                   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat info {};
    if (!from.open() || ::fstat(from.get(), &info) != 0) return FileFailure(entry.path, "read");
    if (info.st_ino != seen.st_ino || info.st_dev != seen.st_dev) return Changed(entry.path);
    ++sum_.files;
    const auto [first, is_new] = names_.try_emplace({seen.st_dev, seen.st_ino}, inside);
    if (!is_new) {
      if (::linkat(target_.get(), first->second.c_str(), entry.to.get(), entry.name.c_str(), 0) !=
          0) {
        return FileFailure("The copy of " + entry.path, "made");
      }
      return CopyContents(from, info, entry.path, nullptr, &sink_);
    }
    if (seen.st_nlink == 1) names_.erase(first);
    const auto to = std::make_shared<CopiedFile>();
    to->source = entry.path;
    to->file = Descriptor(::openat(entry.to.get(), entry.name.c_str(),
                                   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!to->file.open()) return FileFailure("The copy of " + entry.path, "made");
    return CopyContents(from, info, entry.path, to, &sink_);
  }

  const CopyOptions& options_;
  const Descriptor& target_;
  // Of files with several names: the first one in the target.
  std::map<std::pair<dev_t, ino_t>, std::string> names_;
  PieceLine line_;
  ByteSink sink_{options_, line_};
  TreeSum sum_;
};

}  // namespace

StatusOr<TreeSum> CopyTree(const std::string& source, const std::string& target,
                           const CopyOptions& options) {
  DROVER_ASSIGN_OR_RETURN(const TreeLook before, LookAtTree(source));
  DROVER_ASSIGN_OR_RETURN(const Descriptor from, OpenFolder(source));
  DROVER_ASSIGN_OR_RETURN(const Descriptor to, OpenFolder(target));
  Copier copier(options, to);
  const Status copied = copier.CopyFolder(from, to, source, "", kKeptFolder);
  if (copied.code() == StatusCode::kNotFound) return Changed(source);
  DROVER_RETURN_IF_ERROR(copied);
  struct stat info {};
  if (::fstat(from.get(), &info) != 0) return FileFailure(source, "looked at");
  DROVER_RETURN_IF_ERROR(CopyAttributes({from, to, ".", source}, info));
  DROVER_ASSIGN_OR_RETURN(const TreeSum sum, copier.Finish());
  DROVER_ASSIGN_OR_RETURN(const TreeLook after, LookAtTree(source));
  if (after.state != before.state) return Changed(source);
  return sum;
}

}  // namespace drover::agent
