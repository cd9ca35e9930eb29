#include <algorithm>
#include <charconv>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

constexpr char kDefaultDataPath[] = "/usr/share/opensearch/data";
constexpr double kDefaultLowWatermark = 85.0;

bool Covers(const std::string& folder, const std::string& path) {
  return path == folder ||
         (path.starts_with(folder) && (folder.ends_with('/') || path[folder.size()] == '/'));
}

// The mount that holds `path` in the container; null where it is the writable layer.
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

std::string DataPathProblem(const Match& match) {
  if (match.node == nullptr || match.service == nullptr || !match.service->container) return "";
  for (const std::string& path : DataPaths(*match.node)) {
    const MountView* mount = MountOf(*match.service->container, path);
    if (mount == nullptr) {
      return match.Name() + ": " + path + " is in the container's own layer";
    }
    if (mount->anonymous) return match.Name() + ": " + path + " is on an anonymous volume";
    if (mount->type == "tmpfs") return match.Name() + ": " + path + " is in memory (tmpfs)";
  }
  return "";
}

// Why the location of an fs repository is no safe place on this member; empty where it is.
std::string LocationProblem(const Match& match, const std::string& location) {
  if (match.service == nullptr || !match.service->container || match.node == nullptr) return "";
  if (!match.node->HoldsData() && !match.node->ManagerEligible()) return "";
  const MountView* mount = MountOf(*match.service->container, location);
  if (mount == nullptr) {
    return match.Name() + ": " + location + " is in the container's own layer";
  }
  if (mount->anonymous || mount->type == "tmpfs") {
    return match.Name() + ": " + location + " is lost with the container";
  }
  for (const std::string& path : DataPaths(*match.node)) {
    if (MountOf(*match.service->container, path) == mount) {
      return match.Name() + ": " + location + " lies on the node's own data volume";
    }
  }
  return "";
}

std::string FsLocation(const CheckInput& in) {
  const auto& settings =
      in.world.repository.exists ? in.world.repository.settings : in.spec.snapshot.settings;
  const auto it = settings.find("location");
  std::string location = it == settings.end() ? "" : it->second;
  if (!location.empty() && location.front() == '/') return location;
  for (const NodeView& node : in.world.cluster.nodes) {
    if (!node.repo_paths.empty()) return node.repo_paths.front() + "/" + location;
  }
  return location;
}

// Only the nodes that must reach the repository: data and cluster-manager nodes.
std::vector<std::string> Unverified(const CheckInput& in) {
  std::vector<std::string> missing;
  const auto& verified = in.world.repository.verified_node_ids;
  for (const NodeView& node : in.world.cluster.nodes) {
    if (!node.HoldsData() && !node.ManagerEligible()) continue;
    if (std::find(verified.begin(), verified.end(), node.id) == verified.end()) {
      missing.push_back(node.name);
    }
  }
  return missing;
}

double LowWatermark(const std::string& text) {
  double value = kDefaultLowWatermark;
  if (text.ends_with('%')) std::from_chars(text.data(), text.data() + text.size() - 1, value);
  return value;
}

Finding CheckVerified(const CheckInput& in, const std::string& name, const std::string& type) {
  const RepositoryView& repository = in.world.repository;
  if (repository.exists && repository.settings.contains("readonly") &&
      repository.settings.at("readonly") == "true") {
    return Block("repository " + name + " is registered read-only",
                 "register it without readonly, or name another one");
  }
  if (!repository.exists) {
    if (in.spec.snapshot.type.empty()) {
      return Block("GET _snapshot/" + name + ": there is no such repository",
                   "register it, or give type and settings under snapshot in the cluster file");
    }
    return Pass("repository " + name + " (" + type +
                ") is registered and verified when the rollout starts");
  }
  if (!repository.verify_error.empty()) {
    return Block("POST _snapshot/" + name + "/_verify: " + repository.verify_error,
                 "make the repository reachable and writable (uid 1000) from every node");
  }
  const std::vector<std::string> missing = Unverified(in);
  if (repository.verified && !missing.empty()) {
    return Block("POST _snapshot/" + name + "/_verify: not verified by " + Join(missing),
                 "make the repository reachable from every data and cluster-manager node");
  }
  return Pass("repository " + name + " (" + type + "), verified by " +
              std::to_string(repository.verified_node_ids.size()) + " of " +
              std::to_string(in.world.cluster.nodes.size()) + " nodes");
}

}  // namespace

Finding CheckDataPath(const CheckInput& in) {
  std::vector<std::string> problems;
  for (const Match& match : in.matches) {
    if (std::string problem = DataPathProblem(match); !problem.empty()) {
      problems.push_back(std::move(problem));
    }
  }
  if (problems.empty()) return Pass("every data path is on a named volume or a bind mount");
  return Block(Join(problems),
               "a new container would start empty: move the data to a named volume "
               "and mount it at that path");
}

Finding CheckReplicas(const CheckInput& in) {
  std::vector<std::string> names;
  for (const IndexView& index : in.world.cluster.indices) {
    if (index.open && index.replicas == 0) names.push_back(index.name);
  }
  if (names.empty()) return Pass("every open index has a replica");
  return Warn(
      "index " + Join(names) + " has no replica: unavailable while its member restarts",
      "give it a replica (PUT INDEX/_settings {\"index.number_of_replicas\": 1}), or accept "
      "the gap");
}

Finding CheckRepository(const CheckInput& in) {
  const std::string name = in.spec.snapshot.repository;
  if (name.empty()) {
    return Block("the cluster file names no snapshot repository",
                 "add snapshot: {repository: NAME} to the cluster file");
  }
  if (in.world.cluster.snapshot_running) {
    return Block("a snapshot is running (GET _snapshot/_status)", "wait until it has ended");
  }
  const std::string type =
      in.world.repository.exists ? in.world.repository.type : in.spec.snapshot.type;
  if (type == "fs") {
    const std::string location = FsLocation(in);
    for (const Match& match : in.matches) {
      if (std::string problem = LocationProblem(match, location); !problem.empty()) {
        return Block(problem,
                     "mount one shared folder (NFS or the like) at " + location + " on every node");
      }
    }
  }
  return CheckVerified(in, name, type);
}

Finding CheckDiskSpace(const CheckInput& in) {
  const double watermark = LowWatermark(in.world.cluster.low_disk_watermark);
  std::vector<std::string> full;
  double most = 0;
  for (const NodeView& node : in.world.cluster.nodes) {
    if (!node.HoldsData() || !node.disk_used_percent) continue;
    most = std::max(most, *node.disk_used_percent);
    if (*node.disk_used_percent >= watermark) {
      full.push_back(node.name + " " + std::to_string(static_cast<int>(*node.disk_used_percent)) +
                     "%");
    }
  }
  const std::string limit = std::to_string(static_cast<int>(watermark)) + "%";
  if (!full.empty()) {
    return Block("disk use at or above the low watermark (" + limit + "): " + Join(full),
                 "free space first: replicas cannot return to a node above the watermark");
  }
  return Pass("fullest disk " + std::to_string(static_cast<int>(most)) + "%, low watermark " +
              limit);
}

}  // namespace drover::rollout
