// A controller that answers what a test tells it to, behind real gRPC on a unix socket.
#ifndef DROVER_TESTS_UNIT_CLI_FAKE_CONTROL_H_
#define DROVER_TESTS_UNIT_CLI_FAKE_CONTROL_H_

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "controller/cli/app.h"
#include "controller/cli/connection.h"

namespace drover::cli {

template <typename Request, typename Response>
using Answer = std::function<grpc::Status(const Request&, Response&)>;
template <typename Request, typename Response>
using Stream = std::function<grpc::Status(grpc::ServerContext*, const Request&,
                                          grpc::ServerWriter<Response>*)>;

// Counts each call; calls without an answer are UNIMPLEMENTED, as from a real server.
class FakeRollouts final : public v1::RolloutService::Service {
 public:
  std::atomic<int> calls = 0;
  Answer<v1::CreatePlanRequest, v1::CreatePlanResponse> create_plan;
  Answer<v1::GetPlanRequest, v1::GetPlanResponse> get_plan;
  Answer<v1::StartRolloutRequest, v1::StartRolloutResponse> start;
  Answer<v1::GetRolloutRequest, v1::GetRolloutResponse> get;
  Answer<v1::ListRolloutsRequest, v1::ListRolloutsResponse> list;
  Answer<v1::ResumeRolloutRequest, v1::ResumeRolloutResponse> resume;
  Answer<v1::AbortRolloutRequest, v1::AbortRolloutResponse> abort;
  Stream<v1::WatchRolloutRequest, v1::WatchRolloutResponse> watch;

  grpc::Status CreatePlan(grpc::ServerContext*, const v1::CreatePlanRequest* request,
                          v1::CreatePlanResponse* response) override {
    return Give(create_plan, *request, *response);
  }
  grpc::Status GetPlan(grpc::ServerContext*, const v1::GetPlanRequest* request,
                       v1::GetPlanResponse* response) override {
    return Give(get_plan, *request, *response);
  }
  grpc::Status StartRollout(grpc::ServerContext*, const v1::StartRolloutRequest* request,
                            v1::StartRolloutResponse* response) override {
    return Give(start, *request, *response);
  }
  grpc::Status GetRollout(grpc::ServerContext*, const v1::GetRolloutRequest* request,
                          v1::GetRolloutResponse* response) override {
    return Give(get, *request, *response);
  }
  grpc::Status ListRollouts(grpc::ServerContext*, const v1::ListRolloutsRequest* request,
                            v1::ListRolloutsResponse* response) override {
    return Give(list, *request, *response);
  }
  grpc::Status ResumeRollout(grpc::ServerContext*, const v1::ResumeRolloutRequest* request,
                             v1::ResumeRolloutResponse* response) override {
    return Give(resume, *request, *response);
  }
  grpc::Status AbortRollout(grpc::ServerContext*, const v1::AbortRolloutRequest* request,
                            v1::AbortRolloutResponse* response) override {
    return Give(abort, *request, *response);
  }
  grpc::Status WatchRollout(grpc::ServerContext* context, const v1::WatchRolloutRequest* request,
                            grpc::ServerWriter<v1::WatchRolloutResponse>* writer) override {
    ++calls;
    if (!watch) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "not told");
    return watch(context, *request, writer);
  }

 private:
  template <typename Request, typename Response>
  grpc::Status Give(const Answer<Request, Response>& answer, const Request& request,
                    Response& response) {
    ++calls;
    if (!answer) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "not told");
    return answer(request, response);
  }
};

class FakeFleet final : public v1::FleetService::Service {
 public:
  v1::ListHostsResponse hosts;
  v1::CreateJoinTokenResponse token;
  std::vector<v1::TailLogResponse> log;
  v1::TailLogRequest log_request;
  std::atomic<int> revoked = 0;
  v1::ListLeftoversRequest leftovers_request;
  v1::ListLeftoversResponse leftovers;
  v1::RemoveLeftoverRequest removal;

