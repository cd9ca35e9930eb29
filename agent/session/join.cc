#include "agent/session/join.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "agent/session/failure.h"
#include "common/crypto/crypto.h"
#include "common/crypto/join_token.h"
#include "common/rpc/limits.h"
#include "drover/agent/v1/gateway.grpc.pb.h"

namespace drover::agent {
namespace {

constexpr char kNewToken[] = "make a new token where the controller is (drover token create)";

StatusOr<std::string> CompleteAddress(const std::string& text) {
  const Status wrong = InvalidArgument("\"" + text +
                                       "\" is not an address: expected HOST:PORT, such as "
                                       "controller.example.org:7441 or [2001:db8::1]:7441");
  const size_t bracket = text.rfind(']');
  const size_t colon = text.find(':', bracket == std::string::npos ? 0 : bracket);
  const std::string host = text.substr(0, colon);
  if (host.empty() || text.find_first_of(" /") != std::string::npos) return wrong;
  if (colon == std::string::npos) return text + ":" + std::to_string(rpc::kDefaultPort);
  const std::string port = text.substr(colon + 1);
  const bool digits = port.find_first_not_of("0123456789") == std::string::npos;
  if (port.empty() || port.size() > 5 || !digits || std::stoi(port) > 65535) return wrong;
  return text;
}

// The token is good for one use, so whatever can fail on this host is tried before it is used.
Status PrepareFolder(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return MakeStatus(StatusCode::kUnavailable,
                      "cannot make the state folder " + folder + ": " + std::strerror(errno));
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    return MakeStatus(StatusCode::kUnavailable, "cannot write in the state folder " + folder +
                                                    ": " + std::strerror(errno) +
                                                    "; run this as root");
  }
  return OkStatus();
}

Status CheckNotEnrolled(const IdentityFile& file, bool force) {
  if (force) return OkStatus();
  const auto present = file.Load();
  if (present.status().code() == StatusCode::kNotFound) return OkStatus();
  if (!present.ok()) return present.status();
  return FailedPrecondition("this host is enrolled already, as " + present->host_name + " (" +
                            present->host_id + ") of the controller at " + present->controller +
                            ": to enrol it anew, add --force");
}

Status ExplainAuthority(const Status& status, const std::string& address) {
  if (status.code() == StatusCode::kUnauthenticated) {
    return Unauthenticated("the token is of another controller than the one at " + address +
                           " (the authority it shows is not the one in the token): check the "
                           "address, or " +
                           kNewToken);
  }
  // The fetch has said what is wrong and what to look at.
  return MakeStatus(status.code(), Message(status) + "; the token was not used");
}

Status ExplainEnroll(const Status& status, const JoinRequest& request, const std::string& address) {
  switch (status.code()) {
    case StatusCode::kUnauthenticated:
    case StatusCode::kPermissionDenied:
      return Unauthenticated("the controller does not take this token: " + Message(status) +
                             "; a token is good for one host and for a limited time, " + kNewToken);
    case StatusCode::kAlreadyExists:
      return AlreadyExists("the name " + request.name + " is taken: " + Message(status) +
                           "; choose another one with --name");
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
      return Annotate(status, "the controller refuses the enrolment");
    default:
      return MakeStatus(status.code(), ExplainFailure(status, address).text);
  }
}

// Fills in what the controller answers.
Status Enroll(const std::shared_ptr<grpc::Channel>& channel, const JoinRequest& request,
              const std::string& secret, HostIdentity* identity) {
  v1::EnrollRequest enroll;
  enroll.set_token_secret(secret);
  enroll.set_host_name(request.name);
  DROVER_ASSIGN_OR_RETURN(*enroll.mutable_certificate_signing_request(),
                          crypto::MakeSigningRequest(identity->key, request.name));
  v1::EnrollResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + rpc::kHandshakeTimeout);
  const auto stub = v1::AgentGateway::NewStub(channel);
  const grpc::Status status = stub->Enroll(&context, enroll, &response);
  if (!status.ok()) return ExplainEnroll(rpc::FromGrpc(status), request, identity->controller);
  const auto certificate = crypto::ReadCertificate(response.certificate_chain());
  if (!certificate.ok() || response.host_id().empty()) {
    return Internal("the controller at " + identity->controller +
                    " gave no usable certificate; its version may not fit this agent's");
  }
  identity->host_id = response.host_id();
  identity->certificate_chain = response.certificate_chain();
  return OkStatus();
}

}  // namespace

JoinNetwork RealJoinNetwork() { return {crypto::FetchPinnedAuthority, rpc::MakeTlsChannel}; }

StatusOr<HostIdentity> Join(const JoinRequest& request, const JoinNetwork& network) {
  DROVER_ASSIGN_OR_RETURN(const crypto::JoinToken token, crypto::ParseJoinToken(request.token));
  DROVER_ASSIGN_OR_RETURN(const std::string address, CompleteAddress(request.address));
  const IdentityFile file(request.state_folder + "/identity.json");
  DROVER_RETURN_IF_ERROR(CheckNotEnrolled(file, request.force));
  DROVER_RETURN_IF_ERROR(PrepareFolder(request.state_folder));

  HostIdentity identity;
  identity.controller = address;
  identity.host_name = request.name;
  DROVER_ASSIGN_OR_RETURN(identity.key, crypto::GenerateKey());
  const auto authority =
      network.fetch_authority(address, token.authority_digest, rpc::kHandshakeTimeout);
  if (!authority.ok()) return ExplainAuthority(authority.status(), address);
  // What the token pins, not what the answer says.
  identity.ca = *authority;
  const auto channel = network.make_channel(address, {identity.ca, "", ""});
  DROVER_RETURN_IF_ERROR(Enroll(channel, request, token.secret, &identity));
  const Status saved = file.Save(identity);
  if (!saved.ok()) {
    return Annotate(saved, "the controller has enrolled this host as " + identity.host_id +
                               ", but its identity cannot be saved; the token is used, so " +
                               kNewToken);
  }
  return identity;
}

int JoinExitCode(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return 0;
    case StatusCode::kInvalidArgument:
    case StatusCode::kUnauthenticated:
    case StatusCode::kPermissionDenied:
    case StatusCode::kAlreadyExists:
    case StatusCode::kFailedPrecondition:
      return 2;
    default:
      return 1;
  }
}

}  // namespace drover::agent
