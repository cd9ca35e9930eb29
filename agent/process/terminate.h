// Ends a process that the agent did not start.
#ifndef DROVER_AGENT_PROCESS_TERMINATE_H_
#define DROVER_AGENT_PROCESS_TERMINATE_H_

#include <cstdint>
#include <functional>

#include "common/base/status.h"

namespace drover::agent {

// Sends SIGTERM to the process that has `pid` now, unless `is_still_it` says no. It is asked after
// the process was pinned by a pidfd (pidfd_open(2)), so that a number that is given to another
// process in between hits nobody. NOT_FOUND where there is no such process or it is not the one,
// PERMISSION_DENIED where the agent may not signal it.
Status Terminate(int64_t pid, const std::function<bool()>& is_still_it);

}  // namespace drover::agent

#endif  // DROVER_AGENT_PROCESS_TERMINATE_H_
