#include "tests/unit/agent/session/fake_controller.h"

#include <gtest/gtest.h>

namespace drover::agent {

FakeController::FakeController() {
  welcome_.set_epoch(1);
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

FakeController::~FakeController() { server_->Shutdown(std::chrono::system_clock::now()); }

std::shared_ptr<grpc::Channel> FakeController::NewChannel() {
  return server_->InProcessChannel({});
}

void FakeController::SetWelcome(const v1::Welcome& welcome) {
  std::lock_guard lock(mutex_);
  welcome_ = welcome;
}

void FakeController::SetConnectStatus(const grpc::Status& status) {
  std::lock_guard lock(mutex_);
  connect_status_ = status;
}

v1::Hello FakeController::WaitHello(size_t n) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return hellos_.size() >= n; })) {
    ADD_FAILURE() << "no connection " << n;
    return {};
  }
  return hellos_[n - 1];
}

v1::AgentMessage FakeController::WaitMessage(
    const std::function<bool(const v1::AgentMessage&)>& fits) {
  std::unique_lock lock(mutex_);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    while (!received_.empty()) {
      const v1::AgentMessage message = std::move(received_.front());
      received_.pop_front();
      if (fits(message)) return message;
    }
    if (changed_.wait_until(lock, until) == std::cv_status::timeout) {
      ADD_FAILURE() << "the message did not come";
      return {};
    }
  }
}

v1::OperationEvent FakeController::WaitEvent(const std::string& operation_id, uint64_t sequence) {
  return WaitMessage([&](const v1::AgentMessage& message) {
           return message.operation_event().operation_id() == operation_id &&
                  message.operation_event().sequence() == sequence;
         })
      .operation_event();
}

v1::OperationEnd FakeController::WaitEnd(const std::string& operation_id) {
  return WaitMessage([&](const v1::AgentMessage& message) {
           return message.operation_event().operation_id() == operation_id &&
                  message.operation_event().has_end();
         })
      .operation_event()
      .end();
}

FakeController::Messages FakeController::Take() {
  std::lock_guard lock(mutex_);
  return std::exchange(received_, {});
}

void FakeController::Send(const v1::ControllerMessage& message) {
  std::lock_guard lock(mutex_);
  ASSERT_NE(stream_, nullptr);
  EXPECT_TRUE(stream_->Write(message));
}

void FakeController::Order(const v1::StartOperation& order) {
  v1::ControllerMessage message;
  *message.mutable_start_operation() = order;
  Send(message);
}

void FakeController::Acknowledge(const std::string& operation_id, uint64_t sequence) {
  v1::ControllerMessage message;
  auto* ack = message.mutable_ack_events()->add_acks();
  ack->set_operation_id(operation_id);
  ack->set_sequence(sequence);
  Send(message);
}

void FakeController::Drop() {
  std::lock_guard lock(mutex_);
  if (context_ != nullptr) context_->TryCancel();
}

void FakeController::SetUploadLimit(size_t chunks) {
  std::lock_guard lock(mutex_);
  upload_limit_ = chunks;
}

std::vector<v1::OutputChunk> FakeController::WaitUpload(size_t chunks) {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return chunks_.size() >= chunks; }));
  return chunks_;
}

grpc::Status FakeController::Connect(grpc::ServerContext* context, Stream* stream) {
  v1::AgentMessage message;
  if (!stream->Read(&message)) return grpc::Status::CANCELLED;
  {
    std::lock_guard lock(mutex_);
    if (!connect_status_.ok()) {
      hellos_.push_back(message.hello());
      changed_.notify_all();
      return connect_status_;
    }
    v1::ControllerMessage welcome;
    *welcome.mutable_welcome() = welcome_;
    stream->Write(welcome);
    stream_ = stream;
    context_ = context;
    hellos_.push_back(message.hello());
    changed_.notify_all();
  }
  while (stream->Read(&message)) {
    std::lock_guard lock(mutex_);
    received_.push_back(message);
    changed_.notify_all();
  }
  std::lock_guard lock(mutex_);
  if (stream_ == stream) {
    stream_ = nullptr;
    context_ = nullptr;
  }
  return grpc::Status::OK;
}

grpc::Status FakeController::UploadOutput(grpc::ServerContext*,
                                          grpc::ServerReader<v1::OutputChunk>* reader,
                                          v1::UploadOutputResponse*) {
  v1::OutputChunk chunk;
  size_t count = 0;
  while (reader->Read(&chunk)) {
    std::lock_guard lock(mutex_);
    chunks_.push_back(chunk);
    changed_.notify_all();
    if (++count >= upload_limit_) break;
  }
  return grpc::Status::OK;
}

grpc::Status FakeController::RenewCertificate(grpc::ServerContext*,
                                              const v1::RenewCertificateRequest* request,
                                              v1::RenewCertificateResponse* response) {
  return on_renew ? on_renew(*request, response) : grpc::Status(grpc::StatusCode::INTERNAL, "no");
}

grpc::Status FakeController::Enroll(grpc::ServerContext*, const v1::EnrollRequest* request,
                                    v1::EnrollResponse* response) {
  return on_enroll ? on_enroll(*request, response) : grpc::Status(grpc::StatusCode::INTERNAL, "no");
}

}  // namespace drover::agent
