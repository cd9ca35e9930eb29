// The throw-away node of a rehearsal: what is restored into it, and what came up.
#ifndef DROVER_CONTROLLER_OPENSEARCH_REHEARSAL_NODE_H_
#define DROVER_CONTROLLER_OPENSEARCH_REHEARSAL_NODE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "controller/opensearch/cluster_api.h"
#include "controller/opensearch/transport.h"

namespace drover::opensearch {

// An index that was restored, as the node serves it.
struct ServedIndex {
  std::string health;
  uint64_t documents = 0;
  std::string search_failure;         // of a search over all of it; empty where it succeeds
  std::vector<std::string> archived;  // settings that the node's version does not know
};

// Every call blocks; errors are those of cluster_api.h, with the node's own words.
class RehearsalNode {
 public:
  virtual ~RehearsalNode() = default;

  // UNAVAILABLE while it does not answer.
  virtual StatusOr<std::string> Version() = 0;
  // Under the same type and settings, and read-only.
  virtual Status RegisterReadOnly(const rollout::RepositoryView& repository) = 0;
  // state is empty where the node does not see it.
  virtual StatusOr<rollout::SnapshotView> FindSnapshot(const std::string& repository,
                                                       const std::string& name) = 0;
  // Settings and templates. The settings are taken away again, so that none of them rules the
  // rehearsal; the names of those that the node's version does not know.
  virtual StatusOr<std::vector<std::string>> RestoreGlobalState(const std::string& repository,
                                                                const std::string& snapshot) = 0;
  // As rollout::RehearsedName(index): without replicas, allocation filters and blocks.
  virtual Status BeginRestore(const std::string& repository, const std::string& snapshot,
                              const std::string& index) = 0;
  virtual StatusOr<RestoreProgress> LookAtRestore(const std::string& index) = 0;
  virtual StatusOr<ServedIndex> LookAtIndex(const std::string& index) = 0;
};

using RehearsalNodeFactory = std::function<std::shared_ptr<RehearsalNode>(
    const std::string& name, std::shared_ptr<Transport>)>;

// `name` is how its messages call it.
std::shared_ptr<RehearsalNode> MakeRestRehearsalNode(const std::string& name,
                                                     std::shared_ptr<Transport> transport);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_REHEARSAL_NODE_H_
