#include "controller/rollout/plan.h"

#include <algorithm>
#include <iterator>

#include "controller/rollout/batches.h"
#include "controller/rollout/checks/checks.h"
#include "controller/rollout/checks/mounts.h"
#include "controller/rollout/checks/removed_settings.h"
#include "controller/rollout/gates.h"
#include "controller/rollout/match.h"
#include "controller/rollout/own_repository.h"
#include "controller/rollout/version.h"

namespace drover::rollout {
namespace {

// What a part takes where no rollout of the cluster has been seen; the plan says that it is a
// guess.
constexpr Millis kGuessSnapshot{5'000};
constexpr Millis kGuessPrefetch{10'000};
constexpr Millis kGuessMember{15'000};
// In an image reference: the version of the hop.
constexpr char kVersionMark[] = "{version}";

Status CheckRestart(const PlanRequest& request) {
  if (request.to_version.empty() && request.image.empty()) return OkStatus();
  return InvalidArgument("a restart keeps version and image; to change them: drover upgrade " +
                         request.cluster + " --to VERSION");
}

Status CheckRequest(const PlanRequest& request) {
  if (request.kind == Kind::kRollback) {
    return InvalidArgument("a rollback is planned from the rollout that it undoes");
  }
  const bool full = request.strategy == Strategy::kFull;
  if (full && (request.kind == Kind::kRestart || request.adopt)) {
    return InvalidArgument(
        std::string("--strategy full is for upgrades: it is what copies of every volume are made "
                    "for. ") +
        (request.adopt ? "What is adopted goes on member by member"
                       : "A restart goes member by member"));
  }
  if (request.kind == Kind::kRestart) return CheckRestart(request);
  if (!request.members.empty()) {
    return InvalidArgument("an upgrade is of every member: only a restart takes --members");
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
    if (const auto paths = DataPaths(*match.node); !paths.empty()) {
      member.data_path = paths.front();
    }
  } else if (request.adopt && !match.expected_name.empty()) {
    member.name = match.expected_name;
  }
  if (match.service != nullptr) {
    member.from_image = member.to_image = match.service->image;
    if (request.kind != Kind::kRestart) {
      member.to_image =
          request.image.empty() ? WithTag(member.from_image, request.to_version) : request.image;
    }
  }
  return member;
}

// An adopting request gets its target from the snapshot.
StatusOr<PlanRequest> CompleteRequest(const PlanRequest& wanted, const ClusterSpec& spec,
                                      const World& world) {
  if (!wanted.adopt) return wanted;
  if (!world.cluster_error.empty()) return Unavailable(world.cluster_error);
  if (!world.adoptable_error.empty()) {
    return FailedPrecondition(
        "it cannot be told which snapshot is the newest one: " + world.adoptable_error +
        "; make it readable, or unregister it if it is lost");
  }
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
  if (target == world.adoptable->origin->from_version && wanted.to_version.empty()) {
    request.kind = Kind::kRestart;
    return request;
  }
  if (request.to_version.empty()) request.to_version = target;
  if (request.to_version == target) return request;
  return InvalidArgument("the upgrade under way goes to " + target + " and not to " +
                         request.to_version + ": end it first, then plan the next one");
}

// Splits off the members that a restart is not of. INVALID_ARGUMENT for a name that is none.
Status Select(const std::vector<std::string>& names, Plan* plan) {
  if (names.empty()) return OkStatus();
  std::string known;
  for (const PlannedMember& member : plan->members) {
    known += (known.empty() ? "" : ", ") + member.name;
  }
  for (const std::string& name : names) {
    const bool found = std::any_of(plan->members.begin(), plan->members.end(),
                                   [&](const PlannedMember& m) { return m.name == name; });
    if (found) continue;
    return InvalidArgument("the cluster has no member '" + name + "'; there are: " + known);
  }
  const auto left_out = std::stable_partition(
      plan->members.begin(), plan->members.end(), [&](const PlannedMember& member) {
        return std::find(names.begin(), names.end(), member.name) != names.end();
      });
  std::move(left_out, plan->members.end(), std::back_inserter(plan->others));
  plan->members.erase(left_out, plan->members.end());
  return OkStatus();
}

// A companion that names the image already has nothing to do.
void AddCompanions(const World& world, Plan* plan) {
  if (!plan->ChangesImages()) return;
  for (const CompanionSpec& spec : plan->spec.companions) {
    PlannedMember companion;
    companion.host = spec.host;
    companion.project = spec.project;
    companion.service = spec.service;
    companion.name = spec.service + "@" + spec.host;
    companion.roles = {"companion"};
    companion.to_image = CompanionImage(spec, plan->Target());
    const ProjectView* project = world.Project(spec.host, spec.project);
    const ServiceView* service = project == nullptr ? nullptr : project->Service(spec.service);
    if (service != nullptr) companion.from_image = service->image;
    const bool taken =
        std::any_of(plan->companions.begin(), plan->companions.end(),
                    [&](const PlannedMember& c) { return c.name == companion.name; });
    if (taken) companion.name = spec.project + "/" + companion.name;
    if (companion.from_image != companion.to_image)
      plan->companions.push_back(std::move(companion));
  }
}

// Before another major version opens the volume of a cluster manager it is copied (opensearch.md M2
// d): it holds the cluster's state, which the new version rewrites at its first start. A full stop
// copies every volume (M3 step 5): together they are the cluster as it was.
void AddColdCopies(const ClusterObservation& cluster, Plan* plan) {
  if (plan->StopsAll()) {
    for (PlannedMember& member : plan->members) member.cold_copy = member.data_path;
    return;
  }
  const auto from = ParseVersion(plan->from_version);
  const auto to = ParseVersion(plan->Target());
  if (!from || !to || from->major >= to->major) return;
  for (PlannedMember& member : plan->members) {
    const NodeView* node = cluster.NodeWithId(member.node_id);
    if (node == nullptr || !node->ManagerEligible()) continue;
    member.cold_copy = DataPaths(*node).front();
  }
}

bool ManagersAnswer(const ClusterObservation& cluster) {
  return std::any_of(cluster.endpoints.begin(), cluster.endpoints.end(),
                     [&](const EndpointView& endpoint) {
                       const NodeView* node = cluster.NodeNamed(endpoint.node_name);
                       return node != nullptr && node->ManagerEligible();
                     });
}

// What the plan lets happen, so that it can be read in it: downtime, replicas without a home.
void Admit(const ClusterObservation& cluster, const History& history, Plan* plan) {
  plan->homeless = FindHomeless(cluster);
  const NodeView* sole = cluster.SoleManager();
  if (sole == nullptr || !plan->request.accept_downtime) return;
  for (const PlannedMember& member : plan->members) {
    if (member.node_id != sole->id) continue;
    plan->downtime_of = member.name;
    plan->downtime = history.rollouts > 0 ? history.member : kGuessMember;
  }
}

// Nothing of a newer version is written where a restart's snapshot goes.
void ChooseRepository(const World& world, Plan* plan) {
  const RepositorySpec& spec = plan->spec.snapshot;
  const std::string& type = world.repository.exists ? world.repository.type : spec.type;
  const bool upgrade = plan->request.kind == Kind::kUpgrade && !plan->request.adopt;
  if (!upgrade || spec.shared_folder || spec.repository.empty()) return;
  if (FolderSetting(type).empty()) return;
  plan->own_repository = OwnRepositoryName(spec.repository, plan->snapshot);
}

// The snapshot takes the place of a new one.
void Adopt(const World& world, Plan* plan) {
  plan->adopted = world.adoptable->origin;
  plan->snapshot = world.adoptable->name;
  const std::string& repository = world.adoptable->repository;
  plan->own_repository = repository == plan->spec.snapshot.repository ? "" : repository;
  plan->from_version = plan->adopted->from_version;
  for (const PlannedMember& member : plan->members) {
    if (member.node_id.empty()) ++plan->observed_nodes;
  }
}

StatusOr<std::vector<Version>> ParseVia(const PlanRequest& request) {
  std::vector<Version> via;
  for (const std::string& text : request.via) {
    const auto version = ParseVersion(text);
    if (!version) {
      return InvalidArgument("--via '" + text +
                             "' is not a version: expected three numbers such as 2.19.4");
    }
    via.push_back(*version);
  }
  return via;
}

Status AddHops(const World& world, Plan* plan) {
  const PlanRequest& request = plan->request;
  const std::string& last =
      request.final_version.empty() ? request.to_version : request.final_version;
  const auto from = ParseVersion(plan->from_version);
  const auto to = ParseVersion(last);
  if (!from || !to) return OkStatus();
  DROVER_ASSIGN_OR_RETURN(const std::vector<Version> via, ParseVia(request));
  if (request.follow_path) {
    DROVER_ASSIGN_OR_RETURN(plan->hops, PlanHops(*from, *to, IsSecured(plan->spec), via));
  } else {
    plan->hops = {{plan->from_version, last, {}}};
  }
  AddNeeds(plan->spec.name, world.cluster, &plan->hops);
  for (HopNeed& need : plan->hops.front().needs) {
    if (need.kind != HopNeedKind::kNoReturn) continue;
    need.text += request.accept_no_return
                     ? ". Accepted: the rollout does not pause before it"
                     : ". The rollout pauses before it; drover rollout approve ID goes on";
  }
  return OkStatus();
}

void Expect(const History& history, Plan* plan) {
  const bool known = history.rollouts > 0;
  const Millis snapshot = known ? history.snapshot : kGuessSnapshot;
  const Millis prefetch = !plan->ChangesImages() ? Millis(0)
                          : known                ? history.prefetch
                                                 : kGuessPrefetch;
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

std::string CompanionImage(const CompanionSpec& companion, const std::string& version) {
  constexpr std::string_view kMark = "{version}";
  std::string image = companion.image;
  if (const size_t at = image.find(kMark); at != std::string::npos) {
    image.replace(at, kMark.size(), version);
  }
  return image;
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
    std::vector<std::string> names = {"node.name",
                                      "cluster.name",
                                      "node.roles",
                                      "network.publish_host",
                                      "cluster.initial_cluster_manager_nodes",
                                      "cluster.initial_master_nodes",
                                      "discovery.type",
                                      "discovery.seed_hosts",
                                      "DISABLE_INSTALL_DEMO_CONFIG",
                                      "DISABLE_SECURITY_PLUGIN"};
    for (const RemovedSetting& rule : RemovedSettings()) {
      const std::string name = rule.name;
      if (name.find('*') == std::string::npos) names.push_back(name);
    }
    return names;
  }();
  return keys;
}

StatusOr<PlanRequest> FirstHop(const PlanRequest& wanted, const ClusterSpec& spec,
                               const World& world) {
  const auto from = LowestVersion(world.cluster);
  const auto to = ParseVersion(wanted.to_version);
  if (!wanted.follow_path || !from || !to) return wanted;
  DROVER_ASSIGN_OR_RETURN(const std::vector<Version> via, ParseVia(wanted));
  DROVER_ASSIGN_OR_RETURN(const std::vector<Hop> hops, PlanHops(*from, *to, IsSecured(spec), via));
  PlanRequest request = wanted;
  request.to_version = hops.front().to;
  if (hops.size() > 1) request.final_version = wanted.to_version;
  const size_t version = request.image.find(kVersionMark);
  if (version != std::string::npos) {
    request.image.replace(version, sizeof(kVersionMark) - 1, request.to_version);
  } else if (hops.size() > 1 && !request.image.empty()) {
    return InvalidArgument("--image " + wanted.image + " names one image, and the way to " +
                           wanted.to_version + " has " + std::to_string(hops.size()) +
                           " hops: write {version} where the version stands in it, or ask for one "
                           "hop at a time with --to " +
                           hops.front().to);
  }
  return request;
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
  DROVER_RETURN_IF_ERROR(Select(request.members, &plan));
  plan.batches = plan.StopsAll() ? 1
                 : request.adopt
                     ? AssignAdoptedBatches(world.cluster, spec.rules.max_unavailable,
                                            request.to_version, &plan.members)
                     : AssignBatches(world.cluster, spec.rules.max_unavailable, &plan.members);
  plan.repository = world.repository;
  plan.snapshot = "drover-" + id.str();
  ChooseRepository(world, &plan);
  plan.observed_nodes = static_cast<int>(world.cluster.nodes.size());
  for (const IndexView& index : world.cluster.indices) {
    if (index.docs) plan.documents[index.name] = *index.docs;
  }
  plan.fingerprint = Fingerprint(spec, world);
  AddColdCopies(world.cluster, &plan);
  plan.managers_answer = ManagersAnswer(world.cluster);
  Admit(world.cluster, history, &plan);
  AddCompanions(world, &plan);
  if (!request.adopt) DROVER_RETURN_IF_ERROR(AddHops(world, &plan));
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
  for (const CompanionSpec& companion : spec.companions) {
    const ProjectView* project = world.Project(companion.host, companion.project);
    const ServiceView* service = project == nullptr ? nullptr : project->Service(companion.service);
    if (service == nullptr) continue;
    print["image of " + companion.host + "/" + companion.project + "/" + companion.service] =
        service->image;
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
