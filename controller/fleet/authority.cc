#include "controller/fleet/authority.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "common/base/files.h"
#include "common/base/log.h"
#include "common/crypto/crypto.h"
#include "common/rpc/limits.h"
#include "controller/fleet/identity.h"

namespace drover::fleet {
namespace {

// A host whose clock is hours behind takes a new certificate all the same.
constexpr Millis kBackdate{24 * 3'600'000};
constexpr size_t kFleetNameMax = 48;

bool IsFleetName(const std::string& name) {
  constexpr char kAllowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
  return !name.empty() && name.size() <= kFleetNameMax &&
         name.find_first_not_of(kAllowed) == std::string::npos;
}

// Empty where there is no such file.
StatusOr<std::string> ReadIfThere(const std::string& path) {
  auto bytes = ReadFile(path);
  if (bytes.status().code() == StatusCode::kNotFound) return std::string();
  return bytes;
}

// A private key from `path`, made where it is missing.
StatusOr<std::string> ReadOrMakeKey(const std::string& path) {
  DROVER_ASSIGN_OR_RETURN(std::string key, ReadIfThere(path));
  if (key.empty()) {
    DROVER_ASSIGN_OR_RETURN(key, crypto::GenerateKey());
    DROVER_RETURN_IF_ERROR(WriteFileAtomically(path, key, 0600));
    return key;
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    return FailedPrecondition(path + " can be read by others than its owner; run `chmod 600 " +
                              path + "`, and think about who may have read it");
  }
  return key;
}

Status MakeFolder(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return OkStatus();
  std::filesystem::create_directories(folder, error);
  if (error) return Unavailable("cannot make the folder " + folder + ": " + error.message());
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  return OkStatus();
}

std::vector<std::string> ServerNames(const AuthorityOptions& options) {
  std::vector<std::string> names{rpc::kControllerName};
  for (const std::string& name : options.dns_names) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

}  // namespace

std::vector<std::string> AuthorityFiles() {
  return {"ca.key", "ca.pem", "controller.key", "controller.pem"};
}

Authority::Authority(const AuthorityOptions& options, Clock& clock)
    : options_(options), clock_(clock) {}

StatusOr<std::unique_ptr<Authority>> Authority::Open(const AuthorityOptions& options,
                                                     Clock& clock) {
  if (!options.fleet_name.empty() && !IsFleetName(options.fleet_name)) {
    return InvalidArgument("the fleet name \"" + options.fleet_name +
                           "\" is not 1 to 48 letters, digits and dashes");
  }
  DROVER_RETURN_IF_ERROR(MakeFolder(options.folder));
  std::unique_ptr<Authority> authority(new Authority(options, clock));
  DROVER_RETURN_IF_ERROR(authority->OpenAuthority());
  DROVER_RETURN_IF_ERROR(authority->OpenServerKey());
  DROVER_RETURN_IF_ERROR(authority->RenewServerCertificate());
  return authority;
}

// The key is written before the certificate: a crash in between leaves a key that nobody knows yet.
Status Authority::OpenAuthority() {
  const Time now = clock_.Now();
  DROVER_ASSIGN_OR_RETURN(certificate_, ReadIfThere(Path("ca.pem")));
  std::error_code error;
  if (!certificate_.empty() && !std::filesystem::exists(Path("ca.key"), error)) {
    return FailedPrecondition(Path("ca.key") + " is missing beside ca.pem; restore it from a " +
                              "backup: a new authority would lock out every enrolled host");
  }
  DROVER_ASSIGN_OR_RETURN(key_, ReadOrMakeKey(Path("ca.key")));
  if (certificate_.empty()) {
    const std::string name =
        options_.fleet_name.empty() ? "fleet-" + crypto::RandomHex(4) : options_.fleet_name;
    DROVER_ASSIGN_OR_RETURN(certificate_, crypto::MakeAuthority(key_, name, now - kBackdate,
                                                                now + rpc::kAuthorityLife));
    DROVER_RETURN_IF_ERROR(WriteFileAtomically(Path("ca.pem"), certificate_, 0644));
    LogInfo("fleet", "made the authority of the fleet " + name + " in " + options_.folder);
  }
  const auto info = crypto::ReadCertificate(certificate_);
  if (!info.ok()) return FailedPrecondition(Path("ca.pem") + ": " + Message(info.status()));
  if (!crypto::CertificateFitsKey(certificate_, key_)) {
    return FailedPrecondition(
        Path("ca.pem") + " and the ca.key beside it are not a pair; restore both from one backup");
  }
  fleet_name_ = info->common_name;
  ends_ = info->not_after;
  if (!options_.fleet_name.empty() && options_.fleet_name != fleet_name_) {
    return FailedPrecondition("the configuration names the fleet " + options_.fleet_name +
                              ", but the authority in " + options_.folder + " is of the fleet " +
                              fleet_name_ + "; name it so, or choose another data folder");
  }
  if (ends_ <= now) {
    return FailedPrecondition(Path("ca.pem") + " ended at " + FormatTime(ends_) +
                              "; check the machine's clock");
  }
  DROVER_ASSIGN_OR_RETURN(digest_, crypto::CertificateDigest(certificate_));
  return OkStatus();
}

Status Authority::OpenServerKey() {
  DROVER_ASSIGN_OR_RETURN(server_key_, ReadOrMakeKey(Path("controller.key")));
  return OkStatus();
}

StatusOr<IssuedCertificate> Authority::IssueAgent(const std::string& request_pem, const HostId& id,
                                                  const std::string& host_name) {
  const Time now = clock_.Now();
  crypto::CertificateFields fields;
  fields.common_name = host_name;
  fields.uris = {FormatPeerUri({fleet_name_, Role::kAgent, id.str()})};
  fields.not_before = now - kBackdate;
  fields.not_after = std::min(now + rpc::kCertificateLife, ends_);
  DROVER_ASSIGN_OR_RETURN(const std::string leaf,
                          crypto::SignRequest(request_pem, fields, key_, certificate_));
  DROVER_ASSIGN_OR_RETURN(const crypto::CertificateInfo info, crypto::ReadCertificate(leaf));
  return IssuedCertificate{leaf + certificate_, info.serial_hex, info.not_after};
}

Status Authority::RenewServerCertificate() {
  const std::lock_guard lock(renewal_mutex_);
  const Time now = clock_.Now();
  crypto::CertificateFields fields;
  fields.common_name = rpc::kControllerName;
  fields.uris = {FormatPeerUri({fleet_name_, Role::kController, ""})};
  fields.dns_names = ServerNames(options_);
  fields.ip_addresses = options_.ip_addresses;
  fields.not_before = now - kBackdate;
  fields.not_after = std::min(now + rpc::kCertificateLife, ends_);
  fields.for_server = true;

  DROVER_ASSIGN_OR_RETURN(const std::string old, ReadIfThere(Path("controller.pem")));
  const auto info = crypto::ReadCertificate(old);
  const bool fits = info.ok() && info->dns_names == fields.dns_names && info->uris == fields.uris &&
                    info->ip_addresses == fields.ip_addresses &&
                    old.find(certificate_) != std::string::npos &&
                    crypto::CertificateFitsKey(old, server_key_) &&
                    info->not_after - now > rpc::kCertificateLife / 3;
  if (fits) return OkStatus();
  DROVER_ASSIGN_OR_RETURN(const std::string request,
                          crypto::MakeSigningRequest(server_key_, rpc::kControllerName));
  DROVER_ASSIGN_OR_RETURN(const std::string leaf,
                          crypto::SignRequest(request, fields, key_, certificate_));
  DROVER_RETURN_IF_ERROR(WriteFileAtomically(Path("controller.pem"), leaf + certificate_, 0644));
  LogInfo("fleet", "the controller's certificate ends at " + FormatTime(fields.not_after));
  return OkStatus();
}

rpc::IdentityFiles Authority::server_files() const {
  return {Path("ca.pem"), Path("controller.key"), Path("controller.pem")};
}

}  // namespace drover::fleet
