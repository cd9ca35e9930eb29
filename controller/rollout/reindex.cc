#include "controller/rollout/reindex.h"

#include "controller/rollout/version.h"

namespace drover::rollout {
namespace {

constexpr char kTemporary[] = "drover-reindex-";
constexpr char kKept[] = "drover-old-";

ReindexDecision Refuse(std::string text) { return {ReindexStep::kRefuse, std::move(text)}; }

// An index of the present major version is what the next one opens.
bool IsPresent(const ReindexView& view) {
  const auto created = ParseVersion(view.index.created_version);  // none for Elasticsearch's
  const auto present = ParseVersion(view.version);
  return created && present && created->major >= present->major;
}

std::string Documents(const ReindexSide& side) {
  return side.documents ? std::to_string(*side.documents) : "?";
}

ReindexDecision Begin(const ReindexView& view) {
  if (view.name_is_alias) return Refuse(view.name + " is an alias: name the index behind it");
  if (!view.index.exists) return Refuse("there is no index " + view.name);
  if (IsPresent(view)) {
    return {ReindexStep::kDone, view.name + " is left alone: it was created by " +
                                    view.index.created_version + ", and the cluster runs " +
                                    view.version};
  }
  return {ReindexStep::kCreateTemporary,
          "makes " + view.temporary_name + " with the settings and mappings of " + view.name};
}

// From the old index to the temporary one.
ReindexDecision Copy(const ReindexView& view, bool keep_old) {
  const std::string& name = view.name;
  const std::string& temporary = view.temporary_name;
  if (!view.index.open) return {ReindexStep::kOpen, "opens " + name + ", which is closed"};
  if (!view.index.ready || !view.temporary.ready) {
    return {ReindexStep::kWait, "waits for the shards of " + name + " and " + temporary};
  }
  if (!view.index.blocked) {
    if (view.temporary.documents.value_or(0) > 0) {
      return Refuse("the write block of " + name + " was taken away while it was being copied to " +
                    temporary + ", which may lack what was written since: delete " + temporary +
                    " and run this again");
    }
    return {ReindexStep::kBlock, "blocks writes to " + name};
  }
  if (view.task && !view.task->ended) {
    return {ReindexStep::kWait, "copies " + name + " to " + temporary};
  }
  if (view.task && !view.task->failure.empty()) {
    return Refuse("copying " + name + " to " + temporary + " failed: " + view.task->failure + ". " +
                  name +
                  " is whole and blocked for writes; put right what is said, then run this "
                  "again");
  }
  if (!view.index.documents || view.index.documents != view.temporary.documents) {
    if (!view.task) return {ReindexStep::kCopy, "copies " + name + " to " + temporary};
    return Refuse(temporary + " has " + Documents(view.temporary) + " documents and " + name + " " +
                  Documents(view.index) + " although the copy ended: " + name +
                  " is whole and blocked for writes; delete " + temporary + " and run this again");
  }
  if (!view.temporary.blocked) {
    return {ReindexStep::kBlockTemporary, "has the same " + Documents(view.index) +
                                              " documents in " + temporary +
                                              "; blocks writes to it"};
  }
  if (keep_old && !view.old_is_kept) {
    return {ReindexStep::kKeepOld, "keeps the old index as " + KeptIndex(name)};
  }
  return {ReindexStep::kHandOver,
          "deletes the old " + name + "; its name and aliases lead to " + temporary};
}

// From the temporary index back to the name. The temporary one is complete: it was blocked for
// writes when both had the same documents.
ReindexDecision CopyBack(const ReindexView& view) {
  const std::string& name = view.name;
  const std::string& temporary = view.temporary_name;
  if (!view.temporary.blocked) {
    return Refuse("index " + name + " is gone, and " + temporary +
                  " is no complete copy of it: somebody else deleted it. Restore it from a "
                  "snapshot, then delete " +
                  temporary);
  }
  if (view.name_is_alias) return {ReindexStep::kFreeName, "frees the name " + name};
  if (!view.index.exists) return {ReindexStep::kClone, "makes " + name + " anew from " + temporary};
  if (view.index.cloned_from != view.temporary.uuid) {
    return Refuse("somebody made an index " + name + " while its name was free: " + temporary +
                  " holds all of its documents. Stop the writers, delete the new " + name +
                  " and run this again");
  }
  return {ReindexStep::kDone, ""};
}

// The new index is there; what is left is to compare it and to put back what was recorded.
ReindexDecision Finish(const ReindexView& view) {
  const std::string& name = view.name;
  const std::string& temporary = view.temporary_name;
  if (view.index.has_record) {
    if (!view.index.ready) return {ReindexStep::kWait, "waits for the shards of the new " + name};
    if (!view.index.documents || view.index.documents != view.temporary.documents) {
      return Refuse("the new " + name + " has " + Documents(view.index) + " documents and " +
                    temporary + " " + Documents(view.temporary) + ": delete the new " + name +
                    " and run this again");
    }
    if (!view.temporary.aliases.empty()) {
      return {ReindexStep::kMoveAliases, "moves the aliases to the new " + name};
    }
    return {ReindexStep::kForgetRecord, "has the same " + Documents(view.index) +
                                            " documents in the new " + name +
                                            "; puts its mapping's _meta back"};
  }
  if (view.index.open && view.index.write_block != view.record->write_block) {
    return {ReindexStep::kRestoreBlock, "puts the write block of " + name + " back as it was"};
  }
  if (view.record->closed && view.index.open) {
    return {ReindexStep::kClose, "closes " + name + " again"};
  }
  return {ReindexStep::kDeleteTemporary, "deletes " + temporary};
}

}  // namespace

std::string TemporaryIndex(const std::string& index) { return kTemporary + index; }
std::string KeptIndex(const std::string& index) { return kKept + index; }

std::string WhyNotReindexed(const std::string& index) {
  constexpr size_t kLongestName = 255;  // bytes, OpenSearch's own limit
  if (index == ".opendistro_security" || index == ".opensearch_security") {
    return index +
           " belongs to the security plugin, and nobody may read it without the admin "
           "certificate: back it up with securityadmin.sh -backup, delete it with the admin "
           "certificate, make it again with securityadmin.sh -cd; in between nobody can log in";
  }
  if (index.starts_with(".ds-")) {
    return index +
           " belongs to a data stream, whose indexes cannot be replaced one by one: reindex the "
           "stream into a new one, or delete the index once it is no longer needed";
  }
  for (const std::string prefix : {kTemporary, kKept}) {
    if (!index.starts_with(prefix)) continue;
    return index + " was made by Drover: to go on with a reindex that was interrupted, name " +
           index.substr(prefix.size());
  }
  if (index.empty() || index.find_first_of("*?,/\\ \"<>|#") != std::string::npos) {
    return "'" + index + "' is no name of one index";
  }
  if (TemporaryIndex(index).size() > kLongestName) {
    return index + ": the name is too long for the temporary index " + TemporaryIndex(index);
  }
  return "";
}

ReindexDecision DecideReindex(const ReindexView& view, bool keep_old) {
  if (const std::string why = WhyNotReindexed(view.name); !why.empty()) return Refuse(why);
  if (!view.temporary.exists) return Begin(view);
  if (!view.record || view.record->index != view.name) {
    return Refuse("there is an index " + view.temporary_name +
                  " that is not Drover's: " + "delete it, or rename it with _clone");
  }
  if (view.index.exists && view.index.uuid == view.record->uuid) return Copy(view, keep_old);
  const ReindexDecision back = CopyBack(view);
  return back.step == ReindexStep::kDone ? Finish(view) : back;
}

}  // namespace drover::rollout
