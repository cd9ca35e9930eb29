#include "agent/session/renewal.h"

#include <chrono>

#include "common/crypto/crypto.h"
#include "common/rpc/channel.h"
#include "common/rpc/limits.h"
#include "drover/agent/v1/gateway.grpc.pb.h"

namespace drover::agent {

StatusOr<HostIdentity> RenewIdentity(const std::shared_ptr<grpc::Channel>& channel,
                                     const HostIdentity& current) {
  HostIdentity renewed = current;
  DROVER_ASSIGN_OR_RETURN(renewed.key, crypto::GenerateKey());
  v1::RenewCertificateRequest request;
  DROVER_ASSIGN_OR_RETURN(*request.mutable_certificate_signing_request(),
                          crypto::MakeSigningRequest(renewed.key, current.host_name));
  v1::RenewCertificateResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + rpc::kUnaryTimeout);
  const auto stub = v1::AgentGateway::NewStub(channel);
  const grpc::Status status = stub->RenewCertificate(&context, request, &response);
  if (!status.ok()) return rpc::FromGrpc(status);
  const auto certificate = crypto::ReadCertificate(response.certificate_chain());
  if (!certificate.ok()) {
    return Internal("the controller's answer holds no certificate: " +
                    Message(certificate.status()));
  }
  renewed.certificate_chain = response.certificate_chain();
  if (!response.ca_certificate().empty()) renewed.ca = response.ca_certificate();
  return renewed;
}

}  // namespace drover::agent
