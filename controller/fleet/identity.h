// Who a caller is, from the URI in its certificate.
#ifndef DROVER_CONTROLLER_FLEET_IDENTITY_H_
#define DROVER_CONTROLLER_FLEET_IDENTITY_H_

#include <optional>
#include <string>

namespace drover::fleet {

enum class Role { kController, kAgent, kViewer, kOperator, kAdmin };

// spiffe://<fleet>/controller, spiffe://<fleet>/agent/<host id>,
// spiffe://<fleet>/{viewer,operator,admin}/<name>.
struct PeerIdentity {
  std::string fleet;
  Role role = Role::kAgent;
  std::string id;  // empty for the controller
  bool operator==(const PeerIdentity&) const = default;
};

// "agent", "viewer", …: as in the URI.
std::string RoleName(Role role);

// Nothing where `uri` is not one of these forms, exactly. Empty text (rpc::PeerUri of a caller
// without a certificate) is nobody. Callers also compare `fleet`.
std::optional<PeerIdentity> ParsePeerUri(const std::string& uri);

std::string FormatPeerUri(const PeerIdentity& identity);

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_IDENTITY_H_
