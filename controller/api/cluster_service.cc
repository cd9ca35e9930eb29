#include "controller/api/cluster_service.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include "common/rpc/limits.h"
#include "controller/api/busy_clusters.h"
#include "controller/api/cluster_changes.h"
#include "controller/api/discover.h"
#include "controller/api/unary.h"

namespace drover::api {
namespace {

// What the file alone says.
void Fill(const store::ClusterRecord& record, const rollout::ClusterSpec& spec, pb::Cluster* out) {
  out->set_name(record.name);
  for (const auto& endpoint : spec.endpoints) out->add_endpoints(endpoint);
  out->set_repository(spec.snapshot.repository);
  for (const auto& member : spec.members) {
    pb::MemberRef* const to = out->add_members()->mutable_member();
    to->set_name(member.node);
    to->set_host(member.host);
    to->set_project(member.project);
    to->set_service(member.service);
  }
  out->set_file(record.file);
  ToProto(record.applied_at, out->mutable_applied_at());
}

// Adds what was seen; members as seen take the place of those of the file.
void Merge(const Look& look, pb::Cluster* out) {
  if (look.members_size() > 0) *out->mutable_members() = look.members();
  out->set_version(look.version());
  out->set_health(look.health());
  out->set_problem(look.problem());
}

// Inspects projects on all hosts at once; what a host does not answer in time is left out.
class Gathering {
 public:
  explicit Gathering(size_t wanted) : left_(wanted) {}

  void Seen(const std::string& host, const StatusOr<rollout::ProjectView>& project) {
    const std::lock_guard lock(mutex_);
    if (project.ok()) found_.push_back({host, *project});
    --left_;
    changed_.notify_all();
  }

  std::vector<InspectedProject> Await(Millis timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [this] { return left_ == 0; });
    return found_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t left_;
  std::vector<InspectedProject> found_;
};

std::vector<InspectedProject> Inspect(fleet::Agents& agents) {
  std::vector<std::pair<std::string, std::string>> wanted;
  for (const auto& host : agents.Hosts()) {
    if (!host.connected) continue;
    for (const auto& project : host.projects) {
      if (MayHoldNodes(project)) wanted.emplace_back(host.name, project.name);
    }
  }
  const auto gathering = std::make_shared<Gathering>(wanted.size());
  for (const auto& [host, project] : wanted) {
    agents.InspectProject(host, project, {DiscoveryEnvironment(), {}}, rpc::kUnaryTimeout,
                          [gathering, name = host](const StatusOr<rollout::ProjectView>& view) {
                            gathering->Seen(name, view);
                          });
  }
  auto found = gathering->Await(rpc::kUnaryTimeout);
  // Answers come in any order; a file is the same each time.
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::tie(a.host, a.project.name) < std::tie(b.host, b.project.name);
  });
  return found;
}

}  // namespace

std::string ClusterService::ActiveRollout(const std::string& cluster) {
  const auto open = OpenRollouts(parts_, cluster);
  return open.ok() && !open->empty() ? open->front().id.str() : "";
}

Status ClusterService::Discover(pb::DiscoverClustersResponse* response) {
  for (const Proposal& proposal : Propose(Inspect(*parts_.agents))) {
    pb::DiscoveredCluster* const cluster = response->add_clusters();
    cluster->set_name(proposal.spec.name);
    cluster->set_file(parts_.write_cluster_file(proposal.spec, proposal.notes));
    for (const auto& note : proposal.notes) cluster->add_notes(note);
  }
  return OkStatus();
}

Status ClusterService::Apply(const Caller& caller, const pb::ApplyClusterRequest& request,
                             pb::ApplyClusterResponse* response) {
  const std::string file_name =
      request.file_name().empty() ? "the cluster file" : request.file_name();
  DROVER_ASSIGN_OR_RETURN(const rollout::ClusterSpec spec,
                          parts_.parse_cluster_file(request.file(), file_name));
  const auto hosts = parts_.agents->Hosts();
  DROVER_RETURN_IF_ERROR(CheckHosts(spec, file_name, hosts));

  std::vector<std::string> changes;
  const auto before = parts_.clusters->GetCluster(spec.name);
  if (!before.ok() && before.status().code() != StatusCode::kNotFound) return before.status();
  if (before.ok()) {
    // A file of an older version that no longer parses can't be compared; it is replaced.
    const auto old_spec = parts_.parse_cluster_file(before->file, spec.name);
    if (old_spec.ok()) changes = Changes(*old_spec, spec);
  }
  const store::ClusterRecord record{spec.name, request.file(), parts_.clock->Now()};
  DROVER_RETURN_IF_ERROR(parts_.clusters->PutCluster(record));

  rollout::Record event;
  event.kind = "cluster.applied";
  event.text = "cluster " + spec.name + (before.ok() ? " was changed" : " was added");
  event.fields = {{"by", caller.name}, {"cluster", spec.name}};
  parts_.coordinator->Append(event);

  Fill(record, spec, response->mutable_cluster());
  const std::string active = ActiveRollout(spec.name);
  response->mutable_cluster()->set_active_rollout(active);
  if (!active.empty() && !changes.empty()) {
    changes.push_back("warning: rollout " + active + " goes on with the file as it was");
  }
  for (const auto& warning : Warnings(spec, hosts)) changes.push_back(warning);
  response->set_created(!before.ok());
  for (const auto& change : changes) response->add_changes(change);
  return OkStatus();
}

