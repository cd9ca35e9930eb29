// Another way to a node than a connection of the controller's own.
#ifndef DROVER_CONTROLLER_OPENSEARCH_TRANSPORT_H_
#define DROVER_CONTROLLER_OPENSEARCH_TRANSPORT_H_

#include <string>

#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::opensearch {

struct WireRequest {
  std::string method, path, body;
  Millis timeout{};
};

struct WireAnswer {
  long status = 0;
  std::string body;
};

// Thread safe.
class Transport {
 public:
  virtual ~Transport() = default;
  // One exchange; blocks. An error says why there is no answer, a sentence.
  virtual StatusOr<WireAnswer> Send(const WireRequest& request) = 0;
};

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_TRANSPORT_H_
