#include "controller/rollout/rehearsal.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "controller/rollout/match.h"
#include "controller/rollout/paths.h"
#include "controller/rollout/version.h"

namespace drover::rollout {
namespace {

constexpr uint64_t kMiB = 1024 * 1024;
constexpr uint64_t kMemory = 2048 * kMiB;
constexpr char kJavaOptions[] = "-Xms512m -Xmx512m";
// For the node's own files, and for an image that is not on the host yet.
constexpr uint64_t kOwnDisk = 1024 * kMiB;
constexpr uint64_t kImageDisk = 3072 * kMiB;
constexpr char kHome[] = "/usr/share/opensearch";
// Its settings are the cluster's: among them those that a single node refuses.
constexpr char kConfigFile[] = "/usr/share/opensearch/config/opensearch.yml";

// Where a path lies on the way to, or is, another.
bool Covers(const std::string& folder, const std::string& path) {
  if (folder == "/") return true;
  return path == folder || path.starts_with(folder + "/");
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string MiB(uint64_t bytes) { return std::to_string(bytes / kMiB) + " MiB"; }

Status CheckSnapshot(const SnapshotView& snapshot, const Version& to) {
  if (snapshot.state != "SUCCESS" || snapshot.shards_failed != 0) {
    return FailedPrecondition("snapshot " + snapshot.name + " is " + snapshot.state + " with " +
                              std::to_string(snapshot.shards_failed) +
                              " failed shards: that is no backup. Take one that is SUCCESS");
  }
  const std::optional<Version> taken = ParseVersion(snapshot.version);
  if (!taken)
    return FailedPrecondition("the version of snapshot " + snapshot.name + " is not known");
  if (*taken > to) {
    return FailedPrecondition("snapshot " + snapshot.name + " was taken by " + taken->ToString() +
                              ": a node of " + to.ToString() +
                              " restores no snapshot of a newer version");
  }
  if (taken->major + 1 < to.major) {
    return FailedPrecondition(
        "snapshot " + snapshot.name + " was taken by " + taken->ToString() + ": a node of " +
        to.ToString() + " restores none of before " + std::to_string(to.major - 1) +
        ".0.0. Rehearse the next hop first: --to " + std::to_string(taken->major + 1) + ".…");
  }
  return OkStatus();
}

// What indexes of one kind have in common: the version that made them, and for hidden ones the
// beginning of the name (".ism-managed-index-history-2024.01.01-1" and the next day's).
std::string KindOf(const std::string& name, const std::string& created) {
  if (name[0] != '.') return created;
  std::string family = name;
  while (!family.empty()) {
    const char last = family.back();
    const bool digit = last >= '0' && last <= '9';
    if (!digit && last != '-' && last != '.' && last != '_') break;
    family.pop_back();
  }
  return created + " " + family;
}

RehearsedIndex Described(const std::string& name, const ClusterObservation& cluster) {
  RehearsedIndex index;
  index.name = name;
  for (const IndexView& view : cluster.indices) {
    if (view.name != name) continue;
    index.created_version = view.created_version;
    index.documents = view.docs;
    index.bytes = view.store_bytes / static_cast<uint64_t>(1 + std::max(0, view.replicas));
  }
  return index;
}

// The smallest with documents come first in each kind.
std::vector<RehearsedIndex> Sampled(std::vector<RehearsedIndex> all, size_t count) {
  std::sort(all.begin(), all.end(), [](const RehearsedIndex& a, const RehearsedIndex& b) {
    const auto key = [](const RehearsedIndex& index) {
      return std::make_tuple(index.documents.value_or(0) == 0, index.bytes, index.name);
    };
    return key(a) < key(b);
  });
  std::map<std::string, size_t> taken;
  std::erase_if(all, [&](const RehearsedIndex& index) {
    return ++taken[KindOf(index.name, index.created_version)] > count;
  });
  std::sort(all.begin(), all.end(),
            [](const RehearsedIndex& a, const RehearsedIndex& b) { return a.name < b.name; });
  return all;
}

Status ChooseIndices(const RehearsalRequest& request, const ClusterObservation& cluster,
                     RehearsalPlan* plan) {
  const std::vector<std::string>& held = plan->snapshot.indices;
  for (const std::string& name : request.indices) {
    if (std::find(held.begin(), held.end(), name) != held.end()) continue;
    return InvalidArgument("snapshot " + plan->snapshot.name + " has no index '" + name +
                           "': drover snapshot show " + plan->cluster + " " + plan->snapshot.name);
  }
  std::vector<RehearsedIndex> wanted;
  for (const std::string& name : request.indices.empty() ? held : request.indices) {
    if (NeedsAdmin(name)) {
      plan->left_alone.push_back({name, "the node runs without the security plugin"});
    } else {
      wanted.push_back(Described(name, cluster));
    }
  }
  const bool all = request.all_indices || !request.indices.empty();
  plan->indices = all ? std::move(wanted) : Sampled(std::move(wanted), request.sample);
  return OkStatus();
}

// A repository of files is where the member has it; others are reached by the network.
Status CheckRepository(const RepositoryView& repository, const Match& match) {
  const auto setting = repository.settings.find("location");
  if (repository.type != "fs" || setting == repository.settings.end()) return OkStatus();
  std::string location = setting->second;
  if (!location.starts_with('/')) {
    if (match.node->repo_paths.empty()) return OkStatus();
    location = match.node->repo_paths.front() + "/" + location;
  }
  const auto& mounts = match.service->container->mounts;
  const bool mounted = std::any_of(mounts.begin(), mounts.end(), [&](const MountView& mount) {
    return (mount.type == "bind" || mount.type == "volume") && Covers(mount.destination, location);
  });
  if (mounted) return OkStatus();
  return FailedPrecondition("repository " + repository.name + " is at " + location + ", which " +
                            match.Name() +
                            " has in its container alone: nothing is mounted there, "
                            "so another container on its host cannot read it");
}

uint64_t DiskNeeded(const RehearsalPlan& plan) {
  uint64_t bytes = kOwnDisk + kImageDisk;
  for (const RehearsedIndex& index : plan.indices) bytes += index.bytes + index.bytes / 10;
  return bytes;
}

// Why the host has no room; empty where it has, or does not say.
std::string LacksRoom(const HostView& host, uint64_t disk) {
  const uint64_t memory = host.memory_available_bytes;
  if (memory != 0 && memory < kMemory) {
    return host.name + " has " + MiB(memory) + " of memory free, and the node needs " +
           MiB(kMemory);
  }
  if (!host.disks.empty() && host.disks[0].free_bytes < disk) {
    return host.name + " has " + MiB(host.disks[0].free_bytes) + " free at " + host.disks[0].path +
           ", and image and indexes need about " + MiB(disk);
  }
  return "";
}

// Why the member's container cannot be the template; empty where it can.
std::string Obstacle(const Match& match, const RepositoryView& repository, uint64_t disk) {
  if (match.node == nullptr || match.service == nullptr || !match.service->container) {
    return Place(*match.spec) + ": " +
           (match.problem.empty() ? "it has no container" : match.problem);
  }
  if (match.host->cordoned) return match.host->name + " is cordoned";
  if (const Status shared = CheckRepository(repository, match); !shared.ok())
    return Message(shared);
  return LacksRoom(*match.host, disk);
}

StatusOr<Match> ChooseMember(const RehearsalRequest& request, const ClusterSpec& spec,
                             const World& world, const RehearsalPlan& plan) {
  std::vector<Match> good;
  std::vector<std::string> obstacles, away;
  bool named = false;
  for (const Match& match : MatchMembers(spec, world)) {
    if (!request.host.empty() && match.spec->host != request.host) continue;
    named = true;
    const HostView* host = world.Host(match.spec->host);
    if (host == nullptr || !host->connected) {
      away.push_back(match.spec->host);
      continue;
    }
    const std::string obstacle = Obstacle(match, plan.repository, DiskNeeded(plan));
    if (obstacle.empty()) {
      good.push_back(match);
    } else {
      obstacles.push_back(obstacle);
    }
  }
  if (!named) {
    return InvalidArgument("--host " + request.host + ": cluster " + spec.name +
                           " has no member there; a rehearsal's node is made after a member's");
  }
  if (good.empty() && obstacles.empty()) {
    return Unavailable("no agent of a host that could hold the rehearsal is connected (" +
                       Joined(away) + "): look at systemctl status drover-agent there");
  }
  if (good.empty())
    return FailedPrecondition("no host can hold the rehearsal: " + Joined(obstacles));
  return *std::max_element(good.begin(), good.end(), [](const Match& a, const Match& b) {
    const auto key = [](const Match& match) {
      const auto& disks = match.host->disks;
      return std::make_tuple(match.node->HoldsData(),
                             match.host->memory_available_bytes / (64 * kMiB),
                             disks.empty() ? 0 : disks[0].free_bytes / (64 * kMiB));
    };
    return key(a) < key(b);
  });
}

void DescribeNode(const std::string& id, const Match& match, const Version& to,
                  RehearsalPlan* plan) {
  const std::string name = "drover-rehearsal-" + id;
  plan->environment = {{"discovery.type", "single-node"},
                       {"cluster.name", name},
                       {"node.name", name},
                       // Every free byte may be used: nobody else's indexes are on it.
                       {"cluster.routing.allocation.disk.threshold_enabled", "false"},
                       {"DISABLE_SECURITY_PLUGIN", "true"},
                       {"DISABLE_INSTALL_DEMO_CONFIG", "true"},
                       {"DISABLE_PERFORMANCE_ANALYZER_AGENT_CLI", "true"},
                       {"OPENSEARCH_JAVA_OPTS", kJavaOptions}};
  // It is no client of other clusters, whatever the snapshot's settings say.
  if (to.major >= 2) plan->environment["node.roles"] = "cluster_manager,data,ingest";
  std::string repo_paths;
  for (const std::string& path : match.node->repo_paths) {
    repo_paths += (repo_paths.empty() ? "" : ",") + path;
  }
  if (!repo_paths.empty()) plan->environment["path.repo"] = repo_paths;
  // Of object stores: where they are and, by variables, who may read them.
  plan->inherited_environment = {"s3.client.*",       "azure.client.*",
                                 "gcs.client.*",      "AWS_*",
                                 "KEYSTORE_PASSWORD", "OPENSEARCH_KEYSTORE_PASSWORD"};
  plan->left_out_mounts = {std::string(kHome) + "/data", kConfigFile};
  for (const std::string& path : match.node->data_paths) plan->left_out_mounts.push_back(path);
  plan->memory_bytes = kMemory;
}

}  // namespace

StatusOr<RehearsalPlan> PlanRehearsal(const std::string& id, const RehearsalRequest& request,
                                      const ClusterSpec& spec, const SnapshotView& snapshot,
                                      const RepositoryView& repository, const World& world) {
  const std::optional<Version> to = ParseVersion(request.to_version);
  if (!to) {
    return InvalidArgument("--to '" + request.to_version +
                           "' is not a version: expected three numbers such as 3.8.0");
  }
  if (!world.cluster_error.empty()) return Unavailable(world.cluster_error);
  DROVER_RETURN_IF_ERROR(CheckSnapshot(snapshot, *to));
  RehearsalPlan plan;
  plan.cluster = spec.name;
  plan.version = to->ToString();
  plan.snapshot = snapshot;
  plan.repository = repository;
  DROVER_RETURN_IF_ERROR(ChooseIndices(request, world.cluster, &plan));
  DROVER_ASSIGN_OR_RETURN(const Match match, ChooseMember(request, spec, world, plan));
  plan.host = match.spec->host;
  plan.project = match.spec->project;
  plan.service = match.spec->service;
  plan.image = request.image;
  if (plan.image.empty()) {
    if (ParseImage(match.service->image).tag != match.node->version) {
      return InvalidArgument("the image of " + match.Name() + " is " + match.service->image +
                             ", whose tag is not its version (" + match.node->version +
                             "): name the image of " + plan.version + " with --image");
    }
    plan.image = WithTag(match.service->image, plan.version);
  }
  DescribeNode(id, match, *to, &plan);
  return plan;
}

Status CheckHost(const RehearsalPlan& plan, const ProjectView& project) {
  if (!project.denials.empty()) {
    std::string text;
    for (const std::string& denial : project.denials) text += (text.empty() ? "" : "; ") + denial;
    return PermissionDenied("host " + plan.host + ": " + text);
  }
  if (!project.error.empty()) return FailedPrecondition("host " + plan.host + ": " + project.error);
  return OkStatus();
}

std::string RehearsedName(const std::string& index) {
  return index.starts_with('.') ? "drover-rehearsal" + index : index;
}

std::string RehearsalRemedy(const RehearsalPlan& plan, const RehearsedIndex& index) {
  const std::optional<Version> to = ParseVersion(plan.version);
  if (to && IndexIsTooOld(index.created_version, *to)) {
    return "make it anew before the upgrade: drover index reindex " + plan.cluster + " " +
           index.name;
  }
  return "put right in the cluster what the node says, or delete the index there, take a new "
         "snapshot and rehearse again";
}

}  // namespace drover::rollout
