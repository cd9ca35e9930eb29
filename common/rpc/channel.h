// Channels and server ports with the credentials, keepalive and limits that both sides share.
#ifndef DROVER_COMMON_RPC_CHANNEL_H_
#define DROVER_COMMON_RPC_CHANNEL_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::rpc {

// PEM texts. `key` and `certificate_chain` are empty for a caller without a certificate.
struct Identity {
  std::string ca;
  std::string key;
  std::string certificate_chain;
};

// A TLS channel to a controller at `address` ("host:port"). The server must show a certificate of
// identity.ca for kControllerName, whatever the address is called.
std::shared_ptr<grpc::Channel> MakeTlsChannel(const std::string& address, const Identity& identity);

// A channel to a controller's unix socket at `path`.
std::shared_ptr<grpc::Channel> MakeUnixChannel(const std::string& path);

// Adds Drover's channel arguments to a server: keepalive, message size, no port sharing.
void SetServerLimits(grpc::ServerBuilder& builder);

// TLS for a listening port. A client may come without a certificate (enrolment); one that it shows
// must be of identity.ca. Handlers check who is calling.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const Identity& identity);

// Paths of PEM files.
struct IdentityFiles {
  std::string ca, key, certificate_chain;
};

// The same from files that are read again each `refresh` (whole seconds): a renewed certificate
// serves new connections without a restart.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const IdentityFiles& files,
                                                               Millis refresh);

// URI SAN of the caller's verified certificate; empty where it showed none.
std::string PeerUri(const grpc::AuthContext& context);

// True where the call came over the controller's unix socket. `peer` is ServerContext::peer().
bool IsLocalPeer(const std::string& peer);

// Between gRPC's status and ours; codes are the same numbers.
grpc::Status ToGrpc(const Status& status);
Status FromGrpc(const grpc::Status& status);

}  // namespace drover::rpc

#endif  // DROVER_COMMON_RPC_CHANNEL_H_
