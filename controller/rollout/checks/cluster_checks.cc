#include <algorithm>
#include <set>

#include "controller/rollout/checks/checks.h"
#include "controller/rollout/gates.h"

namespace drover::rollout {
namespace {

// Settings that a rollout must not find set: whoever set them is not done, or forgot (P6).
bool IsLeftover(const std::string& where, const std::string& name, const std::string& value) {
  // A transient value beats the persistent one that a rollout puts.
  const bool ours = name == "cluster.routing.allocation.enable" ||
                    name == "cluster.routing.rebalance.enable" ||
                    name == "cluster.routing.allocation.node_concurrent_recoveries";
  if (ours && where == "transient") return true;
  if (name == "cluster.routing.allocation.enable") return value != "all";
  if (name == "cluster.routing.rebalance.enable") return value != "all";
  if (name.starts_with("cluster.routing.allocation.exclude._")) return !value.empty();
  if (name == "cluster.blocks.read_only" || name == "cluster.blocks.read_only_allow_delete") {
    return value == "true";
  }
  if (name.starts_with("archived.")) return true;
  if (name == "cluster.migration.direction" || name == "migration.direction") {
    return value != "none";
  }
  return name.ends_with("remote_store.compatibility_mode") && value == "mixed";
}

void AddLeftovers(const std::string& where, const std::map<std::string, std::string>& settings,
                  std::vector<std::string>* found, std::vector<std::string>* names) {
  for (const auto& [name, value] : settings) {
    if (!IsLeftover(where, name, value)) continue;
    found->push_back(where + " " + name + "=" + value);
    names->push_back("\"" + name + "\": null");
  }
}

std::vector<std::string> UnmatchedNodes(const CheckInput& in) {
  std::vector<std::string> names;
  for (const NodeView& node : in.world.cluster.nodes) {
    const bool matched = std::any_of(in.matches.begin(), in.matches.end(),
                                     [&](const Match& m) { return m.node == &node; });
    if (!matched) names.push_back(node.name);
  }
  return names;
}

}  // namespace

Finding CheckOneCluster(const CheckInput& in) {
  if (!in.world.cluster_error.empty()) {
    return Block(in.world.cluster_error,
                 "check the endpoints, tls and auth of the cluster file, and that the nodes run");
  }
  std::map<std::string, std::vector<std::string>> by_uuid;
  std::vector<std::string> dead;
  for (const EndpointView& endpoint : in.world.cluster.endpoints) {
    if (!endpoint.error.empty()) {
      dead.push_back(endpoint.url + " (" + endpoint.error + ")");
    } else {
      by_uuid[endpoint.cluster_uuid].push_back(endpoint.url);
    }
  }
  if (by_uuid.size() > 1) {
    std::string evidence = "GET / shows several clusters:";
    for (const auto& [uuid, urls] : by_uuid) evidence += " " + uuid + " at " + Join(urls) + ";";
    evidence.pop_back();
    return Block(evidence, "take the endpoints that are not of this cluster out of its file");
  }
  const std::string uuid = by_uuid.empty() ? "" : by_uuid.begin()->first;
  if (uuid.empty() || uuid == "_na_") {
    return Block("the cluster has no uuid yet (GET /): it has not formed",
                 "wait until a cluster manager is elected");
  }
  if (!dead.empty()) {
    return Warn("no answer from " + Join(dead), "start the node or correct the endpoint");
  }
  return Pass(std::to_string(in.world.cluster.endpoints.size()) + " endpoints, cluster uuid " +
              uuid);
}

Finding CheckHealth(const CheckInput& in) {
  const HealthView& h = in.world.cluster.health;
  if (h.status == "green") return Pass("GET _cluster/health: green");
  int homeless = 0;
  for (const HomelessReplicas& shard : FindHomeless(in.world.cluster)) homeless += shard.replicas;
  if (h.status == "yellow" && homeless > 0 && homeless == h.unassigned) {
    return Warn("GET _cluster/health: yellow, " + std::to_string(homeless) +
                    " replicas have no home: every data node holds a copy already",
                "lower index.number_of_replicas, or leave it: they are no better off afterwards");
  }
  return Block("GET _cluster/health: " + h.status + ", " + std::to_string(h.unassigned) +
                   " shards unassigned, " + std::to_string(h.initializing) + " initializing",
               "find out why with GET _cluster/allocation/explain and make the cluster green");
}

Finding CheckQuiet(const CheckInput& in) {
  constexpr int kMaxPendingTasks = 50;
  const HealthView& h = in.world.cluster.health;
  const std::string evidence = std::to_string(h.initializing) + " initializing, " +
                               std::to_string(h.relocating) + " relocating, " +
                               std::to_string(h.in_flight_fetch) + " fetches, " +
                               std::to_string(h.pending_tasks) + " pending tasks";
  if (h.initializing > 0 || h.relocating > 0 || h.in_flight_fetch > 0 ||
      h.pending_tasks >= kMaxPendingTasks) {
    return Block(evidence, "wait until the cluster has settled");
  }
  return Pass(evidence);
}

Finding CheckMembers(const CheckInput& in) {
  std::vector<std::string> problems;
  bool any_away = false;
  for (const Match& match : in.matches) {
    any_away = any_away || match.host == nullptr || !match.host->connected;
    if (match.node == nullptr) problems.push_back(Place(*match.spec) + ": " + match.problem);
  }
  // A node whose host is away cannot be matched: that is said already.
  for (const std::string& name : any_away ? std::vector<std::string>() : UnmatchedNodes(in)) {
    problems.push_back("node " + name + " of the cluster is no member in the file");
  }
  if (!problems.empty()) {
    return Block(Join(problems),
                 "correct members (node: NAME says which node one is) and "
                 "apply the cluster file again");
  }
  std::set<std::string> versions;
  for (const NodeView& node : in.world.cluster.nodes) versions.insert(node.version);
  if (versions.size() > 1) {
    return Block("nodes run several versions: " +
                     Join(std::vector<std::string>(versions.begin(), versions.end())),
                 "bring all nodes to one version first: an earlier upgrade has not ended");
  }
  return Pass(std::to_string(in.matches.size()) + " members, all at " +
              (versions.empty() ? "?" : *versions.begin()));
}

namespace {

// Nothing takes over from the only cluster manager: an operator says that this is all right.
Finding CheckSoleManager(const CheckInput& in, const std::string& name) {
  const std::vector<std::string>& asked = in.request.members;
  if (!asked.empty() && std::find(asked.begin(), asked.end(), name) == asked.end()) {
    return Pass(name + " is the only cluster-manager node, and is left alone");
  }
  const std::string evidence =
      name + " is the only cluster-manager node: while it restarts the cluster does not serve";
  if (in.request.accept_downtime) return Warn(evidence, "accepted: --accept-downtime");
  return Block(evidence,
               "accept that: drover " +
                   std::string(in.request.kind == Kind::kRestart ? "restart " : "upgrade ") +
                   in.spec.name + " … --accept-downtime; or have three cluster-manager nodes");
}

}  // namespace

Finding CheckVoting(const CheckInput& in) {
  const ClusterObservation& c = in.world.cluster;
  if (!c.voting_exclusions.empty()) {
    return Block("voting exclusions are set: " + Join(c.voting_exclusions),
                 "find out who set them, then DELETE "
                 "_cluster/voting_config_exclusions?wait_for_removal=false");
  }
  if (std::set<std::string>(c.last_committed_config.begin(), c.last_committed_config.end()) !=
      std::set<std::string>(c.last_accepted_config.begin(), c.last_accepted_config.end())) {
    return Block("the voting configuration is being changed: committed and accepted differ",
                 "wait until it has settled");
  }
  for (const std::string& id : c.last_committed_config) {
    if (c.NodeWithId(id) == nullptr) {
      return Block("voter " + id + " is not in the cluster",
                   "start that node, or wait until it has left the voting configuration");
    }
  }
  if (const NodeView* sole = c.SoleManager()) return CheckSoleManager(in, sole->name);
  const auto managers = std::count_if(c.nodes.begin(), c.nodes.end(),
                                      [](const NodeView& node) { return node.ManagerEligible(); });
  if (managers == 2) {
    return Pass("2 cluster-manager nodes: the vote is moved away from its holder before it stops");
  }
  const size_t voters = c.last_committed_config.size();
  if (voters < 3) {
    return Block(std::to_string(voters) + " voters of " + std::to_string(managers) +
                     " cluster-manager nodes: stopping one ends the quorum",
                 "wait until the voting configuration has grown, or put "
                 "cluster.auto_shrink_voting_configuration back to true");
  }
  return Pass(std::to_string(voters) + " voters, all present");
}

Finding CheckSettings(const CheckInput& in) {
  std::vector<std::string> found, names;
  AddLeftovers("persistent", in.world.cluster.persistent_settings, &found, &names);
  AddLeftovers("transient", in.world.cluster.transient_settings, &found, &names);
  if (found.empty()) return Pass("GET _cluster/settings: nothing that would hold up a rollout");
  return Block("GET _cluster/settings: " + Join(found),
               "find out who set it; put it back with PUT _cluster/settings {" +
                   std::string(found.front().starts_with("persistent") ? "\"persistent\""
                                                                       : "\"transient\"") +
                   ": {" + Join(names) + "}}");
}

Finding CheckIndexAllocation(const CheckInput& in) {
  std::vector<std::string> found;
  for (const IndexView& index : in.world.cluster.indices) {
    for (const auto& [name, value] : index.settings) {
      if (!name.starts_with("index.routing.allocation.") || value.empty()) continue;
      // Tier preference is set by the server itself; total_shards_per_node does not bind to a node.
      if (name.find("include._tier_preference") != std::string::npos) continue;
      if (name.ends_with("total_shards_per_node")) continue;
      if (name.ends_with("allocation.enable") && value == "all") continue;
      found.push_back(index.name + " " + name + "=" + value);
    }
  }
  if (found.empty()) return Pass("no index.routing.allocation setting");
  return Block("index settings override the cluster's: " + Join(found),
               "take them off for the upgrade: a copy that may live on one node only has no home "
               "while that node is down");
}

Finding CheckVersionPath(const CheckInput& in) {
  const std::optional<Version> from = LowestVersion(in.world.cluster);
  const std::optional<Version> to = ParseVersion(in.request.to_version);
  if (!from || !to) {
    return Block("the nodes' version cannot be read (GET _nodes)", "check that the nodes answer");
  }
  const PathVerdict path = CheckPath(*from, *to, IsSecured(in.spec));
  if (path.allowed) return Pass(path.reason);
  return Block(path.reason, "choose another version");
}

}  // namespace drover::rollout
