// The checks of a rollback. Those of an upgrade ask for a healthy cluster, and one that is to be
// undone may be down.
#include <algorithm>
#include <set>

#include "controller/rollout/checks/checks.h"
#include "controller/rollout/rollback.h"
#include "controller/rollout/undo_plan.h"

namespace drover::rollout {
namespace {

CheckResult Result(const std::string& id, const std::string& title, const Finding& finding) {
  CheckResult result;
  result.id = id;
  result.title = title;
  result.verdict = finding.verdict;
  result.evidence = finding.evidence;
  result.remedy = finding.remedy;
  return result;
}

Finding AgentsConnected(const Plan& plan, const World& world) {
  std::vector<std::string> lost;
  for (const PlannedMember& member : plan.members) {
    const HostView* host = world.Host(member.host);
    if (host != nullptr && host->connected) continue;
    if (std::find(lost.begin(), lost.end(), member.host) == lost.end()) lost.push_back(member.host);
  }
  if (lost.empty()) return Pass("the agents of all hosts are connected");
  return Block("not connected: " + Join(lost), "start drover-agent there, or the host");
}

Finding HostsAllow(const Plan& plan, const World& world) {
  std::set<std::string> said;
  for (const PlannedMember& member : plan.members) {
    const ProjectView* project = world.Project(member.host, member.project);
    if (project == nullptr) continue;
    if (!project->error.empty()) said.insert(member.host + ": " + project->error);
    for (const std::string& denial : project->denials) said.insert(member.host + ": " + denial);
  }
  if (said.empty()) return Pass("every host's policy allows what the rollback orders");
  return Block(
      Join({said.begin(), said.end()}),
      "a rollback of tier 2 orders RestoreVolume, one of tier 1 or 3 SetAsideVolume: allow "
      "it in the host's policy file");
}

Finding NoOtherRollout(const World& world) {
  if (world.other_rollout.empty()) return Pass("no other rollout of this cluster is under way");
  return Block("rollout " + world.other_rollout + " has not ended",
               "drover rollout pause " + world.other_rollout + ", or wait for its end");
}

// Copies that are not on their hosts any more: somebody has removed them.
std::string MissingCopies(const Plan& plan, const World& world) {
  std::vector<std::string> missing;
  for (const PlannedMember& member : plan.members) {
    if (member.volume != VolumeChange::kRestore) continue;
    if (!world.hosts_with_copies_told.contains(member.host)) continue;
    if (!world.cold_copies.contains(CopyName(member, plan.snapshot))) {
      missing.push_back(member.name + " on " + member.host);
    }
  }
  return missing.empty() ? "" : Join(missing);
}

Finding WayHolds(const Plan& plan, const World& world) {
  const Undo& undo = *plan.undo;
  const bool answers = world.cluster_error.empty();
  if (undo.tier == 1) {
    if (!answers) return Block("the cluster does not answer: " + world.cluster_error, "start it");
    std::set<std::string> ids;
    for (const PlannedMember& member : plan.members) ids.insert(member.node_id);
    const std::string obstacle = RebuildObstacle(world.cluster, ids, plan.request.to_version);
    if (obstacle.empty()) return Pass("every shard is started, its primary too, on an old node");
    return Block(obstacle, "finish forward, or plan anew: drover rollout rollback " + undo.rollout);
  }
  if (const std::string missing = MissingCopies(plan, world); !missing.empty()) {
    return Block("the cold copy " + plan.snapshot + " is gone: of " + missing,
                 "another way back: drover rollout rollback " + undo.rollout + " --tier 3");
  }
  if (undo.tier == 2 && !undo.lossy && undo.operations && answers) {
    const auto written = WrittenSince(*undo.operations, world.cluster);
    if (written && *written > 0) {
      return Block(
          "clients have written since: " + std::to_string(*written) + " operations",
          "plan anew, so that the loss is in the plan: drover rollout rollback " + undo.rollout);
    }
  }
  if (undo.lossy) return Warn(undo.loss, "that is the price of this way back");
  return Pass(undo.loss);
}

const std::string* EnvironmentOf(const PlannedMember& member, const World& world,
                                 const std::string& name) {
  const ProjectView* project = world.Project(member.host, member.project);
  const ServiceView* service = project == nullptr ? nullptr : project->Service(member.service);
  if (service == nullptr) return nullptr;
  const auto found = service->environment.find(name);
  return found == service->environment.end() ? nullptr : &found->second;
}

// The nodes whose discovery makes a new cluster; empty where the member is told none.
std::string BootstrapOf(const PlannedMember& member, const World& world) {
  for (const char* name :
       {"cluster.initial_cluster_manager_nodes", "cluster.initial_master_nodes"}) {
    if (const std::string* value = EnvironmentOf(member, world, name)) return *value;
  }
  const std::string* type = EnvironmentOf(member, world, "discovery.type");
  return type != nullptr && *type == "single-node" ? member.name : "";
}

bool IsManagerEligible(const PlannedMember& member) {
  return std::any_of(member.roles.begin(), member.roles.end(), [](const std::string& role) {
    return role == "cluster_manager" || role == "master";
  });
}

// An empty node that is told to make a cluster with itself alone would not look for the old one.
Finding JoinsTheOldCluster(const Plan& plan, const World& world) {
  for (const PlannedMember& member : plan.members) {
    if (!IsManagerEligible(member) || BootstrapOf(member, world) != member.name) continue;
    return Block(member.name +
                     " is told to begin a cluster alone "
                     "(cluster.initial_cluster_manager_nodes)",
                 "take that setting out of its Compose file: it is for the first start only");
  }
  return Pass("no member would begin a cluster of its own");
}

Finding NewClusterForms(const Plan& plan, const World& world) {
  std::vector<std::string> untold;
  for (const PlannedMember& member : plan.members) {
    if (IsManagerEligible(member) && BootstrapOf(member, world).empty()) {
      untold.push_back(member.name);
    }
  }
  if (!untold.empty()) {
    return Block("a new cluster would not form: " + Join(untold) +
                     " is not told cluster.initial_cluster_manager_nodes in its environment",
                 "set it in the Compose files, with the names of all cluster managers, and take it "
                 "out again afterwards");
  }
  const bool secured = !plan.spec.auth.username.empty();
  if (secured && plan.spec.tls.client_certificate.empty()) {
    return Block("the security plugin's own index comes back only by an admin certificate",
                 "name one in the cluster file: tls.client_certificate and client_key");
  }
  return Pass("every cluster manager is told how a new cluster begins");
}

}  // namespace

std::vector<CheckResult> RunUndoChecks(const Plan& plan, const World& world) {
  std::vector<CheckResult> results = {
      Result("B1", "agents are connected", AgentsConnected(plan, world)),
      Result("B2", "hosts allow the rollback", HostsAllow(plan, world)),
      Result("B3", "no other rollout", NoOtherRollout(world)),
      Result("B4", "the way back is open", WayHolds(plan, world)),
  };
  if (plan.undo->tier == 1) {
    results.push_back(
        Result("B5", "empty members join the cluster", JoinsTheOldCluster(plan, world)));
  } else if (plan.undo->tier == 3) {
    results.push_back(Result("B5", "a new cluster forms", NewClusterForms(plan, world)));
  }
  return results;
}

}  // namespace drover::rollout
