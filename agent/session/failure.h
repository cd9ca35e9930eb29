// Why there is no connection, in words that tell an operator what to do.
#ifndef DROVER_AGENT_SESSION_FAILURE_H_
#define DROVER_AGENT_SESSION_FAILURE_H_

#include <string>

#include "common/base/status.h"

namespace drover::agent {

// Begins the message of an UNAVAILABLE status of a connection that had stood.
inline constexpr char kConnectionLost[] = "connection lost: ";

struct Failure {
  std::string text;
  // The controller has answered and said no: dialing soon again does not help.
  bool refused = false;
};

// `status` is how the call to the controller at `address` ended.
Failure ExplainFailure(const Status& status, const std::string& address);

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_FAILURE_H_
