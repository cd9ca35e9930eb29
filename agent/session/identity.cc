#include "agent/session/identity.h"

#include <nlohmann/json.hpp>

#include "common/base/files.h"

namespace drover::agent {
namespace {

using nlohmann::json;

struct Member {
  const char* name;
  std::string HostIdentity::*value;
};

constexpr Member kMembers[] = {
    {"host_id", &HostIdentity::host_id},
    {"host_name", &HostIdentity::host_name},
    {"controller", &HostIdentity::controller},
    {"key", &HostIdentity::key},
    {"certificate_chain", &HostIdentity::certificate_chain},
    {"ca", &HostIdentity::ca},
};

Status Damaged(const std::string& path, const std::string& what) {
  return DataLoss(path + " is damaged (" + what +
                  "): make a token (drover token create) and run drover-agent join --force");
}

}  // namespace

StatusOr<HostIdentity> IdentityFile::Load() const {
  auto bytes = ReadFile(path_);
  if (bytes.status().code() == StatusCode::kNotFound) {
    return NotFound("this host is not enrolled (no " + path_ +
                    "): run drover token create where the controller is, and paste the "
                    "drover-agent join command that it prints here");
  }
  if (!bytes.ok()) return bytes.status();
  const json document = json::parse(*bytes, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return Damaged(path_, "not a JSON object");
  HostIdentity identity;
  for (const Member& member : kMembers) {
    const auto found = document.find(member.name);
    if (found == document.end() || !found->is_string()) {
      return Damaged(path_, std::string("no ") + member.name);
    }
    identity.*member.value = found->get<std::string>();
  }
  return identity;
}

Status IdentityFile::Save(const HostIdentity& identity) const {
  json document = json::object();
  for (const Member& member : kMembers) document[member.name] = identity.*member.value;
  return WriteFileAtomically(
      path_, document.dump(2, ' ', true, json::error_handler_t::replace) + "\n", 0600);
}

Time RenewalTime(Time not_before, Time not_after, double random) {
  const double life = static_cast<double>((not_after - not_before).count());
  return not_before + Millis(static_cast<Millis::rep>(life * (0.5 + 0.1 * random)));
}

}  // namespace drover::agent
