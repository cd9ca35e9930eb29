// What rollouts left behind on hosts, as the control services see it.
#ifndef DROVER_CONTROLLER_FLEET_LEFTOVERS_H_
#define DROVER_CONTROLLER_FLEET_LEFTOVERS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::fleet {

enum class LeftoverKind { kColdCopy, kKeptVolume };

struct Leftover {
  LeftoverKind kind = LeftoverKind::kColdCopy;
  std::string project, service, name;
  std::string path = {};      // on the host
  std::string restored = {};  // of a kept volume: the cold copy that took its place
  uint64_t bytes = 0;
  Time created_at{};
};

// Thread safe; no call blocks. `done` is called once, from another thread, DEADLINE_EXCEEDED after
// `timeout`; UNAVAILABLE where the host is not connected.
class Leftovers {
 public:
  virtual ~Leftovers() = default;

  virtual void ListLeftovers(const std::string& host, Millis timeout,
                             std::function<void(StatusOr<std::vector<Leftover>>)> done) = 0;

  // Removes, for good, the one of that kind, place and name; the answer is what it was. NOT_FOUND
  // where there is none, PERMISSION_DENIED where the host's policy does not allow it.
  virtual void RemoveLeftover(const std::string& host, const Leftover& which, Millis timeout,
                              std::function<void(StatusOr<Leftover>)> done) = 0;
};

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_LEFTOVERS_H_
