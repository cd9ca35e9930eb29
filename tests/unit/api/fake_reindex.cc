#include "tests/unit/api/fake_reindex.h"

#include <algorithm>

namespace drover::api {

using rollout::KeptIndex;
using rollout::TemporaryIndex;

namespace {

constexpr char kVersion[] = "2.19.4";
constexpr char kTask[] = "node-1:17";

}  // namespace

FakeReindexApi::FakeReindexApi() {
  FakeIndex logs;
  logs.uuid = "old";
  logs.created_version = "1.3.20";
  logs.aliases = {"all-logs", "write-logs"};
  logs.documents = kDocuments;
  indices["logs"] = logs;
}

Status FakeReindexApi::Changed(const std::string& call) {
  calls.push_back(call);
  data_lost = data_lost || std::none_of(indices.begin(), indices.end(), [](const auto& index) {
                return index.second.documents >= kDocuments;
              });
  if (lost_answer == static_cast<int>(calls.size())) return Unavailable("no answer");
  return OkStatus();
}

rollout::ReindexSide FakeReindexApi::SideOf(const std::string& index) const {
  rollout::ReindexSide side;
  const auto found = indices.find(index);
  side.exists = found != indices.end();
  if (!side.exists) return side;
  const FakeIndex& from = found->second;
  side.open = side.ready = from.open;
  side.write_block = from.write_block;
  side.blocked = from.write_block == "true";
  side.uuid = from.uuid;
  side.created_version = from.created_version;
  side.cloned_from = from.cloned_from;
  side.has_record = from.record.has_value();
  side.aliases.assign(from.aliases.begin(), from.aliases.end());
  std::erase(side.aliases, "logs");
  if (side.ready) side.documents = from.documents;
  return side;
}

StatusOr<rollout::ReindexView> FakeReindexApi::Look(const std::string& index,
                                                    const std::string& task) {
  const std::lock_guard lock(mutex_);
  rollout::ReindexView view;
  view.name = index;
  view.temporary_name = TemporaryIndex(index);
  view.version = kVersion;
  if (!copying_.empty() && indices.contains(copying_)) {
    copied_ = std::min(copied_ + copied_each_look, kDocuments - documents_lost);
    FakeIndex& to = indices.at(copying_);
    to.documents = std::max(to.documents, copied_);
    view.task = rollout::CopyTask{kTask, false, "", copied_, kDocuments};
    if (copied_ == kDocuments - documents_lost || !copy_failure.empty()) {
      copying_.clear();
      view.task->ended = true;
      view.task->failure = copy_failure;
    }
  } else if (!task.empty()) {
    view.task = rollout::CopyTask{kTask, true, copy_failure, copied_, kDocuments};
  }
  // One that has ended is only known to whoever knows its id.
  if (view.task && view.task->ended && task.empty()) view.task.reset();
  view.index = SideOf(index);
  view.temporary = SideOf(view.temporary_name);
  if (view.temporary.exists) view.record = indices.at(view.temporary_name).record;
  view.old_is_kept = indices.contains(KeptIndex(index));
  for (const auto& [name, one] : indices) {
    view.name_is_alias = view.name_is_alias || one.aliases.contains(index);
  }
  return view;
}

Status FakeReindexApi::CreateTemporary(const std::string& index) {
  const std::lock_guard lock(mutex_);
  const FakeIndex& from = indices.at(index);
  FakeIndex temporary;
  temporary.uuid = NewUuid();
  temporary.created_version = kVersion;
  temporary.hidden = "true";
  temporary.record =
      rollout::ReindexRecord{index, from.uuid, !from.open, from.write_block, from.hidden};
  indices[TemporaryIndex(index)] = temporary;
  return Changed("CreateTemporary");
}

Status FakeReindexApi::Open(const std::string& index) {
  const std::lock_guard lock(mutex_);
  indices.at(index).open = true;
  return Changed("Open");
}

Status FakeReindexApi::Close(const std::string& index) {
  const std::lock_guard lock(mutex_);
  indices.at(index).open = false;
  return Changed("Close");
}

Status FakeReindexApi::SetWriteBlock(const std::string& index,
                                     const std::optional<std::string>& value) {
  const std::lock_guard lock(mutex_);
  indices.at(index).write_block = value;
  return Changed(value ? "Block" : "Unblock");
}

StatusOr<std::string> FakeReindexApi::BeginCopy(const std::string& index) {
  const std::lock_guard lock(mutex_);
  copying_ = TemporaryIndex(index);
  copied_ = 0;
  DROVER_RETURN_IF_ERROR(Changed("BeginCopy"));
  return std::string(kTask);
}

Status FakeReindexApi::BlockTemporary(const std::string& index) {
  const std::lock_guard lock(mutex_);
  indices.at(TemporaryIndex(index)).write_block = "true";
  return Changed("BlockTemporary");
}

Status FakeReindexApi::KeepOld(const std::string& index) {
  const std::lock_guard lock(mutex_);
  FakeIndex kept = indices.at(index);
  kept.uuid = NewUuid();
  kept.aliases.clear();
  indices[KeptIndex(index)] = kept;
  return Changed("KeepOld");
}

Status FakeReindexApi::HandOver(const std::string& index) {
  const std::lock_guard lock(mutex_);
  FakeIndex& temporary = indices.at(TemporaryIndex(index));
  temporary.aliases = indices.at(index).aliases;
  temporary.aliases.insert(index);
  indices.erase(index);
  return Changed("HandOver");
}

Status FakeReindexApi::FreeName(const std::string& index) {
  const std::lock_guard lock(mutex_);
  indices.at(TemporaryIndex(index)).aliases.erase(index);
  return Changed("FreeName");
}

Status FakeReindexApi::Clone(const std::string& index) {
  const std::lock_guard lock(mutex_);
  const FakeIndex& temporary = indices.at(TemporaryIndex(index));
  if (temporary.aliases.contains(index)) return FailedPrecondition("an alias has that name");
  FakeIndex made = temporary;
  made.uuid = NewUuid();
  made.cloned_from = temporary.uuid;
  made.hidden = temporary.record->hidden;
  made.aliases.clear();
  indices[index] = made;
  return Changed("Clone");
}

Status FakeReindexApi::MoveAliases(const std::string& index) {
  const std::lock_guard lock(mutex_);
  indices.at(index).aliases = indices.at(TemporaryIndex(index)).aliases;
  indices.at(TemporaryIndex(index)).aliases.clear();
  return Changed("MoveAliases");
}

Status FakeReindexApi::ForgetRecord(const std::string& index) {
  const std::lock_guard lock(mutex_);
  indices.at(index).record.reset();
  return Changed("ForgetRecord");
}

Status FakeReindexApi::DeleteTemporary(const std::string& index) {
  const std::lock_guard lock(mutex_);
  indices.erase(TemporaryIndex(index));
  return Changed("DeleteTemporary");
}

}  // namespace drover::api
