// What clusters look like now, bounded in time: a listing never hangs on a cluster that is down.
#ifndef DROVER_CONTROLLER_API_CLUSTER_LOOKS_H_
#define DROVER_CONTROLLER_API_CLUSTER_LOOKS_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "controller/api/executor.h"
#include "controller/api/parts.h"
#include "drover/control/v1/cluster.pb.h"

namespace drover::api {

namespace pb = drover::control::v1;

// kHealth asks for health and versions; kMembers also matches each member with its node.
enum class Depth { kHealth, kMembers };

struct ClusterToLookAt {
  std::string file;  // as applied: the same file's look is not begun twice
  rollout::ClusterSpec spec;
};

// The live fields of pb::Cluster (members, version, health, problem) for one cluster.
using Look = pb::Cluster;

// Thread safe.
class ClusterLooks {
 public:
  // `parts` must outlive this object.
  explicit ClusterLooks(const Parts& parts);

  // Looks at all of them at once, one Look each in the same order. One that does not answer within
  // `timeout` has only a problem; its look goes on in the background and the next call waits for
  // the same one, so that a dead cluster costs one thread, not one a call. Blocks up to `timeout`.
  std::vector<Look> At(const std::vector<ClusterToLookAt>& clusters, Depth depth, Millis timeout);

  void Shutdown();

 private:
  struct Pending;

  std::shared_ptr<Pending> Begin(const ClusterToLookAt& cluster, Depth depth);

  const Parts& parts_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Pending>> pending_;
  Executor executor_;  // last: its jobs use what is above
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_CLUSTER_LOOKS_H_
