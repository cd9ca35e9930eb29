#include "agent/volumes/kept_volumes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "agent/volumes/descriptor.h"

namespace drover::agent {
namespace {

namespace fs = std::filesystem;

// Before the name of what is set aside: the folder in which a cold copy is copied.
constexpr char kStaging[] = ".restoring-";

// A volume's folder and its kKeptFolder, both open.
struct Opened {
  std::string path;
  Descriptor volume;
  Descriptor kept;
  std::string KeptPath() const { return path + "/" + kKeptFolder; }
};

StatusOr<Opened> Open(const std::string& source) {
  Opened opened;
  opened.path = source;
  DROVER_ASSIGN_OR_RETURN(opened.volume, OpenFolder(source));
  DROVER_ASSIGN_OR_RETURN(opened.kept, MakeFolderIn(opened.volume, kKeptFolder, opened.KeptPath()));
  return opened;
}

bool HasName(const Descriptor& folder, const std::string& name) {
  struct stat info {};
  return ::fstatat(folder.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

StatusOr<std::vector<std::string>> Contents(const Descriptor& volume, const std::string& path) {
  DROVER_ASSIGN_OR_RETURN(std::vector<std::string> names, NamesIn(volume, path));
  std::erase(names, kKeptFolder);
  return names;
}

// Moves everything but kKeptFolder; never over anything.
Status MoveAll(const Descriptor& from, const std::string& from_path, const Descriptor& to,
               const std::string& to_path) {
  DROVER_ASSIGN_OR_RETURN(const std::vector<std::string> names, Contents(from, from_path));
  for (const std::string& name : names) {
    if (::renameat2(from.get(), name.c_str(), to.get(), name.c_str(), RENAME_NOREPLACE) != 0) {
      return FileFailure(from_path + "/" + name, "moved to " + to_path);
    }
  }
  return SyncDisk(to, to_path);
}

// A mount inside the volume cannot be renamed with the rest.
Status CheckMovable(const Opened& opened) {
  DROVER_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                          Contents(opened.volume, opened.path));
  struct stat top {};
  if (::fstat(opened.volume.get(), &top) != 0) return FileFailure(opened.path, "looked at");
  for (const std::string& name : names) {
    struct stat info {};
    if (::fstatat(opened.volume.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return FileFailure(opened.path + "/" + name, "looked at");
    }
    if (info.st_dev == top.st_dev) continue;
    return FailedPrecondition(opened.path + "/" + name +
                              " is a file system of its own and cannot be set aside with " +
                              opened.path + "; unmount it first");
  }
  return OkStatus();
}

Status RemoveIn(const Descriptor& folder, const std::string& name, const std::string& path) {
  std::error_code error;
  fs::remove_all(folder.ProcPath() + "/" + name, error);
  return error ? Internal(path + " cannot be removed: " + error.message()) : OkStatus();
}

Status CheckEmpty(const std::string& source) {
  DROVER_ASSIGN_OR_RETURN(const Descriptor volume, OpenFolder(source));
  DROVER_ASSIGN_OR_RETURN(const std::vector<std::string> names, Contents(volume, source));
  if (names.empty()) return OkStatus();
  return FailedPrecondition("What was in " + source +
                            " is set aside already, and something else is there now (" +
                            names.front() + "); nothing was moved: take another name");
}

KeptVolumes::Kept Told(const KeptRecord& record, const VolumePlace& place) {
  return {record.source, record.source + "/" + kKeptFolder + "/" + place.name, record.restored,
          record.bytes, record.created_at};
}

}  // namespace

// Where a copy was begun and cut off nothing has moved: it is as if nothing had been called.
StatusOr<std::optional<KeptRecord>> KeptVolumes::LoadMoved(const VolumePlace& place) const {
  StatusOr<std::optional<KeptRecord>> record = records_.Load(place);
  if (record.ok() && *record && (*record)->state == KeptState::kCopying) record->reset();
  return record;
}

// A record from before must be about the same folder and the same cold copy.
Status KeptVolumes::CheckBefore(const KeptRecord& record, const VolumePlace& place,
                                const std::string& source, const std::string& restored) const {
  if (record.source != source) {
    return FailedPrecondition(
        place.name + " of " + place.service + " names what was set aside in " + record.source +
        ", and the container has its path at " + source + " now; nothing was moved");
  }
  if (record.restored == restored) return OkStatus();
  if (record.restored.empty()) return OkStatus();
  return FailedPrecondition(place.name + " of " + place.service +
                            " names what was set aside for the cold copy " + record.restored +
                            "; nothing was moved: take another name");
}

Status KeptVolumes::Begin(const std::string& source, const VolumePlace& place,
                          KeptRecord* record) const {
  DROVER_ASSIGN_OR_RETURN(const Opened opened, Open(source));
  if (HasName(opened.kept, place.name)) {
    return FailedPrecondition(opened.KeptPath() + "/" + place.name +
                              " is there already and this agent knows nothing of it; nothing was "
                              "moved: look what it is, and move it away");
  }
  DROVER_RETURN_IF_ERROR(CheckMovable(opened));
  const std::string staging = kStaging + place.name;
  DROVER_RETURN_IF_ERROR(RemoveIn(opened.kept, staging, opened.KeptPath() + "/" + staging));
  DROVER_ASSIGN_OR_RETURN(const TreeLook look, LookAtTree(source));
  *record = {source, "", look.bytes, clock_->Now(), KeptState::kMoving};
  return OkStatus();
}

// From wherever the record stands to its end.
Status KeptVolumes::Advance(const VolumePlace& place, KeptRecord* record) const {
  DROVER_ASSIGN_OR_RETURN(const Opened opened, Open(record->source));
  const std::string aside_path = opened.KeptPath() + "/" + place.name;
  const std::string staging = kStaging + place.name;
  if (record->state == KeptState::kMoving) {
    if (!record->restored.empty() && !HasName(opened.kept, staging)) {
      return FailedPrecondition(opened.KeptPath() + "/" + staging +
                                " is gone, which was to take the place of what is in " +
                                opened.path + "; restore the snapshot instead");
    }
    DROVER_ASSIGN_OR_RETURN(const Descriptor aside,
                            MakeFolderIn(opened.kept, place.name, aside_path));
    DROVER_RETURN_IF_ERROR(MoveAll(opened.volume, opened.path, aside, aside_path));
    record->state = record->restored.empty() ? KeptState::kKept : KeptState::kPlacing;
    DROVER_RETURN_IF_ERROR(records_.Save(place, *record));
  }
  if (record->state == KeptState::kPlacing) {
    // It is gone where only the record of that is missing.
    if (HasName(opened.kept, staging)) {
      const std::string path = opened.KeptPath() + "/" + staging;
      DROVER_ASSIGN_OR_RETURN(const Descriptor from, OpenFolderIn(opened.kept, staging, path));
      DROVER_RETURN_IF_ERROR(MoveAll(from, path, opened.volume, opened.path));
      DROVER_RETURN_IF_ERROR(RemoveIn(opened.kept, staging, path));
    }
    record->state = KeptState::kKept;
    DROVER_RETURN_IF_ERROR(records_.Save(place, *record));
  }
  return OkStatus();
}

StatusOr<KeptVolumes::Kept> KeptVolumes::SetAside(const VolumePlace& place,
                                                  const std::string& source) {
  DROVER_ASSIGN_OR_RETURN(std::optional<KeptRecord> record, LoadMoved(place));
  if (!record) {
    record.emplace();
    DROVER_RETURN_IF_ERROR(Begin(source, place, &*record));
    DROVER_RETURN_IF_ERROR(records_.Save(place, *record));
  }
  DROVER_RETURN_IF_ERROR(CheckBefore(*record, place, source, ""));
  DROVER_RETURN_IF_ERROR(Advance(place, &*record));
  return Told(*record, place);
}

Status KeptVolumes::Stage(const VolumePlace& place, const std::string& source,
                          const ColdCopies::Copy& copy, const CopyOptions& options) const {
  DROVER_ASSIGN_OR_RETURN(const Opened opened, Open(source));
  const std::string name = kStaging + place.name;
  const std::string path = opened.KeptPath() + "/" + name;
  DROVER_RETURN_IF_ERROR(RemoveIn(opened.kept, name, path));
  DROVER_RETURN_IF_ERROR(CheckRoom(source, copy.sum.bytes, "Restoring " + copy.path + " there"));
  DROVER_RETURN_IF_ERROR(MakeFolderIn(opened.kept, name, path).status());
  StatusOr<TreeSum> sum = CopyTree(copy.data(), path, options);
  if (sum.ok() && sum->sha256 != copy.sum.sha256) {
    sum = DataLoss("The cold copy " + copy.path +
                   " is not what it was when it was made; nothing was moved: restore the snapshot "
                   "instead");
  }
  const Status staged = sum.ok() ? SyncDisk(opened.kept, path) : sum.status();
  if (!staged.ok()) (void)RemoveIn(opened.kept, name, path);
  return staged;
}

// The record says that a copy was begun, so that one that was cut off is found again.
StatusOr<KeptRecord> KeptVolumes::StageAnew(const VolumePlace& place, const std::string& source,
                                            const ColdCopies::Copy& copy,
                                            const std::string& copy_name,
                                            const CopyOptions& options) const {
  KeptRecord record;
  DROVER_RETURN_IF_ERROR(Begin(source, place, &record));
  record.restored = copy_name;
  record.state = KeptState::kCopying;
  DROVER_RETURN_IF_ERROR(records_.Save(place, record));
  const Status staged = Stage(place, source, copy, options);
  if (!staged.ok()) {
    DROVER_RETURN_IF_ERROR(records_.Remove(place));
    return staged;
  }
  record.state = KeptState::kMoving;
  return record;
}

StatusOr<KeptVolumes::Kept> KeptVolumes::Restore(const VolumePlace& place,
                                                 const std::string& source,
                                                 const std::string& copy_name,
                                                 const ColdCopies& copies,
                                                 const CopyOptions& options) {
  DROVER_ASSIGN_OR_RETURN(std::optional<KeptRecord> record, LoadMoved(place));
  if (record) DROVER_RETURN_IF_ERROR(CheckBefore(*record, place, source, copy_name));
  if (record) DROVER_RETURN_IF_ERROR(Advance(place, &*record));
  if (record && record->restored == copy_name) return Told(*record, place);
  DROVER_ASSIGN_OR_RETURN(
      const ColdCopies::Copy copy,
      copies.Find({.project = place.project, .service = place.service, .name = copy_name}));
  if (!record) {
    DROVER_ASSIGN_OR_RETURN(record, StageAnew(place, source, copy, copy_name, options));
  } else {
    DROVER_RETURN_IF_ERROR(CheckEmpty(source));
    DROVER_RETURN_IF_ERROR(Stage(place, source, copy, options));
    record->state = KeptState::kPlacing;
  }
  record->restored = copy_name;
  DROVER_RETURN_IF_ERROR(records_.Save(place, *record));
  DROVER_RETURN_IF_ERROR(Advance(place, &*record));
  return Told(*record, place);
}

StatusOr<KeptVolumes::Kept> KeptVolumes::Find(const VolumePlace& place) const {
  DROVER_ASSIGN_OR_RETURN(const std::optional<KeptRecord> record, records_.Load(place));
  if (record && record->state == KeptState::kKept) return Told(*record, place);
  return NotFound("Nothing of " + place.project + "/" + place.service + " is set aside as " +
                  place.name);
}

std::vector<KeptVolumes::Listed> KeptVolumes::List() const {
  std::vector<Listed> listed;
  for (const auto& [place, record] : records_.List()) {
    Kept kept = Told(record, place);
    if (record.state == KeptState::kCopying) {
      kept.path = record.source + "/" + kKeptFolder + "/" + kStaging + place.name;
    }
    std::error_code error;
    if (fs::exists(kept.path, error)) listed.push_back({place, std::move(kept)});
  }
  return listed;
}

Status KeptVolumes::Remove(const VolumePlace& place) {
  DROVER_ASSIGN_OR_RETURN(const std::optional<KeptRecord> record, records_.Load(place));
  if (!record) return Find(place).status();
  if (record->state == KeptState::kMoving || record->state == KeptState::kPlacing) {
    return FailedPrecondition(place.name + " of " + place.project + "/" + place.service +
                              " is half set aside: finish its rollback first");
  }
  std::error_code error;
  if (fs::exists(record->source + "/" + kKeptFolder, error)) {
    DROVER_ASSIGN_OR_RETURN(const Opened opened, Open(record->source));
    for (const std::string& name : {kStaging + place.name, place.name}) {
      const bool foreign = record->state == KeptState::kCopying && name == place.name;
      if (foreign) continue;
      DROVER_RETURN_IF_ERROR(RemoveIn(opened.kept, name, opened.KeptPath() + "/" + name));
    }
  }
  return records_.Remove(place);
}

}  // namespace drover::agent
