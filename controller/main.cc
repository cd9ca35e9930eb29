// drover-controller: the program. Reads its settings, builds the real parts and serves until told
// to stop.
#include <arpa/inet.h>
#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/base/log.h"
#include "common/rpc/channel.h"
#include "controller/api/control_server.h"
#include "controller/api/control_socket.h"
#include "controller/clusterfile/cluster_file.h"
#include "controller/config/config.h"
#include "controller/driver/live_coordinator.h"
#include "controller/fleet/authority.h"
#include "controller/fleet/gateway.h"
#include "controller/opensearch/cluster_api.h"
#include "controller/store/backup.h"
#include "controller/store/store.h"

namespace drover {
namespace {

constexpr char kRoom[] = "controller";
constexpr int kError = 1;
// Another controller commands: no restart helps, and a person has to choose (the systemd unit's
// RestartPreventExitStatus).
constexpr int kFencedExit = 3;
constexpr StatusCode kFencedCode = StatusCode::kAborted;
// How long a fenced controller still tells operators why.
constexpr timespec kFencedNotice{5, 0};
constexpr std::chrono::seconds kDrainTime{5};
constexpr Millis kCertificateRefresh{60'000};

int Fail(const Status& status) {
  std::cerr << "drover-controller: " << Message(status) << "\n";
  return status.code() == kFencedCode ? kFencedExit : kError;
}

// gRPC's own lines; the reasons of refused handshakes are only there.
void LogOfGrpc(gpr_log_func_args* entry) { LogDebug("grpc", entry->message); }

// By which the main thread hears that the controller was fenced.
const int kFencedSignal = SIGRTMIN;

sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, kFencedSignal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// sd_notify(3) without its library: one datagram to $NOTIFY_SOCKET.
void Notify(const std::string& state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  if (::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), length) < 0) {
    LogWarning(kRoom, std::string("cannot notify the service manager: ") + std::strerror(errno));
  }
  ::close(fd);
}

fleet::AuthorityOptions AuthorityOptionsOf(const config::Config& config) {
  fleet::AuthorityOptions options;
  options.folder = config.data_folder;
  options.fleet_name = config.fleet;
  if (const auto address = config::SplitAddress(config.agent_address); address.ok()) {
    in6_addr unused{};
    const bool is_ip = ::inet_pton(AF_INET, address->host.c_str(), &unused) == 1 ||
                       ::inet_pton(AF_INET6, address->host.c_str(), &unused) == 1;
    (is_ip ? options.ip_addresses : options.dns_names).push_back(address->host);
  }
  return options;
}

driver::LiveCoordinator::SpecFinder FindSpecIn(store::ClusterStore& clusters) {
  return [&clusters](const std::string& name) -> StatusOr<rollout::ClusterSpec> {
    DROVER_ASSIGN_OR_RETURN(const store::ClusterRecord record, clusters.GetCluster(name));
    return clusterfile::ParseClusterFile(record.file, "cluster " + name);
  };
}

// The epoch of this start, and the last one's for the gateway's look at the agents' epochs.
StatusOr<fleet::GatewayOptions> TakeEpoch(store::EpochStore& epochs, bool take_over, Time now) {
  DROVER_ASSIGN_OR_RETURN(const store::EpochHistory history, epochs.Epochs());
  if (history.fenced_by != 0 && !take_over) {
    return MakeStatus(kFencedCode,
                      "another controller commands the agents, with epoch " +
                          std::to_string(history.fenced_by) + "; this one stopped with epoch " +
                          std::to_string(history.last) +
                          ", and what its data folder knows is older than what the other has done. "
                          "Keep the other "
                          "one; if it is gone for good, start this one once with --take-over");
  }
  fleet::GatewayOptions options;
  DROVER_ASSIGN_OR_RETURN(
      options.epoch, epochs.NextEpoch(std::max<uint64_t>(static_cast<uint64_t>(ToUnixMillis(now)),
                                                         history.fenced_by + 1)));
  if (!take_over && !history.restored) options.previous_epoch = history.last;
  return options;
}

// Everything that runs, in the order it is made; destroyed in the reverse.
struct Controller {
  config::Config config;
  SystemClock clock;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<fleet::Authority> authority;
  std::unique_ptr<fleet::Gateway> gateway;
  std::unique_ptr<driver::LiveCoordinator> coordinator;
  std::unique_ptr<api::ControlServer> control;
  std::unique_ptr<grpc::Server> server;
  std::mutex fenced_mutex;
  std::optional<fleet::Fenced> fenced;  // guarded by fenced_mutex

