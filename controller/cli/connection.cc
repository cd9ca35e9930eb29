#include "controller/cli/connection.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/base/files.h"
#include "common/rpc/channel.h"

namespace drover::cli {

StatusOr<std::unique_ptr<Connection>> Connection::Open(const Target& target) {
  std::shared_ptr<grpc::Channel> channel;
  if (target.is_unix()) {
    channel = rpc::MakeUnixChannel(target.socket_path());
  } else {
    rpc::Identity identity;
    DROVER_ASSIGN_OR_RETURN(identity.ca, ReadFile(target.ca));
    DROVER_ASSIGN_OR_RETURN(identity.certificate_chain, ReadFile(target.certificate));
    DROVER_ASSIGN_OR_RETURN(identity.key, ReadFile(target.key));
    channel = rpc::MakeTlsChannel(target.address, identity);
  }
  return std::unique_ptr<Connection>(new Connection(target, std::move(channel)));
}

Connection::Connection(Target target, std::shared_ptr<grpc::Channel> channel)
    : target_(std::move(target)),
      channel_(std::move(channel)),
      fleet_(v1::FleetService::NewStub(channel_)),
      clusters_(v1::ClusterService::NewStub(channel_)),
      rollouts_(v1::RolloutService::NewStub(channel_)),
      indexes_(v1::IndexService::NewStub(channel_)),
      snapshots_(v1::SnapshotService::NewStub(channel_)),
      rehearsals_(v1::RehearsalService::NewStub(channel_)),
      events_(v1::EventService::NewStub(channel_)) {}

std::string Connection::WhatToCheck() const {
  if (!target_.is_unix()) {
    // A refused handshake looks like any lost connection, so TLS is always a suspect.
    return "Does drover-controller run there and listen on that port, is the port open in the "
           "firewall, and do the certificate (" +
           target_.certificate + ") and the CA (" + target_.ca + ") belong to this controller?";
  }
  const std::string path = target_.socket_path();
  if (access(path.c_str(), R_OK | W_OK) == 0) {
    return "The socket is there but nothing answers on it. Does the service run? Look with: "
           "systemctl status drover-controller";
  }
  if (errno == EACCES) {
    return "You may not open this socket: it is for root and the group drover. Join with: sudo "
           "usermod -aG drover $USER, then log in again.";
  }
  return "There is no such socket. Does the service run on this machine (systemctl status "
         "drover-controller)? Is this the path of its socket? Another controller is chosen with "
         "--address, --context or DROVER_ADDRESS.";
}

}  // namespace drover::cli
