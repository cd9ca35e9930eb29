// A cluster in memory, as far as making an index anew goes.
#ifndef DROVER_TESTS_UNIT_API_FAKE_REINDEX_H_
#define DROVER_TESTS_UNIT_API_FAKE_REINDEX_H_

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/opensearch/reindex_api.h"

namespace drover::api {

struct FakeIndex {
  std::string uuid, created_version;
  bool open = true;
  std::optional<std::string> write_block, hidden;
  std::string cloned_from;
  std::optional<rollout::ReindexRecord> record;
  std::set<std::string> aliases;
  uint64_t documents = 0;
};

// Thread safe.
class FakeReindexApi final : public opensearch::ReindexApi {
 public:
  static constexpr uint64_t kDocuments = 1'000;

  // "logs" of 1.3.20 with two aliases, in a cluster at 2.19.4.
  FakeReindexApi();

  StatusOr<rollout::ReindexView> Look(const std::string& index, const std::string& task) override;
  Status CreateTemporary(const std::string& index) override;
  Status Open(const std::string& index) override;
  Status Close(const std::string& index) override;
  Status SetWriteBlock(const std::string& index, const std::optional<std::string>& value) override;
  StatusOr<std::string> BeginCopy(const std::string& index) override;
  Status BlockTemporary(const std::string& index) override;
  Status KeepOld(const std::string& index) override;
  Status HandOver(const std::string& index) override;
  Status FreeName(const std::string& index) override;
  Status Clone(const std::string& index) override;
  Status MoveAliases(const std::string& index) override;
  Status ForgetRecord(const std::string& index) override;
  Status DeleteTemporary(const std::string& index) override;

  // What a test looks at and changes while no call runs.
  std::map<std::string, FakeIndex> indices;
  std::vector<std::string> calls;   // that changed something
  int lost_answer = 0;              // the n-th change takes effect and answers with an error
  uint64_t copied_each_look = 500;  // how far a copy gets between two looks
  std::string copy_failure;         // how the copy ends
  uint64_t documents_lost = 0;      // by the copy, silently
  // Set once no index held every document.
  bool data_lost = false;

 private:
  Status Changed(const std::string& call);
  rollout::ReindexSide SideOf(const std::string& index) const;
  std::string NewUuid() { return "uuid-" + std::to_string(++uuids_); }

  std::mutex mutex_;
  int uuids_ = 0;
  std::string copying_;  // to this index
  uint64_t copied_ = 0;
};

}  // namespace drover::api

#endif  // DROVER_TESTS_UNIT_API_FAKE_REINDEX_H_
