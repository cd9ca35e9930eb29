#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"
#include "controller/rollout/checks/mounts.h"
#include "controller/rollout/own_repository.h"

namespace drover::rollout {
namespace {

// As registered, else as the cluster file will have it registered.
std::map<std::string, std::string> SettingsOf(const CheckInput& in) {
  return in.world.repository.exists ? in.world.repository.settings : in.spec.snapshot.settings;
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
  const std::map<std::string, std::string> settings = SettingsOf(in);
  const auto it = settings.find("location");
  std::string location = it == settings.end() ? "" : it->second;
  if (!location.empty() && location.front() == '/') return location;
  for (const NodeView& node : in.world.cluster.nodes) {
    if (!node.repo_paths.empty()) return node.repo_paths.front() + "/" + location;
  }
  return location;
}

bool IsSet(const std::map<std::string, std::string>& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found != settings.end() && found->second == "true";
}

// What makes every snapshot in the repository one that is no way back, wherever it lies.
std::optional<Finding> Unfit(const CheckInput& in, const std::string& name,
                             const std::string& type) {
  const std::map<std::string, std::string> settings = SettingsOf(in);
  if (type == "url" || IsSet(settings, "readonly")) {
    return Block("repository " + name + " is " +
                     (type == "url" ? "of type url: it can only be read" : "registered read-only"),
                 "register it without readonly, or name another one");
  }
  for (const char* shallow : {"remote_store_index_shallow_copy", "shallow_snapshot_v2"}) {
    if (!IsSet(settings, shallow)) continue;
    return Block("repository " + name + " takes shallow snapshots (" + shallow +
                     "): they hold no data of their own and are lost with the remote store",
                 std::string("register it without ") + shallow + ", or name another one");
  }
  return std::nullopt;
}

Finding CheckVerified(const CheckInput& in, const std::string& name, const std::string& type) {
  const RepositoryView& repository = in.world.repository;
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
  const std::vector<std::string> missing = NotVerifiedBy(in.world.cluster.nodes, repository);
  if (repository.verified && !missing.empty()) {
    return Block("POST _snapshot/" + name + "/_verify: not verified by " + Join(missing),
                 "make the repository reachable from every data and cluster-manager node");
  }
  return Pass("repository " + name + " (" + type + "), verified by " +
              std::to_string(repository.verified_node_ids.size()) + " of " +
              std::to_string(in.world.cluster.nodes.size()) + " nodes");
}

Finding Run(const CheckInput& in) {
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
  if (const std::optional<Finding> unfit = Unfit(in, name, type)) return *unfit;
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

}  // namespace

Check P17() {
  return {
      .id = "P17",
      .title = "snapshot repository is shared and verified",
      .asks =
          "GET _snapshot/NAME, POST _snapshot/NAME/_verify, GET _snapshot/_status; the mounts of "
          "each container",
      .not_waivable =
          "nothing is stopped before there is a whole snapshot in a place that every node reaches",
      .run = &Run};
}

}  // namespace drover::rollout
