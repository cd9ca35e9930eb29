// Cold copies of data volumes, in a folder of the agent's own: what a way back starts from.
#ifndef DROVER_AGENT_VOLUMES_COLD_COPY_H_
#define DROVER_AGENT_VOLUMES_COLD_COPY_H_

#include <string>
#include <vector>

#include "agent/volumes/tree.h"
#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::agent {

// Names one cold copy, or one thing set aside, of a service.
struct VolumePlace {
  std::string project, service, name;
};

// Of a copy or of what is set aside: letters, digits, dots and dashes, not beginning with a dot or
// a dash, at most 100.
bool IsVolumeName(const std::string& name);

// RESOURCE_EXHAUSTED where the disk of `folder` has not the room for `bytes` of `what`, and some to
// spare.
Status CheckRoom(const std::string& folder, uint64_t bytes, const std::string& what);

// Below one folder, a copy each: FOLDER/PROJECT/SERVICE/NAME/data and its copy.json. A copy is
// whole where copy.json is there; anything else in its place was cut off. Thread safe as long as no
// two calls name the same copy.
class ColdCopies {
 public:
  struct Copy {
    std::string source;  // the folder that was copied
    std::string path;    // of the copy
    TreeSum sum;
    std::string data() const { return path + "/data"; }
  };
  struct Listed {
    VolumePlace place;
    Copy copy;
    Time made_at;
  };

  explicit ColdCopies(std::string folder) : folder_(std::move(folder)) {}

  // CopyTree of `source`, synced. A whole copy that is there already is given back untouched.
  // RESOURCE_EXHAUSTED where the disk has not the room: nothing is begun then. What was cut off or
  // failed is removed.
  StatusOr<Copy> Make(const VolumePlace& place, const std::string& source,
                      const CopyOptions& options);

  // The whole copy; NOT_FOUND, which names its folder, where there is none. Removes what was cut
  // off.
  StatusOr<Copy> Find(const VolumePlace& place) const;

  // The whole ones. Does not disturb one that is being made.
  std::vector<Listed> List() const;

  // A whole one; NOT_FOUND where there is none. Cut off in the middle it may be called again.
  Status Remove(const VolumePlace& place);

  // Where a copy is, or would be.
  std::string PathOf(const VolumePlace& place) const;

 private:
  StatusOr<Copy> Read(const std::string& path) const;
  Status Fill(const std::string& path, const std::string& source, const CopyOptions& options,
              TreeSum* sum) const;

  const std::string folder_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_VOLUMES_COLD_COPY_H_
