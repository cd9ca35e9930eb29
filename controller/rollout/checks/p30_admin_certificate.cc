#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"
#include "controller/rollout/restore.h"

namespace drover::rollout {
namespace {

Finding Run(const CheckInput& in) {
  const std::optional<Version> to = ParseVersion(in.request.to_version);
  if (!to) return Block("the target is no version", "give one such as 2.19.1");
  std::vector<std::string> guarded;
  for (const IndexView& index : in.world.cluster.indices) {
    const std::optional<Version> created = ParseVersion(index.created_version);
    if (NeedsAdmin(index.name) && (!created || created->major < to->major - 1)) {
      guarded.push_back(index.name);
    }
  }
  if (guarded.empty()) return Pass("no index needs the admin certificate");
  const std::string& certificate = in.spec.tls.client_certificate;
  if (certificate.empty()) {
    return Block(Join(guarded) + " must be made anew, which only the admin certificate may",
                 "name it in the cluster file: tls: {client_certificate, client_key}");
  }
  const std::optional<bool>& admin = in.world.inspection.admin;
  if (!admin) {
    return Warn("the cluster did not say whether " + certificate + " is the admin's, which " +
                    Join(guarded) + " needs (GET _plugins/_security/whoami)",
                "its subject has to be in plugins.security.authcz.admin_dn of every node");
  }
  if (*admin) return Pass(certificate + " is the admin's, which " + Join(guarded) + " needs");
  return Block(certificate + " is not the admin's, and " + Join(guarded) +
                   " must be made anew, which only the admin certificate may",
               "name another one, or put its subject into plugins.security.authcz.admin_dn of "
               "every node");
}

}  // namespace

Check P30() {
  return {.id = "P30",
          .title = "the admin certificate is there where it is needed",
          .asks =
              "the security index in the cluster state, tls in the cluster file, GET "
              "_plugins/_security/whoami",
          .needs_target = true,
          .run = &Run};
}

}  // namespace drover::rollout
