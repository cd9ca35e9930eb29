#include "agent/volumes/cold_copy.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "agent/volumes/descriptor.h"
#include "common/base/files.h"

namespace drover::agent {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Left free beside a copy.
constexpr uint64_t kSpare = 64 * 1024 * 1024;
// Before the name of a copy that is being removed; no copy's name begins with a dot.
constexpr char kRemoving[] = ".removing-";

std::vector<std::string> FoldersIn(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;
    if (it->is_directory(gone) && !it->is_symlink(gone)) names.push_back(it->path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Time ChangedAt(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return FromUnixMillis(info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000);
}

}  // namespace

bool IsVolumeName(const std::string& name) {
  const auto good = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= 100 && name[0] != '.' && name[0] != '-' &&
         std::all_of(name.begin(), name.end(), good);
}

Status CheckRoom(const std::string& folder, uint64_t bytes, const std::string& what) {
  struct statvfs space {};
  if (::statvfs(folder.c_str(), &space) != 0) return FileFailure(folder, "looked at");
  const uint64_t free = uint64_t{space.f_bavail} * space.f_frsize;
  const uint64_t needed = bytes + kSpare;
  if (free >= needed) return OkStatus();
  return MakeStatus(StatusCode::kResourceExhausted,
                    what + " needs " + std::to_string(needed >> 20) + " MiB and " + folder +
                        " has " + std::to_string(free >> 20) + " MiB free; make room there");
}

std::string ColdCopies::PathOf(const VolumePlace& place) const {
  return folder_ + "/" + place.project + "/" + place.service + "/" + place.name;
}

StatusOr<ColdCopies::Copy> ColdCopies::Read(const std::string& path) const {
  const StatusOr<std::string> text = ReadFile(path + "/copy.json");
  const json about = text.ok() ? json::parse(*text, nullptr, false) : json();
  if (!about.is_object()) return NotFound("There is no whole cold copy " + path);
  try {
    return Copy{
        about.at("source"), path, {about.at("bytes"), about.at("files"), about.at("sha256")}};
  } catch (const json::exception&) {
    return DataLoss(path + "/copy.json is damaged; look at it, and move the copy away");
  }
}

StatusOr<ColdCopies::Copy> ColdCopies::Find(const VolumePlace& place) const {
  const std::string path = PathOf(place);
  StatusOr<Copy> copy = Read(path);
  if (copy.status().code() != StatusCode::kNotFound) return copy;
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return Internal(path + " is half a copy and cannot be removed: " + error.message());
  return copy;
}

Status ColdCopies::Fill(const std::string& path, const std::string& source,
                        const CopyOptions& options, TreeSum* sum) const {
  DROVER_ASSIGN_OR_RETURN(const TreeLook look, LookAtTree(source));
  DROVER_RETURN_IF_ERROR(CheckRoom(path, look.bytes, "The cold copy of " + source));
  DROVER_ASSIGN_OR_RETURN(const Descriptor folder, OpenFolder(path));
  DROVER_RETURN_IF_ERROR(MakeFolderIn(folder, "data", path + "/data").status());
  DROVER_ASSIGN_OR_RETURN(*sum, CopyTree(source, path + "/data", options));
  return SyncDisk(folder, path);
}

StatusOr<ColdCopies::Copy> ColdCopies::Make(const VolumePlace& place, const std::string& source,
                                            const CopyOptions& options) {
  StatusOr<Copy> found = Find(place);
  if (found.status().code() != StatusCode::kNotFound) return found;
  const std::string path = PathOf(place);
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Internal(path + " cannot be made: " + error.message());
  fs::permissions(folder_, fs::perms::owner_all, error);
  TreeSum sum;
  Status filled = Fill(path, source, options, &sum);
  if (filled.ok()) {
    const json about = {
        {"source", source}, {"bytes", sum.bytes}, {"files", sum.files}, {"sha256", sum.sha256}};
    filled = WriteFileAtomically(path + "/copy.json", about.dump() + "\n", 0600);
  }
  if (!filled.ok()) {
    fs::remove_all(path, error);
    return filled;
  }
  return Copy{source, path, sum};
}

std::vector<ColdCopies::Listed> ColdCopies::List() const {
  std::vector<Listed> listed;
  for (const std::string& project : FoldersIn(folder_)) {
    for (const std::string& service : FoldersIn(folder_ + "/" + project)) {
      for (const std::string& name : FoldersIn(folder_ + "/" + project + "/" + service)) {
        const VolumePlace place{project, service, name};
        StatusOr<Copy> copy = Read(PathOf(place));
        if (!IsVolumeName(name) || !copy.ok()) continue;
        const Time made_at = ChangedAt(copy->path + "/copy.json");
        listed.push_back({place, *std::move(copy), made_at});
      }
    }
  }
  return listed;
}

Status ColdCopies::Remove(const VolumePlace& place) {
  const std::string path = PathOf(place);
  const std::string removing =
      PathOf({place.project, place.service, std::string(kRemoving) + place.name});
  std::error_code error;
  const bool begun = fs::exists(removing, error);
  if (begun) fs::remove_all(removing, error);
  const Status whole = Read(path).status();
  if (begun && !error && whole.code() == StatusCode::kNotFound) return OkStatus();
  DROVER_RETURN_IF_ERROR(whole);
  // By another name first: half of it is no copy any more.
  if (!error) fs::rename(path, removing, error);
  if (!error) fs::remove_all(removing, error);
  return error ? Internal(path + " cannot be removed: " + error.message()) : OkStatus();
}

}  // namespace drover::agent
