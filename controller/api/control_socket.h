// The unix socket of the drover command: who may listen on it, and who may open it.
#ifndef DROVER_CONTROLLER_API_CONTROL_SOCKET_H_
#define DROVER_CONTROLLER_API_CONTROL_SOCKET_H_

#include <string>

#include "common/base/status.h"

namespace drover::api {

// Makes way for a server on `path`: makes its folder, and removes a socket that nobody listens on,
// as a process leaves one behind that was killed. FAILED_PRECONDITION, with the pid, where a
// process listens: it serves another data folder, and a socket must not be taken from it; or where
// the file is no socket.
Status ClaimSocket(const std::string& path);

// Whoever can open the socket is an administrator: its mode is the only lock. Opens it to
// `group_name`; to nobody beside its owner where there is no such group.
Status OpenSocketTo(const std::string& path, const std::string& group_name);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_CONTROL_SOCKET_H_
