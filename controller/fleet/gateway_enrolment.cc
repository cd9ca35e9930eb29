// Identities: enrolment, renewal, and the checks that go on while hosts are connected.
#include <optional>
#include <utility>

#include "common/base/log.h"
#include "common/crypto/crypto.h"
#include "common/rpc/channel.h"
#include "controller/fleet/gateway.h"
#include "controller/fleet/identity.h"

namespace drover::fleet {
namespace {

constexpr size_t kHostNameMax = 63;
constexpr size_t kRequestMax = 16 * 1024;
constexpr size_t kHostIdBytes = 8;
constexpr Millis kLastSeenInterval{3'600'000};

Status CheckHostName(const std::string& name) {
  constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  constexpr char kAllowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  const bool fits = !name.empty() && name.size() <= kHostNameMax &&
                    name.find_first_of(kLetters) == 0 &&
                    name.find_first_not_of(kAllowed) == std::string::npos;
  if (fits) return OkStatus();
  return InvalidArgument("the host name \"" + name.substr(0, kHostNameMax) +
                         "\" does not fit: 1 to 63 letters, digits, dots, dashes and underscores, "
                         "a letter or digit first; choose one with --name");
}

}  // namespace

StatusOr<store::HostRecord> Gateway::AuthorizeAgent(const grpc::AuthContext& caller) const {
  const std::string uri = rpc::PeerUri(caller);
  if (uri.empty()) {
    return PermissionDenied(
        "this call needs an enrolled host's certificate; run `drover-agent join` on the host");
  }
  const std::optional<PeerIdentity> identity = ParsePeerUri(uri);
  if (!identity.has_value() || identity->role != Role::kAgent ||
      identity->fleet != authority_.fleet_name()) {
    return PermissionDenied("the certificate of " + uri + " is not one of a host of the fleet " +
                            authority_.fleet_name() + "; run `drover-agent join` on the host");
  }
  return hosts_.Admit(HostId(identity->id));
}

StatusOr<agent::v1::EnrollResponse> Gateway::Enroll(const agent::v1::EnrollRequest& request) {
  DROVER_RETURN_IF_ERROR(CheckHostName(request.host_name()));
  if (request.certificate_signing_request().size() > kRequestMax) {
    return InvalidArgument("the certificate signing request is longer than 16 KiB");
  }
  const Time now = clock_.Now();
  store::HostRecord host;
  do {
    host.id = HostId(crypto::RandomHex(kHostIdBytes));
  } while (hosts_.GetById(host.id).has_value());
  host.name = request.host_name();
  host.enrolled_at = now;
  // Signed before the token is used up: a request that does not fit costs no token, and what was
  // signed in vain is thrown away.
  DROVER_ASSIGN_OR_RETURN(
      const IssuedCertificate issued,
      authority_.IssueAgent(request.certificate_signing_request(), host.id, host.name));
  host.certificate_serial = issued.serial_hex;
  host.certificate_ends = issued.not_after;
  const Status status = hosts_.Enroll(crypto::Sha256Hex(request.token_secret()), now, host);
  if (!status.ok()) {
    LogWarning("fleet", "refused to enrol host " + host.name + ": " + Message(status));
    return status;  // the store's sentence also says what to do
  }
  LogInfo("fleet", "enrolled host " + host.name + " as " + host.id.str());
  NotifyChanged(host.id);
  agent::v1::EnrollResponse response;
  response.set_host_id(host.id.str());
  response.set_certificate_chain(issued.chain);
  response.set_ca_certificate(authority_.certificate());
  return response;
}

StatusOr<agent::v1::RenewCertificateResponse> Gateway::Renew(
    const HostId& host, const agent::v1::RenewCertificateRequest& request) {
  if (request.certificate_signing_request().size() > kRequestMax) {
    return InvalidArgument("the certificate signing request is longer than 16 KiB");
  }
  DROVER_ASSIGN_OR_RETURN(const store::HostRecord record, hosts_.Admit(host));
  DROVER_ASSIGN_OR_RETURN(
      const IssuedCertificate issued,
      authority_.IssueAgent(request.certificate_signing_request(), host, record.name));
  DROVER_ASSIGN_OR_RETURN(const store::HostRecord changed,
                          hosts_.Change(host, [&issued](store::HostRecord& now) {
                            now.certificate_serial = issued.serial_hex;
                            now.certificate_ends = issued.not_after;
                          }));
  // Revoked while it was being signed: the certificate would be refused anyway.
  DROVER_RETURN_IF_ERROR(hosts_.Admit(host).status());
  LogInfo("fleet", "renewed the certificate of host " + changed.name);
  NotifyChanged(host);
  agent::v1::RenewCertificateResponse response;
  response.set_certificate_chain(issued.chain);
  response.set_ca_certificate(authority_.certificate());
  return response;
}

void Gateway::RunChecks() {
  records_.RunAfter(options_.check_interval, [this] {
    Check();
    RunChecks();
  });
}

void Gateway::Check() {
  const Time now = clock_.Now();
  const Status renewed = authority_.RenewServerCertificate();
  if (!renewed.ok()) LogError("fleet", "the controller's certificate: " + Message(renewed));
  const auto refused = hosts_.Reload(now);
  if (!refused.ok()) {
    LogError("fleet", "cannot read the hosts: " + Message(refused.status()));
    return;
  }
  for (const SessionPtr& session : *refused) {
    EndSession(session,
               PermissionDenied("this host was revoked or its certificate has ended; enrol it anew "
                                "with a token from `drover token create`"));
  }
  for (const SessionPtr& session : hosts_.Sessions()) {
    const auto changed = hosts_.Change(session->host(), [now](store::HostRecord& record) {
      if (now - record.last_seen > kLastSeenInterval) record.last_seen = now;
    });
    if (!changed.ok()) LogWarning("fleet", Message(changed.status()));
  }
}

}  // namespace drover::fleet
