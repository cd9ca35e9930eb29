#include "tests/unit/api/served.h"

#include <grpc/grpc.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "common/rpc/channel.h"

namespace drover::api {
namespace {

StatusOr<Caller> ByMetadata(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("test-role");
  if (found == metadata.end()) return Unauthenticated("no role");
  const std::string word(found->second.data(), found->second.size());
  for (const Role role : {Role::kViewer, Role::kOperator, Role::kAdmin}) {
    if (Name(role) == word) return Caller{role, "tester"};
  }
  return PermissionDenied("no such role");
}

}  // namespace

Served::Served(bool identify_by_metadata) {
  // Kept for the process: tearing gRPC down after the last test object may wait 10 s for its
  // backup poller (gRPC 1.51, grpc_iomgr_shutdown).
  [[maybe_unused]] static const bool initialised = (grpc_init(), true);
  Parts parts;
  parts.coordinator = &coordinator;
  parts.agents = &agents;
  parts.fleet = &fleet;
  parts.leftovers = &leftovers;
  parts.clusters = &clusters;
  parts.rollouts = &store;
  parts.cluster_api = [api = cluster_api](const rollout::ClusterSpec&) { return api; };
  parts.reindex_api = [api = reindex_api](const rollout::ClusterSpec&) { return api; };
  parts.rehearsal_hosts = &rehearsal_hosts;
  parts.rehearsal_node = [node = rehearsal_node](const auto&, const auto&) { return node; };
  parts.parse_cluster_file = ParseTestFile;
  parts.write_cluster_file = WriteTestFile;
  parts.clock = &clock;
  parts.info = {"0.1.0", clock.now, 7, "controller:7441", "/var/lib/drover"};
  control = std::make_unique<ControlServer>(
      parts, identify_by_metadata ? IdentifyFunction(ByMetadata) : nullptr);

  std::string pattern = (std::filesystem::temp_directory_path() / "drover-api-XXXXXX").string();
  folder_ = ::mkdtemp(pattern.data());
  const std::string path = folder_ + "/control.sock";
  grpc::ServerBuilder builder;
  rpc::SetServerLimits(builder);
  builder.AddListeningPort("unix:" + path, grpc::InsecureServerCredentials());
  for (grpc::Service* service : control->Services()) builder.RegisterService(service);
  server_ = builder.BuildAndStart();
  channel = rpc::MakeUnixChannel(path);
}

Served::~Served() {
  cluster_api->Open();
  Shutdown();
  std::filesystem::remove_all(folder_);
}

void Served::Shutdown() {
  control->Shutdown();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
}

bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace drover::api
