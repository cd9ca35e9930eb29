// `drover-agent join`: turns a join token into this host's identity.
#ifndef DROVER_AGENT_SESSION_JOIN_H_
#define DROVER_AGENT_SESSION_JOIN_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "agent/session/identity.h"
#include "common/base/status.h"
#include "common/base/time.h"
#include "common/rpc/channel.h"

namespace drover::agent {

struct JoinRequest {
  std::string token;    // DROVER-1-<digest>-<secret>; never logged
  std::string address;  // "host:port"; the port may be left out
  std::string name;     // proposed name of the host
  std::string state_folder;
  bool force = false;  // takes the place of an earlier enrolment
};

// The network, to be replaced in tests.
struct JoinNetwork {
  std::function<StatusOr<std::string>(const std::string& address, const std::string& digest_hex,
                                      Millis timeout)>
      fetch_authority;
  std::function<std::shared_ptr<grpc::Channel>(const std::string& address,
                                               const rpc::Identity& identity)>
      make_channel;
};

JoinNetwork RealJoinNetwork();

// Enrols and saves the identity; until all went well nothing in the state folder changes. Each
// error is a sentence with what to do. What the operator has to change (token, name, earlier
// enrolment) is INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED, ALREADY_EXISTS or
// FAILED_PRECONDITION; other codes are faults of the network or of this host.
StatusOr<HostIdentity> Join(const JoinRequest& request, const JoinNetwork& network);

// 0 ok, 2 refused by what the operator asked for, 1 any other error.
int JoinExitCode(const Status& status);

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_JOIN_H_