  grpc::Status GetController(grpc::ServerContext*, const v1::GetControllerRequest*,
                             v1::GetControllerResponse* response) override {
    response->set_version("0.1.0");
    return grpc::Status::OK;
  }
  grpc::Status ListHosts(grpc::ServerContext*, const v1::ListHostsRequest*,
                         v1::ListHostsResponse* response) override {
    *response = hosts;
    return grpc::Status::OK;
  }
  grpc::Status GetHost(grpc::ServerContext*, const v1::GetHostRequest* request,
                       v1::GetHostResponse*) override {
    return grpc::Status(grpc::StatusCode::NOT_FOUND,
                        "no host `" + request->host() + "`; there is h1, h2");
  }
  grpc::Status CreateJoinToken(grpc::ServerContext*, const v1::CreateJoinTokenRequest* request,
                               v1::CreateJoinTokenResponse* response) override {
    token_ttl = request->ttl().seconds();
    *response = token;
    return grpc::Status::OK;
  }
  grpc::Status RevokeHost(grpc::ServerContext*, const v1::RevokeHostRequest* request,
                          v1::RevokeHostResponse* response) override {
    ++revoked;
    response->mutable_host()->set_name(request->host());
    return grpc::Status::OK;
  }
  grpc::Status ListLeftovers(grpc::ServerContext*, const v1::ListLeftoversRequest* request,
                             v1::ListLeftoversResponse* response) override {
    leftovers_request = *request;
    *response = leftovers;
    return grpc::Status::OK;
  }
  grpc::Status RemoveLeftover(grpc::ServerContext*, const v1::RemoveLeftoverRequest* request,
                              v1::RemoveLeftoverResponse*) override {
    removal = *request;
    return grpc::Status::OK;
  }
  grpc::Status TailLog(grpc::ServerContext*, const v1::TailLogRequest* request,
                       grpc::ServerWriter<v1::TailLogResponse>* writer) override {
    log_request = *request;
    for (const v1::TailLogResponse& part : log) writer->Write(part);
    return grpc::Status::OK;
  }

  std::atomic<int64_t> token_ttl = 0;
};

class FakeClusters final : public v1::ClusterService::Service {
 public:
  v1::ListClustersResponse clusters;
  v1::DiscoverClustersResponse discovered;
  v1::CheckClusterResponse checks;
  v1::ListChecksResponse definitions;
  grpc::Status apply_status;
  v1::ApplyClusterRequest applied;

  grpc::Status ListClusters(grpc::ServerContext*, const v1::ListClustersRequest*,
                            v1::ListClustersResponse* response) override {
    *response = clusters;
    return grpc::Status::OK;
  }
  grpc::Status DiscoverClusters(grpc::ServerContext*, const v1::DiscoverClustersRequest*,
                                v1::DiscoverClustersResponse* response) override {
    *response = discovered;
    return grpc::Status::OK;
  }
  grpc::Status CheckCluster(grpc::ServerContext*, const v1::CheckClusterRequest*,
                            v1::CheckClusterResponse* response) override {
    *response = checks;
    return grpc::Status::OK;
  }
  grpc::Status ListChecks(grpc::ServerContext*, const v1::ListChecksRequest*,
                          v1::ListChecksResponse* response) override {
    *response = definitions;
    return grpc::Status::OK;
  }
  grpc::Status ApplyCluster(grpc::ServerContext*, const v1::ApplyClusterRequest* request,
                            v1::ApplyClusterResponse* response) override {
    applied = *request;
    response->set_created(true);
    response->mutable_cluster()->set_name("search-prod");
    return apply_status;
  }
};

class FakeIndexes final : public v1::IndexService::Service {
 public:
  Answer<v1::ListIndexesRequest, v1::ListIndexesResponse> list;
  Stream<v1::ReindexIndexesRequest, v1::ReindexIndexesResponse> reindex;

  grpc::Status ListIndexes(grpc::ServerContext*, const v1::ListIndexesRequest* request,
                           v1::ListIndexesResponse* response) override {
    return list(*request, *response);
  }
  grpc::Status ReindexIndexes(grpc::ServerContext* context,
                              const v1::ReindexIndexesRequest* request,
                              grpc::ServerWriter<v1::ReindexIndexesResponse>* writer) override {
    return reindex(context, *request, writer);
  }
};

class FakeSnapshots final : public v1::SnapshotService::Service {
 public:
  std::vector<v1::Snapshot> progress;
  v1::VerifyRepositoryResponse verified;

  grpc::Status CreateSnapshot(grpc::ServerContext*, const v1::CreateSnapshotRequest*,
                              grpc::ServerWriter<v1::CreateSnapshotResponse>* writer) override {
    for (const v1::Snapshot& snapshot : progress) {
      v1::CreateSnapshotResponse response;
      *response.mutable_snapshot() = snapshot;
      writer->Write(response);
    }
    return grpc::Status::OK;
  }
  grpc::Status VerifyRepository(grpc::ServerContext*, const v1::VerifyRepositoryRequest*,
                                v1::VerifyRepositoryResponse* response) override {
    *response = verified;
    return grpc::Status::OK;
  }

