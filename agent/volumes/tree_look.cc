#include <fcntl.h>
#include <sys/stat.h>

#include <set>
#include <utility>

#include "agent/volumes/descriptor.h"
#include "agent/volumes/tree.h"
#include "common/crypto/crypto.h"

namespace drover::agent {
namespace {

class Looker {
 public:
  Status Look(const Descriptor& folder, const std::string& path, const std::string& without) {
    DROVER_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(folder, path));
    for (const std::string& name : names) {
      if (name == without) continue;
      const std::string at = path + "/" + name;
      struct stat info {};
      if (::fstatat(folder.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return FileFailure(at, "looked at");
      }
      Add(name, info);
      if (!S_ISDIR(info.st_mode)) continue;
      DROVER_ASSIGN_OR_RETURN(const Descriptor inner, OpenFolderIn(folder, name, at));
      DROVER_RETURN_IF_ERROR(Look(inner, at, ""));
      digest_.Add("/");
    }
    return OkStatus();
  }

  TreeLook Result() {
    look_.state = digest_.Hex();
    return look_;
  }

 private:
  void Add(const std::string& name, const struct stat& info) {
    digest_.Add(name + '\0');
    for (const int64_t fact :
         {int64_t{info.st_mode}, int64_t{info.st_uid}, int64_t{info.st_gid}, int64_t{info.st_size},
          int64_t{info.st_mtim.tv_sec}, int64_t{info.st_mtim.tv_nsec}, int64_t{info.st_ctim.tv_sec},
          int64_t{info.st_ctim.tv_nsec}}) {
      digest_.Add(std::to_string(fact) + " ");
    }
    if (!S_ISREG(info.st_mode)) return;
    ++look_.files;
    const bool first = info.st_nlink == 1 || seen_.insert({info.st_dev, info.st_ino}).second;
    if (first) look_.bytes += static_cast<uint64_t>(info.st_size);
  }

  TreeLook look_;
  crypto::Sha256 digest_;
  std::set<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace

StatusOr<TreeLook> LookAtTree(const std::string& folder) {
  DROVER_ASSIGN_OR_RETURN(const Descriptor top, OpenFolder(folder));
  Looker looker;
  DROVER_RETURN_IF_ERROR(looker.Look(top, folder, kKeptFolder));
  return looker.Result();
}

}  // namespace drover::agent
