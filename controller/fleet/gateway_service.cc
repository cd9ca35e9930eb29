#include "controller/fleet/gateway_service.h"

#include "common/rpc/channel.h"
#include "controller/fleet/output_upload.h"

namespace drover::fleet {
namespace {

// Ends a unary call with the value or the error. `response` lives until Finish.
template <typename T>
void Answer(StatusOr<T> result, T* response, grpc::ServerUnaryReactor* reactor) {
  if (result.ok()) *response = *std::move(result);
  reactor->Finish(rpc::ToGrpc(result.status()));
}

Status TooOften(const std::string& what) {
  return MakeStatus(StatusCode::kResourceExhausted,
                    "too many " + what + " at once; try again in some seconds");
}

}  // namespace

grpc::ServerUnaryReactor* Gateway::Service::Enroll(grpc::CallbackServerContext* context,
                                                   const agent::v1::EnrollRequest* request,
                                                   agent::v1::EnrollResponse* response) {
  auto* reactor = context->DefaultReactor();
  if (!gateway_.enrolments_.Take(gateway_.clock_.Now())) {
    reactor->Finish(rpc::ToGrpc(TooOften("enrolments")));
    return reactor;
  }
  gateway_.records_.Run(
      [this, request, response, reactor] { Answer(gateway_.Enroll(*request), response, reactor); });
  return reactor;
}

grpc::ServerUnaryReactor* Gateway::Service::RenewCertificate(
    grpc::CallbackServerContext* context, const agent::v1::RenewCertificateRequest* request,
    agent::v1::RenewCertificateResponse* response) {
  auto* reactor = context->DefaultReactor();
  const auto host = gateway_.AuthorizeAgent(*context->auth_context());
  if (!host.ok()) {
    reactor->Finish(rpc::ToGrpc(host.status()));
    return reactor;
  }
  if (!gateway_.renewals_.Take(gateway_.clock_.Now())) {
    reactor->Finish(rpc::ToGrpc(TooOften("renewals")));
    return reactor;
  }
  gateway_.records_.Run([this, id = host->id, request, response, reactor] {
    Answer(gateway_.Renew(id, *request), response, reactor);
  });
  return reactor;
}

grpc::ServerBidiReactor<agent::v1::AgentMessage, agent::v1::ControllerMessage>*
Gateway::Service::Connect(grpc::CallbackServerContext* context) {
  return gateway_.Connect(context).get();  // owns itself until gRPC is done with it
}

grpc::ServerReadReactor<agent::v1::OutputChunk>* Gateway::Service::UploadOutput(
    grpc::CallbackServerContext* context, agent::v1::UploadOutputResponse*) {
  const auto host = gateway_.AuthorizeAgent(*context->auth_context());
  if (!host.ok()) {
    return OutputUpload::Refuse(host.status(), gateway_.queries_, gateway_.callbacks_);
  }
  return OutputUpload::Make(host->id, gateway_.queries_, gateway_.callbacks_);
}

}  // namespace drover::fleet
