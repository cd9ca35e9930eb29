// What systemd is told of the service's state (sd_notify(3)), where it asked to be told.
#ifndef DROVER_AGENT_SESSION_NOTIFY_H_
#define DROVER_AGENT_SESSION_NOTIFY_H_

#include <string>

#include "common/base/status.h"

namespace drover::agent {

// Sends `state` ("READY=1", lines separated by newlines) to $NOTIFY_SOCKET; OK and nothing where
// that is not set.
Status NotifyServiceManager(const std::string& state);

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_NOTIFY_H_
