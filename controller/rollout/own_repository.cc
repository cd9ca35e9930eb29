#include "controller/rollout/own_repository.h"

#include <algorithm>

namespace drover::rollout {
namespace {

constexpr char kMark[] = "drover-";

std::string FolderOf(const RepositoryView& repository) {
  const auto found = repository.settings.find(FolderSetting(repository.type));
  return found == repository.settings.end() ? "" : found->second;
}

}  // namespace

std::string FolderSetting(const std::string& type) {
  if (type == "fs") return "location";
  if (type == "s3" || type == "azure" || type == "gcs") return "base_path";
  return "";
}

std::string OwnRepositoryName(const std::string& parent, const std::string& snapshot) {
  return parent + "-" + snapshot;
}

std::optional<RepositorySpec> OwnRepository(const RepositoryView& parent,
                                            const std::string& snapshot) {
  const std::string setting = FolderSetting(parent.type);
  if (setting.empty()) return std::nullopt;
  RepositorySpec own;
  own.repository = OwnRepositoryName(parent.name, snapshot);
  own.type = parent.type;
  own.settings = parent.settings;
  std::string folder = FolderOf(parent);
  while (!folder.empty() && folder.back() == '/') folder.pop_back();
  own.settings[setting] = folder.empty() ? snapshot : folder + "/" + snapshot;
  return own;
}

bool IsOwnRepository(const RepositoryView& repository, const std::string& parent) {
  const std::string start = parent + "-";
  if (!repository.name.starts_with(start + kMark)) return false;
  const std::string snapshot = repository.name.substr(start.size());
  const std::string folder = FolderOf(repository);
  return folder == snapshot || folder.ends_with("/" + snapshot);
}

std::vector<std::string> NotVerifiedBy(const std::vector<NodeView>& nodes,
                                       const RepositoryView& repository) {
  const auto& ids = repository.verified_node_ids;
  std::vector<std::string> missing;
  for (const NodeView& node : nodes) {
    if (!node.HoldsData() && !node.ManagerEligible()) continue;
    if (std::find(ids.begin(), ids.end(), node.id) == ids.end()) missing.push_back(node.name);
  }
  std::sort(missing.begin(), missing.end());
  return missing;
}

}  // namespace drover::rollout
