#include "controller/fleet/identity.h"

#include <array>
#include <utility>

namespace drover::fleet {
namespace {

constexpr char kScheme[] = "spiffe://";
constexpr size_t kSchemeSize = sizeof(kScheme) - 1;

constexpr std::array<std::pair<Role, const char*>, 5> kRoles{{
    {Role::kController, "controller"},
    {Role::kAgent, "agent"},
    {Role::kViewer, "viewer"},
    {Role::kOperator, "operator"},
    {Role::kAdmin, "admin"},
}};

std::optional<Role> ParseRole(const std::string& text) {
  for (const auto& [role, name] : kRoles) {
    if (text == name) return role;
  }
  return std::nullopt;
}

// What a fleet, a host id or an operator's name may consist of.
bool IsName(const std::string& text) {
  constexpr char kAllowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@";
  return !text.empty() && text.find_first_not_of(kAllowed) == std::string::npos;
}

}  // namespace

std::string RoleName(Role role) {
  for (const auto& [known, name] : kRoles) {
    if (role == known) return name;
  }
  return "unknown";
}

std::optional<PeerIdentity> ParsePeerUri(const std::string& uri) {
  if (uri.compare(0, kSchemeSize, kScheme) != 0) return std::nullopt;
  const size_t role_at = uri.find('/', kSchemeSize);
  if (role_at == std::string::npos) return std::nullopt;
  const size_t id_at = uri.find('/', role_at + 1);
  const std::optional<Role> role =
      ParseRole(uri.substr(role_at + 1, id_at == std::string::npos ? id_at : id_at - role_at - 1));
  if (!role.has_value()) return std::nullopt;
  PeerIdentity identity{uri.substr(kSchemeSize, role_at - kSchemeSize), *role, ""};
  if (!IsName(identity.fleet)) return std::nullopt;
  if (*role == Role::kController) {
    return id_at == std::string::npos ? std::optional(identity) : std::nullopt;
  }
  if (id_at == std::string::npos) return std::nullopt;
  identity.id = uri.substr(id_at + 1);
  return IsName(identity.id) ? std::optional(identity) : std::nullopt;
}

std::string FormatPeerUri(const PeerIdentity& identity) {
  std::string uri = kScheme + identity.fleet + "/" + RoleName(identity.role);
  if (identity.role != Role::kController) uri += "/" + identity.id;
  return uri;
}

}  // namespace drover::fleet
