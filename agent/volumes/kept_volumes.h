// What a volume held, set aside on the volume's own file system, and cold copies put in its place.
#ifndef DROVER_AGENT_VOLUMES_KEPT_VOLUMES_H_
#define DROVER_AGENT_VOLUMES_KEPT_VOLUMES_H_

#include <optional>
#include <string>
#include <vector>

#include "agent/volumes/cold_copy.h"
#include "agent/volumes/kept_record.h"
#include "agent/volumes/tree.h"
#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::agent {

// Contents move by rename into SOURCE/.drover-kept/NAME, which works where SOURCE is a mount point
// too and is instant; what is said about them lies in a folder of the agent's own. That record is
// written before each phase (KeptState): a call that was cut off goes on where it stood when it is
// made again. The containers are stopped from the first call until one has returned OK. Thread safe
// as long as no two calls name the same source.
class KeptVolumes {
 public:
  struct Kept {
    std::string source;
    std::string path;      // of what was set aside
    std::string restored;  // the cold copy that took its place; empty: none
    uint64_t bytes = 0;
    Time created_at{};
  };
  struct Listed {
    VolumePlace place;
    Kept kept;
  };

  // `clock` is not owned.
  KeptVolumes(std::string folder, Clock* clock) : records_(std::move(folder)), clock_(clock) {}

  // Leaves `source` empty but for kKeptFolder, with its owner and mode. Done before under that name
  // nothing moves, whatever is in `source` now.
  StatusOr<Kept> SetAside(const VolumePlace& place, const std::string& source);

  // Sets aside what is in `source` and puts `copy` in its place. Copies first, beside the contents,
  // and compares with the copy's own sum: until that is done nothing has moved, and an error leaves
  // everything as it was. Where SetAside was called under that name before, `source` must be empty.
  // Done before with that copy nothing moves; FAILED_PRECONDITION where it was another one.
  StatusOr<Kept> Restore(const VolumePlace& place, const std::string& source,
                         const std::string& copy_name, const ColdCopies& copies,
                         const CopyOptions& options);

  // What is done; NOT_FOUND where nothing of that name is, or is half done.
  StatusOr<Kept> Find(const VolumePlace& place) const;

  // What is still there.
  std::vector<Listed> List() const;

  // Removes what was set aside; NOT_FOUND where there is none, FAILED_PRECONDITION where it is half
  // done. Cut off in the middle it may be called again.
  Status Remove(const VolumePlace& place);

 private:
  StatusOr<std::optional<KeptRecord>> LoadMoved(const VolumePlace& place) const;
  Status CheckBefore(const KeptRecord& record, const VolumePlace& place, const std::string& source,
                     const std::string& restored) const;
  Status Begin(const std::string& source, const VolumePlace& place, KeptRecord* record) const;
  Status Stage(const VolumePlace& place, const std::string& source, const ColdCopies::Copy& copy,
               const CopyOptions& options) const;
  StatusOr<KeptRecord> StageAnew(const VolumePlace& place, const std::string& source,
                                 const ColdCopies::Copy& copy, const std::string& copy_name,
                                 const CopyOptions& options) const;
  Status Advance(const VolumePlace& place, KeptRecord* record) const;

  const KeptRecords records_;
  Clock* const clock_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_VOLUMES_KEPT_VOLUMES_H_
