#include "controller/rollout/checks/mounts.h"

namespace drover::rollout {
namespace {

constexpr char kDefaultDataPath[] = "/usr/share/opensearch/data";

bool Covers(const std::string& folder, const std::string& path) {
  return path == folder ||
         (path.starts_with(folder) && (folder.ends_with('/') || path[folder.size()] == '/'));
}

}  // namespace

const MountView* MountOf(const ContainerView& container, const std::string& path) {
  const MountView* best = nullptr;
  for (const MountView& mount : container.mounts) {
    if (!Covers(mount.destination, path)) continue;
    if (best == nullptr || mount.destination.size() > best->destination.size()) best = &mount;
  }
  return best;
}

std::vector<std::string> DataPaths(const NodeView& node) {
  if (node.data_paths.empty()) return {kDefaultDataPath};
  return node.data_paths;
}

}  // namespace drover::rollout