Status ClusterService::Get(const std::string& name, pb::Cluster* out) {
  DROVER_ASSIGN_OR_RETURN(const store::ClusterRecord record, parts_.clusters->GetCluster(name));
  DROVER_ASSIGN_OR_RETURN(const rollout::ClusterSpec spec,
                          parts_.parse_cluster_file(record.file, name));
  Fill(record, spec, out);
  out->set_active_rollout(ActiveRollout(name));
  Merge(looks_.At({{record.file, spec}}, Depth::kMembers, look_timeout_).front(), out);
  return OkStatus();
}

Status ClusterService::List(pb::ListClustersResponse* response) {
  DROVER_ASSIGN_OR_RETURN(const auto records, parts_.clusters->ListClusters());
  std::vector<ClusterToLookAt> wanted;
  std::vector<pb::Cluster*> shown;
  for (const auto& record : records) {
    pb::Cluster* const cluster = response->add_clusters();
    const auto spec = parts_.parse_cluster_file(record.file, record.name);
    if (!spec.ok()) {
      cluster->set_name(record.name);
      cluster->set_file(record.file);
      cluster->set_problem(Message(spec.status()));
      continue;
    }
    Fill(record, *spec, cluster);
    cluster->set_active_rollout(ActiveRollout(record.name));
    wanted.push_back({record.file, *spec});
    shown.push_back(cluster);
  }
  const auto looks = looks_.At(wanted, Depth::kHealth, look_timeout_);
  for (size_t i = 0; i < looks.size(); ++i) Merge(looks[i], shown[i]);
  return OkStatus();
}

grpc::ServerUnaryReactor* ClusterService::DiscoverClusters(
    grpc::CallbackServerContext* context, const pb::DiscoverClustersRequest* request,
    pb::DiscoverClustersResponse* response) {
  return Unary<pb::DiscoverClustersRequest, pb::DiscoverClustersResponse>(
      desk_, context, request, response, "ClusterService/DiscoverClusters",
      [this](const Caller&, const auto&, auto* answer) { return rpc::ToGrpc(Discover(answer)); });
}

grpc::ServerUnaryReactor* ClusterService::ApplyCluster(grpc::CallbackServerContext* context,
                                                       const pb::ApplyClusterRequest* request,
                                                       pb::ApplyClusterResponse* response) {
  return Unary<pb::ApplyClusterRequest, pb::ApplyClusterResponse>(
      desk_, context, request, response, "ClusterService/ApplyCluster",
      [this](const Caller& caller, const auto& question, auto* answer) {
        return rpc::ToGrpc(Apply(caller, question, answer));
      });
}

grpc::ServerUnaryReactor* ClusterService::GetCluster(grpc::CallbackServerContext* context,
                                                     const pb::GetClusterRequest* request,
                                                     pb::GetClusterResponse* response) {
  return Unary<pb::GetClusterRequest, pb::GetClusterResponse>(
      desk_, context, request, response, "ClusterService/GetCluster",
      [this](const Caller&, const auto& question, auto* answer) {
        return rpc::ToGrpc(Get(question.name(), answer->mutable_cluster()));
      });
}

grpc::ServerUnaryReactor* ClusterService::ListClusters(grpc::CallbackServerContext* context,
                                                       const pb::ListClustersRequest* request,
                                                       pb::ListClustersResponse* response) {
  return Unary<pb::ListClustersRequest, pb::ListClustersResponse>(
      desk_, context, request, response, "ClusterService/ListClusters",
      [this](const Caller&, const auto&, auto* answer) { return rpc::ToGrpc(List(answer)); });
}

grpc::ServerUnaryReactor* ClusterService::CheckCluster(grpc::CallbackServerContext* context,
                                                       const pb::CheckClusterRequest* request,
                                                       pb::CheckClusterResponse* response) {
  return Unary<pb::CheckClusterRequest, pb::CheckClusterResponse>(
      desk_, context, request, response, "ClusterService/CheckCluster",
      [this](const Caller& caller, const auto& question, auto* answer) {
        rollout::PlanRequest wanted;
        wanted.cluster = question.name();
        wanted.to_version = question.to_version();
        wanted.image = question.image();
        wanted.waivers = WaiversOf(question, caller.name);
        const auto checks = parts_.coordinator->Check(wanted);
        if (!checks.ok()) return rpc::ToGrpc(checks.status());
        for (const auto& check : *checks) ToProto(check, answer->add_checks());
        return grpc::Status(grpc::Status::OK);
      });
}

grpc::ServerUnaryReactor* ClusterService::ListChecks(grpc::CallbackServerContext* context,
                                                     const pb::ListChecksRequest* request,
                                                     pb::ListChecksResponse* response) {
  return Unary<pb::ListChecksRequest, pb::ListChecksResponse>(
      desk_, context, request, response, "ClusterService/ListChecks",
      [](const Caller&, const auto&, auto* answer) {
        for (const auto& check : rollout::CheckDefinitions()) {
          pb::CheckDefinition* const to = answer->add_checks();
          to->set_id(check.id);
          to->set_title(check.title);
          to->set_asks(check.asks);
          to->set_waivable(check.not_waivable.empty());
          to->set_not_waivable(check.not_waivable);
        }
        return grpc::Status(grpc::Status::OK);
      });
}

}  // namespace drover::api
