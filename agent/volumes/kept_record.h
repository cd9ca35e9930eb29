// What the agent wrote down about something that was set aside.
#ifndef DROVER_AGENT_VOLUMES_KEPT_RECORD_H_
#define DROVER_AGENT_VOLUMES_KEPT_RECORD_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/volumes/cold_copy.h"
#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::agent {

enum class KeptState {
  kCopying,  // a cold copy is being copied beside the contents; nothing has moved
  kMoving,   // the contents move aside
  kPlacing,  // the copied contents move into their place
  kKept,     // done
};

struct KeptRecord {
  std::string source;    // the folder whose contents were set aside
  std::string restored;  // the cold copy that took their place; empty: none
  uint64_t bytes = 0;
  Time created_at{};
  KeptState state = KeptState::kMoving;
};

// A file each: FOLDER/PROJECT/SERVICE/NAME.json. Thread safe as long as no two calls name the same
// place.
class KeptRecords {
 public:
  explicit KeptRecords(std::string folder) : folder_(std::move(folder)) {}

  // Durable once it returns OK.
  Status Save(const VolumePlace& place, const KeptRecord& record) const;
  // Nothing where there is none; DATA_LOSS where it cannot be read.
  StatusOr<std::optional<KeptRecord>> Load(const VolumePlace& place) const;
  Status Remove(const VolumePlace& place) const;
  // Those that can be read.
  std::vector<std::pair<VolumePlace, KeptRecord>> List() const;

 private:
  std::string PathOf(const VolumePlace& place) const;

  const std::string folder_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_VOLUMES_KEPT_RECORD_H_
