#include "controller/api/snapshot_service.h"

#include <algorithm>
#include <utility>

#include "controller/api/restores.h"
#include "controller/api/snapshots.h"
#include "controller/api/unary.h"
#include "controller/api/words.h"
#include "controller/opensearch/upgrade_snapshots.h"
#include "controller/rollout/own_repository.h"

namespace drover::api {
namespace {

// "drover-20261123-021354": sorts by time, and is a name that OpenSearch takes.
std::string NameByTime(Time now) {
  std::string digits;
  for (const char c : FormatTime(now).substr(0, 19)) {
    if (c == 'T') digits += '-';
    if (c >= '0' && c <= '9') digits += c;
  }
  return "drover-" + digits;
}

Status Get(const Parts& parts, const pb::GetSnapshotRequest& request, pb::Snapshot* out) {
  DROVER_ASSIGN_OR_RETURN(ClusterAtHand cluster, OpenCluster(parts, request.cluster()));
  DROVER_ASSIGN_OR_RETURN(const rollout::SnapshotView snapshot,
                          FindSnapshot(cluster, request.name()));
  ToProto(snapshot, out);
  return OkStatus();
}

Status List(const Parts& parts, const std::string& name, pb::ListSnapshotsResponse* response) {
  DROVER_ASSIGN_OR_RETURN(ClusterAtHand cluster, OpenCluster(parts, name));
  DROVER_ASSIGN_OR_RETURN(const auto all,
                          opensearch::ListAllSnapshots(*cluster.api, cluster.repository()));
  for (const auto& snapshot : all.snapshots) ToProto(snapshot, response->add_snapshots());
  for (const auto& problem : all.unreadable) response->add_unreadable(problem);
  return OkStatus();
}

Status Verify(const Parts& parts, const std::string& name, pb::VerifyRepositoryResponse* response) {
  DROVER_ASSIGN_OR_RETURN(ClusterAtHand cluster, OpenCluster(parts, name));
  bool registered = false;
  DROVER_ASSIGN_OR_RETURN(const rollout::RepositoryView repository,
                          EnsureRepository(cluster, &registered));
  DROVER_ASSIGN_OR_RETURN(const rollout::RepositoryView verified,
                          cluster.api->VerifyRepository(cluster.repository()));
  if (!verified.verify_error.empty()) {
    // One that no node can use is not left behind. That it may stay is the smaller harm.
    if (registered) (void)cluster.api->DeleteRepository(cluster.repository());
    return FailedPrecondition("repository " + cluster.repository() + " of cluster " + name +
                              " does not verify: " + verified.verify_error);
  }
  DROVER_ASSIGN_OR_RETURN(const auto nodes, cluster.api->Nodes());
  response->set_repository(cluster.repository());
  response->set_type(repository.type);
  for (const rollout::NodeView& node : nodes) {
    const auto& ids = verified.verified_node_ids;
    if (std::find(ids.begin(), ids.end(), node.id) != ids.end()) {
      response->add_verified_nodes(node.name);
    }
  }
  for (const auto& missing : rollout::NotVerifiedBy(nodes, verified)) {
    response->add_missing_nodes(missing);
  }
  return OkStatus();
}

Status ListExpired(const Parts& parts, const pb::ListExpiredSnapshotsRequest& request,
                   pb::ListExpiredSnapshotsResponse* response) {
  DROVER_ASSIGN_OR_RETURN(ClusterAtHand cluster, OpenCluster(parts, request.cluster()));
  DROVER_ASSIGN_OR_RETURN(const auto all,
                          opensearch::ListAllSnapshots(*cluster.api, cluster.repository()));
  for (const auto& problem : all.unreadable) response->add_unreadable(problem);
  rollout::Retention retention{request.keep(), std::nullopt};
  if (request.has_age()) retention.age = FromProto(request.age());
  for (const auto& snapshot : rollout::FindExpired(all.snapshots, retention, parts.clock->Now())) {
    ToProto(snapshot, response->add_snapshots());
  }
  return OkStatus();
}

// The repository that was made for it alone goes with the last snapshot in it.
Status DropRepositoryOf(ClusterAtHand& cluster, const rollout::SnapshotView& snapshot,
                        pb::DeleteSnapshotsResponse* response) {
  const StatusOr<bool> dropped =
      opensearch::DropIfEmpty(*cluster.api, cluster.repository(), snapshot.repository);
  if (!dropped.ok()) {
    return Annotate(dropped.status(), "snapshot " + snapshot.name +
                                          " is deleted, but its repository " + snapshot.repository +
                                          " could not be unregistered");
  }
  if (*dropped) response->add_unregistered(snapshot.repository);
  return OkStatus();
}

Status Delete(const Parts& parts, const Caller& caller, const pb::DeleteSnapshotsRequest& request,
              pb::DeleteSnapshotsResponse* response) {
  if (request.names().empty()) return InvalidArgument("name at least one snapshot");
  DROVER_ASSIGN_OR_RETURN(ClusterAtHand cluster, OpenCluster(parts, request.cluster()));
  std::vector<rollout::SnapshotView> snapshots;
  for (const std::string& name : request.names()) {
    DROVER_ASSIGN_OR_RETURN(rollout::SnapshotView snapshot, FindSnapshot(cluster, name));
    snapshots.push_back(std::move(snapshot));
    DROVER_RETURN_IF_ERROR(NotNeeded(parts, cluster.spec.name, name));
  }
  for (const rollout::SnapshotView& snapshot : snapshots) {
    const std::string& name = snapshot.name;
    const Status status = cluster.api->DeleteSnapshot(snapshot.repository, name);
    if (!status.ok()) {
      return Annotate(status, "deleted " + std::to_string(response->deleted_size()) + " of " +
                                  std::to_string(request.names_size()) + "; snapshot " + name);
    }
    rollout::Record event;
    event.kind = "snapshot.delete";
    event.text = caller.name + " deleted snapshot " + name + " of cluster " + cluster.spec.name;
    event.fields = {{"by", caller.name}, {"cluster", cluster.spec.name}, {"snapshot", name}};
    parts.coordinator->Append(event);
    response->add_deleted(name);
    DROVER_RETURN_IF_ERROR(DropRepositoryOf(cluster, snapshot, response));
  }
  return OkStatus();
}

}  // namespace

grpc::ServerWriteReactor<pb::CreateSnapshotResponse>* SnapshotService::CreateSnapshot(
    grpc::CallbackServerContext* context, const pb::CreateSnapshotRequest* request) {
  using Made = StatusOr<std::unique_ptr<Source<pb::CreateSnapshotResponse>>>;
  return Streaming<pb::CreateSnapshotRequest, pb::CreateSnapshotResponse>(
      desk_, context, request, "SnapshotService/CreateSnapshot",
      [this](const Caller&, const auto& question, const auto& stream) -> Made {
        DROVER_ASSIGN_OR_RETURN(ClusterAtHand cluster, OpenCluster(parts_, question.cluster()));
        const std::string name =
            question.name().empty() ? NameByTime(parts_.clock->Now()) : question.name();
        return BeginSnapshot(desk_, std::move(cluster), name, poll_, stream);
      });
}

grpc::ServerUnaryReactor* SnapshotService::GetSnapshot(grpc::CallbackServerContext* context,
                                                       const pb::GetSnapshotRequest* request,
                                                       pb::GetSnapshotResponse* response) {
  return Unary<pb::GetSnapshotRequest, pb::GetSnapshotResponse>(
      desk_, context, request, response, "SnapshotService/GetSnapshot",
      [this](const Caller&, const auto& question, auto* answer) {
        return rpc::ToGrpc(Get(parts_, question, answer->mutable_snapshot()));
      });
}

grpc::ServerUnaryReactor* SnapshotService::ListSnapshots(grpc::CallbackServerContext* context,
                                                         const pb::ListSnapshotsRequest* request,
                                                         pb::ListSnapshotsResponse* response) {
  return Unary<pb::ListSnapshotsRequest, pb::ListSnapshotsResponse>(
      desk_, context, request, response, "SnapshotService/ListSnapshots",
      [this](const Caller&, const auto& question, auto* answer) {
        return rpc::ToGrpc(List(parts_, question.cluster(), answer));
      });
}

grpc::ServerUnaryReactor* SnapshotService::VerifyRepository(
    grpc::CallbackServerContext* context, const pb::VerifyRepositoryRequest* request,
    pb::VerifyRepositoryResponse* response) {
  return Unary<pb::VerifyRepositoryRequest, pb::VerifyRepositoryResponse>(
      desk_, context, request, response, "SnapshotService/VerifyRepository",
      [this](const Caller&, const auto& question, auto* answer) {
        return rpc::ToGrpc(Verify(parts_, question.cluster(), answer));
      });
}

grpc::ServerUnaryReactor* SnapshotService::ListExpiredSnapshots(
    grpc::CallbackServerContext* context, const pb::ListExpiredSnapshotsRequest* request,
    pb::ListExpiredSnapshotsResponse* response) {
  return Unary<pb::ListExpiredSnapshotsRequest, pb::ListExpiredSnapshotsResponse>(
      desk_, context, request, response, "SnapshotService/ListExpiredSnapshots",
      [this](const Caller&, const auto& question, auto* answer) {
        return rpc::ToGrpc(ListExpired(parts_, question, answer));
      });
}

grpc::ServerUnaryReactor* SnapshotService::DeleteSnapshots(
    grpc::CallbackServerContext* context, const pb::DeleteSnapshotsRequest* request,
    pb::DeleteSnapshotsResponse* response) {
  return Unary<pb::DeleteSnapshotsRequest, pb::DeleteSnapshotsResponse>(
      desk_, context, request, response, "SnapshotService/DeleteSnapshots",
      [this](const Caller& caller, const auto& question, auto* answer) {
        return rpc::ToGrpc(Delete(parts_, caller, question, answer));
      });
}

grpc::ServerUnaryReactor* SnapshotService::PlanRestore(grpc::CallbackServerContext* context,
                                                       const pb::PlanRestoreRequest* request,
                                                       pb::PlanRestoreResponse* response) {
  return Unary<pb::PlanRestoreRequest, pb::PlanRestoreResponse>(
      desk_, context, request, response, "SnapshotService/PlanRestore",
      [this](const Caller&, const auto& question, auto* answer) {
        return rpc::ToGrpc(Preview(parts_, question, answer));
      });
}

grpc::ServerWriteReactor<pb::RestoreSnapshotResponse>* SnapshotService::RestoreSnapshot(
    grpc::CallbackServerContext* context, const pb::RestoreSnapshotRequest* request) {
  using Made = StatusOr<std::unique_ptr<Source<pb::RestoreSnapshotResponse>>>;
  return Streaming<pb::RestoreSnapshotRequest, pb::RestoreSnapshotResponse>(
      desk_, context, request, "SnapshotService/RestoreSnapshot",
      [this](const Caller& caller, const auto& question, const auto& stream) -> Made {
        return BeginRun(desk_, parts_, busy_, caller, question, poll_, stream);
      });
}

grpc::ServerWriteReactor<pb::ProveSnapshotResponse>* SnapshotService::ProveSnapshot(
    grpc::CallbackServerContext* context, const pb::ProveSnapshotRequest* request) {
  using Made = StatusOr<std::unique_ptr<Source<pb::ProveSnapshotResponse>>>;
  return Streaming<pb::ProveSnapshotRequest, pb::ProveSnapshotResponse>(
      desk_, context, request, "SnapshotService/ProveSnapshot",
      [this](const Caller& caller, const auto& question, const auto& stream) -> Made {
        return BeginRun(desk_, parts_, busy_, caller, question, poll_, stream);
      });
}

}  // namespace drover::api
