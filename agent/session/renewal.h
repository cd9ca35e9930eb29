// A new certificate for a host that has a valid one.
#ifndef DROVER_AGENT_SESSION_RENEWAL_H_
#define DROVER_AGENT_SESSION_RENEWAL_H_

#include <grpcpp/grpcpp.h>

#include <memory>

#include "agent/session/identity.h"
#include "common/base/status.h"

namespace drover::agent {

// `current` with a new key and the certificate that the controller gave for it. Blocks up to
// rpc::kUnaryTimeout; saves nothing. Errors are the call's, or INTERNAL where the answer is
// unusable.
StatusOr<HostIdentity> RenewIdentity(const std::shared_ptr<grpc::Channel>& channel,
                                     const HostIdentity& current);

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_RENEWAL_H_
