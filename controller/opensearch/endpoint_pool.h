// Which endpoint to ask next: the one that was of use last; one that failed lately comes last.
#ifndef DROVER_CONTROLLER_OPENSEARCH_ENDPOINT_POOL_H_
#define DROVER_CONTROLLER_OPENSEARCH_ENDPOINT_POOL_H_

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"

namespace drover::opensearch {

// Thread safe. Endpoints are named by their place in the list it was made from.
class EndpointPool {
 public:
  // `memory`: how long a failure puts an endpoint behind the others.
  EndpointPool(std::vector<std::string> urls, Millis memory);

  size_t size() const { return urls_.size(); }
  const std::string& url(size_t endpoint) const { return urls_[endpoint]; }

  // All endpoints, the best one first: those whose node is in `avoid_nodes` last, before them those
  // that failed lately, the longest ago first.
  std::vector<size_t> Order(const std::vector<std::string>& avoid_nodes) const;

  // True where it had failed before.
  bool Answered(size_t endpoint);
  // `timed_out`: asking again would cost its whole time-out. True where it had not failed before.
  bool Failed(size_t endpoint, const std::string& reason, bool timed_out);
  // From now on the first one, as long as it does not fail: its connections are open.
  void Prefer(size_t endpoint);

  // The reason where it timed out lately; such an endpoint is not worth a question of its own.
  std::optional<std::string> LatelyTimedOut(size_t endpoint) const;

  // The node that answers there, from GET /.
  void SetNodeName(size_t endpoint, const std::string& name);
  std::string NodeName(size_t endpoint) const;

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct Memory {
    std::optional<Moment> failed;  // the last time; none since it answered
    bool timed_out = false;
    std::string reason, node_name;
  };
  bool FailedLately(const Memory& memory, Moment now) const;

  const std::vector<std::string> urls_;
  const Millis memory_;
  mutable std::mutex mutex_;
  std::vector<Memory> memories_;  // guarded by mutex_
  size_t current_ = 0;            // guarded by mutex_; the preferred one
};

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_ENDPOINT_POOL_H_
