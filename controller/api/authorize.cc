#include "controller/api/authorize.h"

#include <cctype>

#include "common/rpc/channel.h"

namespace drover::api {
namespace {

constexpr size_t kMaxNameLength = 64;

// The user whom a local caller says it is; a label for records, never a reason to allow anything.
std::string LocalName(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("drover-user");
  if (found == metadata.end()) return "local";
  std::string name;
  for (const char c : found->second) {
    if (name.size() == kMaxNameLength) break;
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' ||
                       c == '.' || c == '@';
    if (plain) name += c;
  }
  return name.empty() ? "local" : name;
}

std::optional<Role> RoleNamed(const std::string& word) {
  for (const Role role : {Role::kViewer, Role::kOperator, Role::kAdmin}) {
    if (word == Name(role)) return role;
  }
  return std::nullopt;
}

}  // namespace

std::string Name(Role role) {
  switch (role) {
    case Role::kViewer:
      return "viewer";
    case Role::kOperator:
      return "operator";
    case Role::kAdmin:
      return "admin";
    case Role::kNobody:
      return "nobody";
  }
  return "nobody";
}

const std::map<std::string, Role>& RequiredRoles() {
  // A cluster file names files of this machine (passwords) and where they are sent: admin. A
  // container's log may hold anything: not for viewers. Verifying a repository writes to it.
  static const std::map<std::string, Role> roles{
      {"FleetService/GetController", Role::kViewer},
      {"FleetService/ListHosts", Role::kViewer},
      {"FleetService/GetHost", Role::kViewer},
      {"FleetService/WatchHosts", Role::kViewer},
      {"FleetService/CreateJoinToken", Role::kAdmin},
      {"FleetService/RevokeHost", Role::kAdmin},
      {"FleetService/CordonHost", Role::kOperator},
      {"FleetService/UncordonHost", Role::kOperator},
      {"FleetService/TailLog", Role::kOperator},
      {"FleetService/ListLeftovers", Role::kViewer},
      // As of snapshots: it may be the last way back.
      {"FleetService/RemoveLeftover", Role::kAdmin},
      {"ClusterService/DiscoverClusters", Role::kOperator},
      {"ClusterService/ApplyCluster", Role::kAdmin},
      {"ClusterService/GetCluster", Role::kViewer},
      {"ClusterService/ListClusters", Role::kViewer},
      {"ClusterService/CheckCluster", Role::kOperator},
      {"ClusterService/ListChecks", Role::kViewer},
      {"RolloutService/CreatePlan", Role::kOperator},
      {"RolloutService/GetPlan", Role::kViewer},
      {"RolloutService/StartRollout", Role::kOperator},
      {"RolloutService/GetRollout", Role::kViewer},
      {"RolloutService/ListRollouts", Role::kViewer},
      {"RolloutService/WatchRollout", Role::kViewer},
      {"RolloutService/PauseRollout", Role::kOperator},
      {"RolloutService/ResumeRollout", Role::kOperator},
      {"RolloutService/AbortRollout", Role::kOperator},
      {"RolloutService/ApproveRollout", Role::kOperator},
      {"RolloutService/RollBackRollout", Role::kAdmin},
      {"RolloutService/WaiveCheck", Role::kAdmin},
      {"IndexService/ListIndexes", Role::kViewer},
      // Old indexes are deleted.
      {"IndexService/ReindexIndexes", Role::kAdmin},
      {"SnapshotService/CreateSnapshot", Role::kOperator},
      {"SnapshotService/GetSnapshot", Role::kViewer},
      {"SnapshotService/ListSnapshots", Role::kViewer},
      {"SnapshotService/VerifyRepository", Role::kOperator},
      {"SnapshotService/ListExpiredSnapshots", Role::kViewer},
      {"SnapshotService/DeleteSnapshots", Role::kAdmin},
      {"SnapshotService/PlanRestore", Role::kOperator},
      {"SnapshotService/RestoreSnapshot", Role::kAdmin},
      {"SnapshotService/ProveSnapshot", Role::kOperator},
      {"RehearsalService/Rehearse", Role::kOperator},
      {"EventService/ListEvents", Role::kViewer},
      {"EventService/WatchEvents", Role::kViewer},
  };
  return roles;
}

StatusOr<Caller> CallerOfUri(const std::string& fleet, const std::string& uri) {
  const std::string prefix = "spiffe://" + fleet + "/";
  const Status refused =
      PermissionDenied("the certificate's identity '" + uri + "' is no operator's of fleet '" +
                       fleet + "': expected " + prefix + "{viewer,operator,admin}/<name>");
  if (fleet.empty() || uri.compare(0, prefix.size(), prefix) != 0) return refused;
  const std::string rest = uri.substr(prefix.size());
  const size_t slash = rest.find('/');
  if (slash == std::string::npos || slash + 1 == rest.size()) return refused;
  const std::string name = rest.substr(slash + 1);
  const std::optional<Role> role = RoleNamed(rest.substr(0, slash));
  if (!role || name.find('/') != std::string::npos) return refused;
  return Caller{*role, name};
}

StatusOr<Caller> IdentifyCaller(const std::string& fleet,
                                const grpc::CallbackServerContext& context) {
  if (rpc::IsLocalPeer(context.peer())) return Caller{Role::kAdmin, LocalName(context)};
  const auto auth = context.auth_context();
  const std::string uri = auth ? rpc::PeerUri(*auth) : "";
  if (uri.empty()) {
    return Unauthenticated(
        "no certificate was shown: use an operator's certificate, or the unix socket on the "
        "controller's machine");
  }
  return CallerOfUri(fleet, uri);
}

Status Authorize(const Caller& caller, const std::string& rpc) {
  const auto found = RequiredRoles().find(rpc);
  const Role needed = found == RequiredRoles().end() ? Role::kNobody : found->second;
  if (caller.role >= needed && caller.role < Role::kNobody) return OkStatus();
  if (needed == Role::kNobody) return PermissionDenied(rpc + ": no role may call it");
  return PermissionDenied(rpc + " needs the role " + Name(needed) + "; " + caller.name +
                          " has the role " + Name(caller.role));
}

}  // namespace drover::api
