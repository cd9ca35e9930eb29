// A controller for tests: a real gRPC server on a loopback port, driven by the test.
#ifndef DROVER_TESTS_UNIT_AGENT_SESSION_FAKE_CONTROLLER_H_
#define DROVER_TESTS_UNIT_AGENT_SESSION_FAKE_CONTROLLER_H_

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "drover/agent/v1/gateway.grpc.pb.h"

namespace drover::agent {

// How long a test waits for what must come.
inline constexpr std::chrono::seconds kPatience{20};

class FakeController final : public v1::AgentGateway::Service {
 public:
  using Messages = std::deque<v1::AgentMessage>;

  FakeController();
  ~FakeController() override;

  std::shared_ptr<grpc::Channel> NewChannel();

  // Settings for the connections to come.
  void SetWelcome(const v1::Welcome& welcome);
  // Refuses connections with this where it is not OK.
  void SetConnectStatus(const grpc::Status& status);

  // Waits for the n-th accepted connection (from 1) and returns its Hello.
  v1::Hello WaitHello(size_t n);
  // Takes received messages of all connections until one fits, and returns that one.
  v1::AgentMessage WaitMessage(const std::function<bool(const v1::AgentMessage&)>& fits);
  v1::OperationEvent WaitEvent(const std::string& operation_id, uint64_t sequence);
  v1::OperationEnd WaitEnd(const std::string& operation_id);
  // Everything that was received and not taken yet.
  Messages Take();

  // To the newest connection.
  void Send(const v1::ControllerMessage& message);
  void Order(const v1::StartOperation& order);
  void Acknowledge(const std::string& operation_id, uint64_t sequence);
  // Cuts the newest connection off.
  void Drop();

  // Chunks of UploadOutput; each call is ended by the controller after `chunks` of them.
  std::vector<v1::OutputChunk> WaitUpload(size_t chunks);
  void SetUploadLimit(size_t chunks);

  // Answers renewals and enrolments.
  std::function<grpc::Status(const v1::RenewCertificateRequest&, v1::RenewCertificateResponse*)>
      on_renew;
  std::function<grpc::Status(const v1::EnrollRequest&, v1::EnrollResponse*)> on_enroll;

 private:
  using Stream = grpc::ServerReaderWriter<v1::ControllerMessage, v1::AgentMessage>;

  grpc::Status Connect(grpc::ServerContext* context, Stream* stream) override;
  grpc::Status UploadOutput(grpc::ServerContext* context,
                            grpc::ServerReader<v1::OutputChunk>* reader,
                            v1::UploadOutputResponse* response) override;
  grpc::Status RenewCertificate(grpc::ServerContext* context,
                                const v1::RenewCertificateRequest* request,
                                v1::RenewCertificateResponse* response) override;
  grpc::Status Enroll(grpc::ServerContext* context, const v1::EnrollRequest* request,
                      v1::EnrollResponse* response) override;

  std::mutex mutex_;
  std::condition_variable changed_;
  v1::Welcome welcome_;
  grpc::Status connect_status_;
  std::vector<v1::Hello> hellos_;
  Messages received_;
  std::vector<v1::OutputChunk> chunks_;
  size_t upload_limit_ = 1'000'000;
  Stream* stream_ = nullptr;
  grpc::ServerContext* context_ = nullptr;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace drover::agent

#endif  // DROVER_TESTS_UNIT_AGENT_SESSION_FAKE_CONTROLLER_H_
