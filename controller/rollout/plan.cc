#include "controller/rollout/plan.h"

#include <algorithm>

#include "controller/rollout/batches.h"
#include "controller/rollout/checks/checks.h"
#include "controller/rollout/checks/removed_settings.h"
#include "controller/rollout/match.h"
#include "controller/rollout/version.h"

namespace drover::rollout {
namespace {

// What a part takes where no rollout of the cluster has been seen; the plan says that it is a
// guess.
constexpr Millis kGuessSnapshot{5'000};
constexpr Millis kGuessPrefetch{10'000};
constexpr Millis kGuessMember{15'000};

Status CheckRequest(const PlanRequest& request) {
  if (request.kind != Kind::kUpgrade) {
    return Unimplemented("only upgrades can be planned by this version of Drover");
  }
  if (request.strategy != Strategy::kRolling) {
    return Unimplemented("the strategy full is not in this version of Drover; use rolling");
  }
  if (request.to_version.empty()) {
    return InvalidArgument("the target version is missing: --to VERSION");
  }
  if (!ParseVersion(request.to_version)) {
    return InvalidArgument("'" + request.to_version +
                           "' is not a version: expected three numbers such as 2.19.1");
  }
  return CheckWaivers(request.waivers);
}

PlannedMember ToPlanned(const Match& match, const PlanRequest& request,
                        const ClusterObservation& cluster) {
  PlannedMember member;
  member.name = match.Name();
  member.host = match.spec->host;
  member.project = match.spec->project;
  member.service = match.spec->service;
  if (match.node != nullptr) {
    member.node_id = match.node->id;
    member.roles = match.node->roles;
    member.elected_manager = match.node->id == cluster.manager_node_id;
  } else if (request.adopt && !match.expected_name.empty()) {
    member.name = match.expected_name;
  }
  if (match.service != nullptr) {
    member.from_image = match.service->image;
    member.to_image =
        request.image.empty() ? WithTag(member.from_image, request.to_version) : request.image;
  }
  return member;
}

// An adopting request gets its target from the snapshot.
StatusOr<PlanRequest> CompleteRequest(const PlanRequest& wanted, const ClusterSpec& spec,
                                      const World& world) {
  if (!wanted.adopt) return wanted;
  if (!world.cluster_error.empty()) return Unavailable(world.cluster_error);
  if (!world.adoptable || !world.adoptable->origin) {
    return FailedPrecondition(
        "nothing to adopt: repository " + spec.snapshot.repository +
        " holds no finished snapshot that a rollout of this cluster took. By hand: start every "
        "stopped member with the image in its Compose file, put cluster.routing.allocation.enable "
        "and cluster.routing.rebalance.enable back (null is the default), start the snapshot "
        "policies again, and bring the members that are behind to the version of the others");
  }
  PlanRequest request = wanted;
  const std::string& target = world.adoptable->origin->to_version;
  if (request.to_version.empty()) request.to_version = target;
  if (request.to_version == target) return request;
  return InvalidArgument("the upgrade under way goes to " + target + " and not to " +
                         request.to_version + ": end it first, then plan the next one");
}

// The snapshot takes the place of a new one.
void Adopt(const World& world, Plan* plan) {
  plan->adopted = world.adoptable->origin;
  plan->snapshot = world.adoptable->name;
  plan->from_version = plan->adopted->from_version;
  for (const PlannedMember& member : plan->members) {
    if (member.node_id.empty()) ++plan->observed_nodes;
  }
}

void Expect(const History& history, Plan* plan) {
  const bool known = history.rollouts > 0;
  const Millis snapshot = known ? history.snapshot : kGuessSnapshot;
  const Millis prefetch = known ? history.prefetch : kGuessPrefetch;
  const Millis member = known ? history.member : kGuessMember;
  plan->expected = std::max(snapshot, prefetch) + member * plan->batches;
  plan->expected_from =
      known ? "earlier rollouts of this cluster" : "no rollout of this cluster yet: a guess";
}

}  // namespace

const HostView* World::Host(const std::string& name) const {
  const auto it =
      std::find_if(hosts.begin(), hosts.end(), [&](const HostView& h) { return h.name == name; });
  return it == hosts.end() ? nullptr : &*it;
}

const ProjectView* World::Project(const std::string& host, const std::string& project) const {
  const auto it = projects.find({host, project});
  return it == projects.end() ? nullptr : &it->second;
}

bool Plan::Startable() const {
  return std::none_of(checks.begin(), checks.end(),
                      [](const CheckResult& c) { return c.verdict == Verdict::kBlock; });
}

const std::string& PluginFolder() {
  static const std::string folder = "/usr/share/opensearch/plugins";
  return folder;
}

const std::vector<std::string>& WantedEnvironment() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> names = {"node.name", "cluster.name", "node.roles",
                                      "network.publish_host", "discovery.seed_hosts"};
    for (const RemovedSetting& rule : RemovedSettings()) {
      const std::string name = rule.name;
      if (name.find('*') == std::string::npos) names.push_back(name);
    }
    return names;
  }();
  return keys;
}

StatusOr<Plan> MakePlan(const PlanId& id, const PlanRequest& wanted, const ClusterSpec& spec,
                        const World& world, const History& history) {
  DROVER_ASSIGN_OR_RETURN(const PlanRequest request, CompleteRequest(wanted, spec, world));
  DROVER_RETURN_IF_ERROR(CheckRequest(request));
  Plan plan;
  plan.id = id;
  plan.request = request;
  plan.spec = spec;
  plan.created_at = world.at;
  plan.checks = RunChecks(request, spec, world);
  if (const auto from = LowestVersion(world.cluster)) plan.from_version = from->ToString();
  for (const Match& match : MatchMembers(spec, world)) {
    plan.members.push_back(ToPlanned(match, request, world.cluster));
  }
  plan.batches = request.adopt
                     ? AssignAdoptedBatches(world.cluster, spec.rules.max_unavailable,
                                            request.to_version, &plan.members)
                     : AssignBatches(world.cluster, spec.rules.max_unavailable, &plan.members);
  plan.repository = world.repository;
  plan.snapshot = "drover-" + id.str();
  plan.observed_nodes = static_cast<int>(world.cluster.nodes.size());
  for (const IndexView& index : world.cluster.indices) {
    if (index.docs) plan.documents[index.name] = *index.docs;
  }
  plan.fingerprint = Fingerprint(spec, world);
  if (request.adopt) Adopt(world, &plan);
  Expect(history, &plan);
  return plan;
}

std::map<std::string, std::string> Fingerprint(const ClusterSpec& spec, const World& world) {
  std::map<std::string, std::string> print;
  print["cluster uuid"] = world.cluster.cluster_uuid;
  if (const NodeView* manager = world.cluster.NodeWithId(world.cluster.manager_node_id)) {
    print["elected cluster manager"] = manager->name;
  }
  for (const NodeView& node : world.cluster.nodes) {
    std::string roles;
    for (const std::string& role : node.roles) roles += " " + role;
    print["node " + node.name] = node.id + " " + node.version + roles;
  }
  for (const MemberSpec& member : spec.members) {
    const ProjectView* project = world.Project(member.host, member.project);
    if (project == nullptr) continue;
    for (const auto& [path, sha256] : project->file_sha256) {
      print["file " + path + " on " + member.host] = sha256;
    }
    const ServiceView* service = project->Service(member.service);
    if (service == nullptr) continue;
    print["image of " + Place(member)] = service->image;
    if (service->container) print["container of " + Place(member)] = service->container->id;
  }
  return print;
}

std::vector<std::string> Differences(const std::map<std::string, std::string>& planned,
                                     const std::map<std::string, std::string>& now) {
  std::vector<std::string> out;
  for (const auto& [thing, state] : planned) {
    const auto it = now.find(thing);
    if (it == now.end()) {
      out.push_back(thing + " is gone");
    } else if (it->second != state) {
      out.push_back(thing + " changed: " + state + " → " + it->second);
    }
  }
  for (const auto& [thing, state] : now) {
    if (!planned.contains(thing)) out.push_back(thing + " is new: " + state);
  }
  return out;
}

}  // namespace drover::rollout
