#include "agent/session/callback_threads.h"

#include <grpcpp/grpcpp.h>

#include "drover/agent/v1/gateway.grpc.pb.h"

namespace drover::agent {
namespace {

// A channel holds the threads from its first callback call on. This one has no credentials, so the
// call fails at once without a socket.
struct Pin {
  Pin() {
    stub.async()->RenewCertificate(&context, &request, &response, [](const grpc::Status&) {});
  }

  v1::AgentGateway::Stub stub{grpc::CreateChannel("unused", nullptr)};
  grpc::ClientContext context;
  v1::RenewCertificateRequest request;
  v1::RenewCertificateResponse response;
};

}  // namespace

void KeepCallbackThreads() {
  // Never destroyed: the end of the process must not join the threads either.
  static const Pin* const pin = new Pin;
  static_cast<void>(pin);
}

}  // namespace drover::agent
