// One index made anew under its own name, so that its creation version is the present one
// (opensearch.md M2 b, OpenSearch#18717): copied to a temporary index and back. What comes next is
// decided from what is there, so that a repeated call goes on where an interrupted one stopped.
#ifndef DROVER_CONTROLLER_ROLLOUT_REINDEX_H_
#define DROVER_CONTROLLER_ROLLOUT_REINDEX_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drover::rollout {

// What the index was before; kept in the temporary index's mapping (_meta), where it outlives both
// the controller and the index itself.
struct ReindexRecord {
  std::string index, uuid;
  bool closed = false;
  std::optional<std::string> write_block;  // index.blocks.write; nothing: not set
  std::optional<std::string> hidden;       // index.hidden
  bool operator==(const ReindexRecord&) const = default;
};

struct ReindexSide {
  bool exists = false;
  bool open = true;
  bool ready = false;    // every primary is started
  bool blocked = false;  // index.blocks.write is true
  std::optional<std::string> write_block;
  std::string uuid, created_version;
  std::string cloned_from;  // uuid of the index that it was cloned from
  bool has_record = false;  // its mapping holds a ReindexRecord
  std::vector<std::string> aliases;
  std::optional<uint64_t> documents;  // unknown where it is closed or a copy runs
};

// A _reindex from the index to the temporary one.
struct CopyTask {
  std::string id;
  bool ended = false;
  std::string failure;  // of one that ended
  uint64_t done = 0, total = 0;
};

struct ReindexView {
  std::string name, temporary_name;
  std::string version;  // the lowest among the nodes: what a new index is created with
  ReindexSide index, temporary;
  std::optional<ReindexRecord> record;  // of the temporary index
  bool name_is_alias = false;           // of the temporary index, or of any other
  bool old_is_kept = false;             // a copy of the old index is there (keep_old)
  std::optional<CopyTask> task;
};

enum class ReindexStep {
  kCreateTemporary,
  kOpen,
  kBlock,
  kCopy,
  kBlockTemporary,
  kKeepOld,
  kHandOver,  // the old index goes, its name and aliases lead to the temporary one: one call
  kFreeName,
  kClone,
  kMoveAliases,
  kForgetRecord,
  kRestoreBlock,
  kClose,
  kDeleteTemporary,
  kWait,  // for shards or for the copy; look again
  kDone,
  kRefuse
};

struct ReindexDecision {
  ReindexStep step = ReindexStep::kDone;
  std::string text;  // a sentence: what is done, waited for, or why not and what to do
};

ReindexDecision DecideReindex(const ReindexView& view, bool keep_old);

// "drover-reindex-NAME" and "drover-old-NAME".
std::string TemporaryIndex(const std::string& index);
std::string KeptIndex(const std::string& index);

// Why this index is not for reindexing at all, and what to do in place of it; empty where it may
// be.
std::string WhyNotReindexed(const std::string& index);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_REINDEX_H_
