#include "controller/api/fleet_service.h"

#include <utility>

#include "controller/api/host_watch.h"
#include "controller/api/leftovers.h"
#include "controller/api/log_tail.h"
#include "controller/api/unary.h"

namespace drover::api {
namespace {

template <typename Response>
grpc::Status AnswerHost(const StatusOr<fleet::HostStatus>& host, Response* response) {
  if (!host.ok()) return rpc::ToGrpc(host.status());
  ToProto(*host, response->mutable_host());
  return grpc::Status::OK;
}

}  // namespace

void FleetService::Record(const std::string& kind, const std::string& host, const std::string& text,
                          const Caller& caller) {
  rollout::Record record;
  record.kind = kind;
  record.host = host;
  record.text = text;
  record.fields = {{"by", caller.name}, {"role", Name(caller.role)}};
  parts_.coordinator->Append(record);
}

grpc::ServerUnaryReactor* FleetService::GetController(grpc::CallbackServerContext* context,
                                                      const pb::GetControllerRequest* request,
                                                      pb::GetControllerResponse* response) {
  return Unary<pb::GetControllerRequest, pb::GetControllerResponse>(
      desk_, context, request, response, "FleetService/GetController",
      [this](const Caller&, const auto&, auto* answer) {
        answer->set_version(parts_.info.version);
        ToProto(parts_.info.started_at, answer->mutable_started_at());
        answer->set_epoch(parts_.info.epoch);
        answer->set_fleet(parts_.fleet->FleetName());
        answer->set_agent_address(parts_.info.agent_address);
        answer->set_data_folder(parts_.info.data_folder);
        return grpc::Status(grpc::Status::OK);
      });
}

grpc::ServerUnaryReactor* FleetService::ListHosts(grpc::CallbackServerContext* context,
                                                  const pb::ListHostsRequest* request,
                                                  pb::ListHostsResponse* response) {
  return Unary<pb::ListHostsRequest, pb::ListHostsResponse>(
      desk_, context, request, response, "FleetService/ListHosts",
      [this](const Caller&, const auto&, auto* answer) {
        for (const auto& host : parts_.fleet->ListHosts()) ToProto(host, answer->add_hosts());
        return grpc::Status(grpc::Status::OK);
      });
}

grpc::ServerUnaryReactor* FleetService::GetHost(grpc::CallbackServerContext* context,
                                                const pb::GetHostRequest* request,
                                                pb::GetHostResponse* response) {
  return Unary<pb::GetHostRequest, pb::GetHostResponse>(
      desk_, context, request, response, "FleetService/GetHost",
      [this](const Caller&, const auto& question, auto* answer) {
        return AnswerHost(parts_.fleet->GetHost(question.host()), answer);
      });
}

grpc::ServerWriteReactor<pb::WatchHostsResponse>* FleetService::WatchHosts(
    grpc::CallbackServerContext* context, const pb::WatchHostsRequest* request) {
  using Made = StatusOr<std::unique_ptr<Source<pb::WatchHostsResponse>>>;
  return Streaming<pb::WatchHostsRequest, pb::WatchHostsResponse>(
      desk_, context, request, "FleetService/WatchHosts",
      [this](const Caller&, const auto&, const auto& stream) -> Made {
        return MakeHostWatch(*parts_.fleet, stream);
      });
}

grpc::ServerUnaryReactor* FleetService::CreateJoinToken(grpc::CallbackServerContext* context,
                                                        const pb::CreateJoinTokenRequest* request,
                                                        pb::CreateJoinTokenResponse* response) {
  return Unary<pb::CreateJoinTokenRequest, pb::CreateJoinTokenResponse>(
      desk_, context, request, response, "FleetService/CreateJoinToken",
      [this](const Caller& caller, const auto& question, auto* answer) {
        if (question.has_ttl() && FromProto(question.ttl()) <= Millis(0)) {
          return rpc::ToGrpc(InvalidArgument(
              "a join token has to live for a while: expected between one minute and seven days"));
        }
        const Millis ttl = question.has_ttl() ? FromProto(question.ttl()) : Millis(0);
        const auto token = parts_.fleet->CreateToken(ttl);
        if (!token.ok()) return rpc::ToGrpc(token.status());
        Record("token.created", "",
               "a join token was made, valid until " + FormatTime(token->expires_at), caller);
        answer->set_token(token->token);
        ToProto(token->expires_at, answer->mutable_expires_at());
        answer->set_agent_address(parts_.info.agent_address);
        return grpc::Status(grpc::Status::OK);
      });
}

grpc::ServerUnaryReactor* FleetService::RevokeHost(grpc::CallbackServerContext* context,
                                                   const pb::RevokeHostRequest* request,
                                                   pb::RevokeHostResponse* response) {
  return Unary<pb::RevokeHostRequest, pb::RevokeHostResponse>(
      desk_, context, request, response, "FleetService/RevokeHost",
      [this](const Caller& caller, const auto& question, auto* answer) {
        const auto host = parts_.fleet->RevokeHost(question.host());
        if (host.ok()) {
          Record("host.revoked", host->view.name, host->view.name + " was revoked", caller);
        }
        return AnswerHost(host, answer);
      });
}

grpc::ServerUnaryReactor* FleetService::CordonHost(grpc::CallbackServerContext* context,
                                                   const pb::CordonHostRequest* request,
                                                   pb::CordonHostResponse* response) {
  return Unary<pb::CordonHostRequest, pb::CordonHostResponse>(
      desk_, context, request, response, "FleetService/CordonHost",
      [this](const Caller& caller, const auto& question, auto* answer) {
        const auto host = parts_.fleet->CordonHost(question.host());
        if (host.ok()) {
          Record("host.cordoned", host->view.name,
                 host->view.name + " was cordoned: it takes no new operation", caller);
        }
        return AnswerHost(host, answer);
      });
}

grpc::ServerUnaryReactor* FleetService::UncordonHost(grpc::CallbackServerContext* context,
                                                     const pb::UncordonHostRequest* request,
                                                     pb::UncordonHostResponse* response) {
  return Unary<pb::UncordonHostRequest, pb::UncordonHostResponse>(
      desk_, context, request, response, "FleetService/UncordonHost",
      [this](const Caller& caller, const auto& question, auto* answer) {
        const auto host = parts_.fleet->UncordonHost(question.host());
        if (host.ok()) {
          Record("host.uncordoned", host->view.name, host->view.name + " takes operations again",
                 caller);
        }
        return AnswerHost(host, answer);
      });
}

grpc::ServerWriteReactor<pb::TailLogResponse>* FleetService::TailLog(
    grpc::CallbackServerContext* context, const pb::TailLogRequest* request) {
  using Made = StatusOr<std::unique_ptr<Source<pb::TailLogResponse>>>;
  return Streaming<pb::TailLogRequest, pb::TailLogResponse>(
      desk_, context, request, "FleetService/TailLog",
      [this](const Caller&, const pb::TailLogRequest& question, const auto& stream) -> Made {
        return MakeLogTail(*parts_.fleet, *parts_.agents, question, stream);
      });
}

grpc::ServerUnaryReactor* FleetService::ListLeftovers(grpc::CallbackServerContext* context,
                                                      const pb::ListLeftoversRequest* request,
                                                      pb::ListLeftoversResponse* response) {
  return Unary<pb::ListLeftoversRequest, pb::ListLeftoversResponse>(
      desk_, context, request, response, "FleetService/ListLeftovers",
      [this](const Caller&, const auto& question, auto* answer) {
        return rpc::ToGrpc(api::ListLeftovers(parts_, question.cluster(), answer));
      });
}

grpc::ServerUnaryReactor* FleetService::RemoveLeftover(grpc::CallbackServerContext* context,
                                                       const pb::RemoveLeftoverRequest* request,
                                                       pb::RemoveLeftoverResponse* response) {
  return Unary<pb::RemoveLeftoverRequest, pb::RemoveLeftoverResponse>(
      desk_, context, request, response, "FleetService/RemoveLeftover",
      [this](const Caller& caller, const auto& question, auto* answer) {
        return api::RemoveLeftover(parts_, busy_, caller, question, answer);
      });
}

}  // namespace drover::api
