// Who may call which control service (protocol.md, "Enrolment and identity"): deny by default.
#ifndef DROVER_CONTROLLER_API_AUTHORIZE_H_
#define DROVER_CONTROLLER_API_AUTHORIZE_H_

#include <grpcpp/grpcpp.h>

#include <map>
#include <optional>
#include <string>

#include "common/base/status.h"

namespace drover::api {

// Each role may do what the ones before it may. kNobody is for what no role may call.
enum class Role { kViewer = 1, kOperator = 2, kAdmin = 3, kNobody = 4 };

std::string Name(Role role);  // "viewer"

struct Caller {
  Role role = Role::kViewer;
  std::string name;  // for records: "alice", "root on this machine"
};

// RPC → the least role, the one place where it is written. Keys are "RolloutService/StartRollout".
const std::map<std::string, Role>& RequiredRoles();

// The operator that a certificate's URI SAN names: spiffe://<fleet>/{viewer,operator,admin}/<name>.
// PERMISSION_DENIED where it is another fleet's, an agent's or no such URI.
StatusOr<Caller> CallerOfUri(const std::string& fleet, const std::string& uri);

// Calls over the unix socket are admin's: the socket's owner and group decide who can open it. Any
// other caller is who its verified certificate says. UNAUTHENTICATED where it showed none.
StatusOr<Caller> IdentifyCaller(const std::string& fleet,
                                const grpc::CallbackServerContext& context);

// PERMISSION_DENIED where the caller's role is below the RPC's, or the RPC is not in the table.
Status Authorize(const Caller& caller, const std::string& rpc);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_AUTHORIZE_H_
