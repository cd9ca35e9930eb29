#include "common/rpc/channel.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <vector>

#include "common/rpc/limits.h"

namespace drover::rpc {
namespace {

int Ms(Millis span) { return static_cast<int>(span.count()); }

grpc::ChannelArguments ClientArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Ms(kClientPingInterval));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Ms(kPingTimeout));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // How long one attempt to connect may take, for all its name.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Ms(kHandshakeTimeout));
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, Ms(kReconnectFirst));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, Ms(kReconnectMax));
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A channel's connection ends with the channel, and no other channel's identity is on it.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  return arguments;
}

std::shared_ptr<grpc::ServerCredentials> FromProvider(
    std::shared_ptr<grpc::experimental::CertificateProviderInterface> provider) {
  grpc::experimental::TlsServerCredentialsOptions options(std::move(provider));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace

std::shared_ptr<grpc::Channel> MakeTlsChannel(const std::string& address,
                                              const Identity& identity) {
  grpc::SslCredentialsOptions options;
  // gRPC takes an empty CA as "the machine's": any public CA could then answer as the controller.
  options.pem_root_certs = identity.ca.empty() ? "no authority was given" : identity.ca;
  options.pem_private_key = identity.key;
  options.pem_cert_chain = identity.certificate_chain;
  grpc::ChannelArguments arguments = ClientArguments();
  arguments.SetSslTargetNameOverride(kControllerName);
  return grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments);
}

std::shared_ptr<grpc::Channel> MakeUnixChannel(const std::string& path) {
  return grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(),
                                   ClientArguments());
}

void SetServerLimits(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Ms(kServerPingInterval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Ms(kPingTimeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Ms(kServerMinPingInterval));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Ms(kHandshakeTimeout));
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
}

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const Identity& identity) {
  const std::vector<grpc::experimental::IdentityKeyCertPair> pairs{
      {identity.key, identity.certificate_chain}};
  return FromProvider(
      std::make_shared<grpc::experimental::StaticDataCertificateProvider>(identity.ca, pairs));
}

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const IdentityFiles& files,
                                                               Millis refresh) {
  const auto seconds = static_cast<unsigned int>(refresh.count() / 1000);
  return FromProvider(std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      files.key, files.certificate_chain, files.ca, seconds > 0 ? seconds : 1));
}

std::string PeerUri(const grpc::AuthContext& context) {
  if (!context.IsPeerAuthenticated()) return "";
  const std::vector<grpc::string_ref> uris =
      context.FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME);
  // Our certificates carry one; with two the caller could choose who it is.
  if (uris.size() != 1) return "";
  return std::string(uris.front().data(), uris.front().size());
}

bool IsLocalPeer(const std::string& peer) { return peer.compare(0, 5, "unix:") == 0; }

}  // namespace drover::rpc
