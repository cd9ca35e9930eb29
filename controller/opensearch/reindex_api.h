// The calls by which one index is made anew; controller/rollout/reindex.h says in which order.
#ifndef DROVER_CONTROLLER_OPENSEARCH_REINDEX_API_H_
#define DROVER_CONTROLLER_OPENSEARCH_REINDEX_API_H_

#include <functional>
#include <memory>
#include <string>

#include "common/base/status.h"
#include "controller/rollout/cluster_spec.h"
#include "controller/rollout/reindex.h"

namespace drover::opensearch {

// `index` is always the name of the index that is made anew. Every call blocks; errors are those of
// cluster_api.h.
class ReindexApi {
 public:
  virtual ~ReindexApi() = default;

  // What is there now. `task`: the last copy that the caller began; empty: one that runs is found.
  virtual StatusOr<rollout::ReindexView> Look(const std::string& index,
                                              const std::string& task) = 0;

  // With the settings and mappings of the index, and the record of what it was.
  virtual Status CreateTemporary(const std::string& index) = 0;
  virtual Status Open(const std::string& index) = 0;
  virtual Status Close(const std::string& index) = 0;
  // No value: the default.
  virtual Status SetWriteBlock(const std::string& index,
                               const std::optional<std::string>& value) = 0;
  // The id of the task that copies; it goes on in the cluster by itself.
  virtual StatusOr<std::string> BeginCopy(const std::string& index) = 0;
  virtual Status BlockTemporary(const std::string& index) = 0;
  virtual Status KeepOld(const std::string& index) = 0;
  virtual Status HandOver(const std::string& index) = 0;
  virtual Status FreeName(const std::string& index) = 0;
  virtual Status Clone(const std::string& index) = 0;
  virtual Status MoveAliases(const std::string& index) = 0;
  virtual Status ForgetRecord(const std::string& index) = 0;
  virtual Status DeleteTemporary(const std::string& index) = 0;
};

using ReindexApiFactory =
    std::function<StatusOr<std::shared_ptr<ReindexApi>>(const rollout::ClusterSpec&)>;

StatusOr<std::shared_ptr<ReindexApi>> MakeRestReindexApi(const rollout::ClusterSpec& spec);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_REINDEX_API_H_
