// The gRPC face of the gateway: reactors, no decisions.
#ifndef DROVER_CONTROLLER_FLEET_GATEWAY_SERVICE_H_
#define DROVER_CONTROLLER_FLEET_GATEWAY_SERVICE_H_

#include "controller/fleet/gateway.h"
#include "drover/agent/v1/gateway.grpc.pb.h"

namespace drover::fleet {

class Gateway::Service final : public agent::v1::AgentGateway::CallbackService {
 public:
  explicit Service(Gateway& gateway) : gateway_(gateway) {}

  grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* context,
                                   const agent::v1::EnrollRequest* request,
                                   agent::v1::EnrollResponse* response) override;
  grpc::ServerUnaryReactor* RenewCertificate(
      grpc::CallbackServerContext* context, const agent::v1::RenewCertificateRequest* request,
      agent::v1::RenewCertificateResponse* response) override;
  grpc::ServerBidiReactor<agent::v1::AgentMessage, agent::v1::ControllerMessage>* Connect(
      grpc::CallbackServerContext* context) override;
  grpc::ServerReadReactor<agent::v1::OutputChunk>* UploadOutput(
      grpc::CallbackServerContext* context, agent::v1::UploadOutputResponse* response) override;

 private:
  Gateway& gateway_;
};

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_GATEWAY_SERVICE_H_