  v1::PlanRestoreResponse restore_plan;
  grpc::Status plan_status, restore_status;
  std::vector<v1::RestoreProgress> steps;  // of a restore or a proof
  std::optional<v1::RestoreSnapshotRequest> restored;
  v1::ListExpiredSnapshotsRequest expired_request;
  v1::ListExpiredSnapshotsResponse expired;
  v1::DeleteSnapshotsRequest deleted;

  grpc::Status PlanRestore(grpc::ServerContext*, const v1::PlanRestoreRequest*,
                           v1::PlanRestoreResponse* response) override {
    *response = restore_plan;
    return plan_status;
  }
  grpc::Status RestoreSnapshot(grpc::ServerContext*, const v1::RestoreSnapshotRequest* request,
                               grpc::ServerWriter<v1::RestoreSnapshotResponse>* writer) override {
    restored = *request;
    for (const v1::RestoreProgress& step : steps) {
      v1::RestoreSnapshotResponse response;
      *response.mutable_progress() = step;
      writer->Write(response);
    }
    return restore_status;
  }
  grpc::Status ProveSnapshot(grpc::ServerContext*, const v1::ProveSnapshotRequest*,
                             grpc::ServerWriter<v1::ProveSnapshotResponse>* writer) override {
    for (const v1::RestoreProgress& step : steps) {
      v1::ProveSnapshotResponse response;
      *response.mutable_progress() = step;
      writer->Write(response);
    }
    return restore_status;
  }
  grpc::Status ListExpiredSnapshots(grpc::ServerContext*,
                                    const v1::ListExpiredSnapshotsRequest* request,
                                    v1::ListExpiredSnapshotsResponse* response) override {
    expired_request = *request;
    *response = expired;
    return grpc::Status::OK;
  }
  grpc::Status DeleteSnapshots(grpc::ServerContext*, const v1::DeleteSnapshotsRequest* request,
                               v1::DeleteSnapshotsResponse* response) override {
    deleted = *request;
    *response->mutable_deleted() = request->names();
    return grpc::Status::OK;
  }
};

class FakeRehearsals final : public v1::RehearsalService::Service {
 public:
  v1::RehearseRequest asked;
  std::vector<v1::RehearseResponse> steps;
  grpc::Status status;

  grpc::Status Rehearse(grpc::ServerContext*, const v1::RehearseRequest* request,
                        grpc::ServerWriter<v1::RehearseResponse>* writer) override {
    asked = *request;
    for (const v1::RehearseResponse& step : steps) writer->Write(step);
    return status;
  }
};

class FakeEvents final : public v1::EventService::Service {
 public:
  Answer<v1::ListEventsRequest, v1::ListEventsResponse> list;
  Stream<v1::WatchEventsRequest, v1::WatchEventsResponse> watch;

  grpc::Status ListEvents(grpc::ServerContext*, const v1::ListEventsRequest* request,
                          v1::ListEventsResponse* response) override {
    return list(*request, *response);
  }
  grpc::Status WatchEvents(grpc::ServerContext* context, const v1::WatchEventsRequest* request,
                           grpc::ServerWriter<v1::WatchEventsResponse>* writer) override {
    return watch(context, *request, writer);
  }
};

// A status that carries `detail` as the control API does.
grpc::Status WithDetail(grpc::StatusCode code, const std::string& message,
                        const v1::ErrorDetail& detail);

struct Result {
  Exit exit;
  std::string out;
  std::string err;
};

// Runs `drover` in this process against the fakes, in a folder of its own. Without a terminal,
// until a test says otherwise.
class CliTest : public testing::Test {
 protected:
  CliTest();
  ~CliTest() override;

  void StartServer();
  void StopServer();
  // The socket is chosen by DROVER_ADDRESS.
  Result Run(const std::vector<std::string>& arguments);
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  FakeRollouts rollouts_;
  FakeFleet fleet_;
  FakeClusters clusters_;
  FakeIndexes indexes_;
  FakeSnapshots snapshots_;
  FakeRehearsals rehearsals_;
  FakeEvents events_;
  SystemClock clock_;
  Interrupts interrupts_;
  std::istringstream in_;
  std::map<std::string, std::string> variables_;
  Environment env_{};

 private:
  std::string folder_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace drover::cli

#endif  // DROVER_TESTS_UNIT_CLI_FAKE_CONTROL_H_
