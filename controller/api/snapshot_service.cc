#include "controller/api/snapshot_service.h"

#include <algorithm>
#include <utility>

#include "controller/api/snapshots.h"
#include "controller/api/unary.h"
#include "controller/api/words.h"

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
                          cluster.api->GetSnapshot(cluster.repository(), request.name()));
  if (!snapshot.state.empty()) {
    ToProto(snapshot, out);
    return OkStatus();
  }
  std::vector<std::string> names;
  if (const auto others = cluster.api->ListSnapshots(cluster.repository()); others.ok()) {
    for (const auto& other : *others) names.push_back(other.name);
  }
  return NotFound("repository " + cluster.repository() + " has no snapshot '" + request.name() +
                  "': " + WhatExists(names));
}

Status List(const Parts& parts, const std::string& name, pb::ListSnapshotsResponse* response) {
  DROVER_ASSIGN_OR_RETURN(ClusterAtHand cluster, OpenCluster(parts, name));
  DROVER_ASSIGN_OR_RETURN(const auto snapshots, cluster.api->ListSnapshots(cluster.repository()));
  for (const auto& snapshot : snapshots) ToProto(snapshot, response->add_snapshots());
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
  for (const auto& missing : MissingNodes(nodes, verified)) response->add_missing_nodes(missing);
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

grpc::ServerUnaryReactor* SnapshotService::RestoreSnapshot(
    grpc::CallbackServerContext* context, const pb::RestoreSnapshotRequest* request,
    pb::RestoreSnapshotResponse* response) {
  return Unary<pb::RestoreSnapshotRequest, pb::RestoreSnapshotResponse>(
      desk_, context, request, response, "SnapshotService/RestoreSnapshot",
      [](const Caller&, const auto& question, auto*) {
        return grpc::Status(grpc::StatusCode::UNIMPLEMENTED,
                            "this version of Drover does not restore snapshots: restore " +
                                question.name() + " with OpenSearch's own _restore call");
      });
}

}  // namespace drover::api