  Status Build();
  Status Serve();
  void Shutdown();
  // Says to everyone why, and leaves the process: nothing of it must act any more, and everything
  // that counts is durable.
  [[noreturn]] void LeaveFenced(const sigset_t& signals);
};

Status Controller::Build() {
  DROVER_ASSIGN_OR_RETURN(store, store::OpenStore(config.data_folder));
  DROVER_RETURN_IF_ERROR(api::ClaimSocket(config.control_socket));
  DROVER_ASSIGN_OR_RETURN(authority, fleet::Authority::Open(AuthorityOptionsOf(config), clock));
  DROVER_ASSIGN_OR_RETURN(const fleet::GatewayOptions options,
                          TakeEpoch(*store, config.take_over, clock.Now()));
  DROVER_ASSIGN_OR_RETURN(gateway, fleet::Gateway::Make(options, *authority, *store, clock));
  coordinator = std::make_unique<driver::LiveCoordinator>(
      *store, *gateway, *gateway, opensearch::MakeRestClusterApi, FindSpecIn(*store), clock);
  coordinator->SetFencedHandler([this](const fleet::Fenced& by) {
    {
      const std::lock_guard lock(fenced_mutex);
      fenced = by;
    }
    ::kill(::getpid(), kFencedSignal);
  });
  gateway->SetListener(coordinator.get());
  api::Parts parts;
  parts.coordinator = coordinator.get();
  parts.agents = gateway.get();
  parts.fleet = gateway.get();
  parts.leftovers = gateway.get();
  parts.rehearsal_hosts = gateway.get();
  parts.clusters = store.get();
  parts.rollouts = store.get();
  parts.cluster_api = opensearch::MakeRestClusterApi;
  parts.reindex_api = opensearch::MakeRestReindexApi;
  parts.rehearsal_node = opensearch::MakeRestRehearsalNode;
  parts.parse_cluster_file = clusterfile::ParseClusterFile;
  parts.write_cluster_file = clusterfile::WriteClusterFile;
  parts.clock = &clock;
  parts.info = {DROVER_VERSION, clock.Now(), options.epoch, config.agent_address,
                config.data_folder};
  control = std::make_unique<api::ControlServer>(parts);
  return coordinator->Recover();
}

Status Controller::Serve() {
  grpc::EnableDefaultHealthCheckService(true);
  if (config.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  rpc::SetServerLimits(builder);
  int port = 0;
  builder.AddListeningPort(
      config.agent_listen,
      rpc::MakeServerCredentials(authority->server_files(), kCertificateRefresh), &port);
  const mode_t mask = ::umask(0177);
  builder.AddListeningPort("unix:" + config.control_socket, grpc::InsecureServerCredentials());
  builder.RegisterService(gateway->service());
  for (grpc::Service* service : control->Services()) builder.RegisterService(service);
  server = builder.BuildAndStart();
  ::umask(mask);
  if (server == nullptr || port == 0) {
    return Unavailable("cannot listen on " + config.agent_listen + " and " + config.control_socket +
                       ": is another controller running, or is the address not this machine's?");
  }
  return api::OpenSocketTo(config.control_socket, config.control_group);
}

void Controller::Shutdown() {
  server->GetHealthCheckService()->SetServingStatus(false);
  gateway->Shutdown();
  control->Shutdown();
  server->Shutdown(std::chrono::system_clock::now() + kDrainTime);
  coordinator->Stop();
  ::unlink(config.control_socket.c_str());
  // The gateway's threads call the coordinator until they are joined.
  server.reset();
  control.reset();
  gateway.reset();
  coordinator.reset();
}

void Controller::LeaveFenced(const sigset_t& signals) {
  fleet::Fenced by;
  {
    const std::lock_guard lock(fenced_mutex);
    by = *fenced;
  }
  LogError(kRoom, by.Text());
  Notify("STOPPING=1\nSTATUS=" + by.Text());
  control->Refuse(FailedPrecondition(by.Text()));
  // 0: unknown, but above this one's.
  const Status recorded = store->RecordFenced(by.epoch != 0 ? by.epoch : by.own_epoch + 1);
  if (!recorded.ok()) LogError(kRoom, Message(recorded));
  ::sigtimedwait(&signals, nullptr, &kFencedNotice);
  std::_Exit(kFencedExit);
}

int Run(const config::Config& config) {
  const sigset_t signals = BlockSignals();
  gpr_set_log_function(LogOfGrpc);
  // Held to the end of the process: the last gRPC object to go would wait 10 s for gRPC's own
  // threads (1.51, grpc_iomgr_shutdown).
  grpc_init();
  SetLogLevel(config.log_level);
  Controller controller;
  controller.config = config;
  if (const Status status = controller.Build(); !status.ok()) return Fail(status);
  if (const Status status = controller.Serve(); !status.ok()) return Fail(status);
  LogInfo(kRoom, std::string("drover-controller ") + DROVER_VERSION + " serves agents on " +
                     config.agent_listen + " (they dial " + config.agent_address +
                     ") and operators on " + config.control_socket);
  Notify("READY=1");
  int signal = 0;
  sigwait(&signals, &signal);
  if (signal == kFencedSignal) controller.LeaveFenced(signals);
  LogInfo(kRoom, std::string("stopping on ") + ::strsignal(signal));
  Notify("STOPPING=1");
  controller.Shutdown();
  return 0;
}

int RunBackUp(const config::CommandLine& command) {
  const std::string& folder = command.config.data_folder;
  const Status status = store::BackUp(folder, fleet::AuthorityFiles(), command.file, command.force);
  if (!status.ok()) return Fail(status);
  std::cout << "backed up " << folder << " to " << command.file
            << "\nIt holds the key of the fleet's authority: keep it like a private key.\n";
  return 0;
}

int RunRestore(const config::CommandLine& command) {
  const std::string& folder = command.config.data_folder;
  const Status status = store::Restore(command.file, folder);
  if (!status.ok()) return Fail(status);
  std::cout << "restored " << folder << " from " << command.file
            << "\nGive it to the user that runs drover-controller (chown -R drover: " << folder
            << "), see that the old controller is stopped for good, and start this one.\n";
  return 0;
}

}  // namespace
}  // namespace drover

int main(int argc, char** argv) {
  const drover::config::CommandLine command =
      drover::config::ReadCommandLine(argc, argv, DROVER_VERSION);
  if (command.exit_code) return *command.exit_code;
  switch (command.command) {
    case drover::config::Command::kBackUp:
      return drover::RunBackUp(command);
    case drover::config::Command::kRestore:
      return drover::RunRestore(command);
    case drover::config::Command::kServe:
      break;
  }
  return drover::Run(command.config);
}
