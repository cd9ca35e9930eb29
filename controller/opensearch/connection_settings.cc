#include "controller/opensearch/connection_settings.h"

#include "common/base/files.h"

namespace drover::opensearch {
namespace {

constexpr size_t kFileLimit = 1024 * 1024;

// Empty where `path` is empty.
StatusOr<std::string> Load(const rollout::ClusterSpec& spec, const std::string& setting,
                           const std::string& path) {
  if (path.empty()) return std::string();
  const std::string where = "cluster " + spec.name + ", " + setting;
  StatusOr<std::string> bytes = ReadFile(path, kFileLimit);
  if (!bytes.ok()) return Annotate(bytes.status(), where);
  if (bytes->empty()) {
    return InvalidArgument(where + ": " + path + " is empty; write what belongs into it");
  }
  return bytes;
}

Status Pair(const rollout::ClusterSpec& spec, const std::string& first, bool has_first,
            const std::string& second, bool has_second) {
  if (has_first == has_second) return OkStatus();
  return InvalidArgument("cluster " + spec.name + ": " + (has_first ? first : second) +
                         " is set without " + (has_first ? second : first) + "; set both or none");
}

}  // namespace

StatusOr<ConnectionSettings> LoadConnectionSettings(const rollout::ClusterSpec& spec) {
  const rollout::TlsSpec& tls = spec.tls;
  DROVER_RETURN_IF_ERROR(Pair(spec, "tls.client_certificate", !tls.client_certificate.empty(),
                              "tls.client_key", !tls.client_key.empty()));
  DROVER_RETURN_IF_ERROR(Pair(spec, "auth.username", !spec.auth.username.empty(),
                              "auth.password_file", !spec.auth.password_file.empty()));
  ConnectionSettings settings;
  DROVER_ASSIGN_OR_RETURN(settings.ca_pem, Load(spec, "tls.ca", tls.ca));
  DROVER_ASSIGN_OR_RETURN(settings.client_certificate_pem,
                          Load(spec, "tls.client_certificate", tls.client_certificate));
  DROVER_ASSIGN_OR_RETURN(settings.client_key_pem, Load(spec, "tls.client_key", tls.client_key));
  settings.username = spec.auth.username;
  DROVER_ASSIGN_OR_RETURN(settings.password,
                          Load(spec, "auth.password_file", spec.auth.password_file));
  while (!settings.password.empty() &&
         (settings.password.back() == '\n' || settings.password.back() == '\r')) {
    settings.password.pop_back();
  }
  if (!spec.auth.password_file.empty() && settings.password.empty()) {
    return InvalidArgument("cluster " + spec.name +
                           ", auth.password_file: " + spec.auth.password_file +
                           " holds no password; write it as its one line");
  }
  return settings;
}

}  // namespace drover::opensearch
