// A unary handler whose work is done by a worker thread.
#ifndef DROVER_CONTROLLER_API_UNARY_H_
#define DROVER_CONTROLLER_API_UNARY_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "common/rpc/channel.h"
#include "controller/api/desk.h"

namespace drover::api {

// The call may end (cancel, shutdown) while its worker is still at it; the worker therefore has
// its own copies of the messages, and what it finds out too late is dropped.
template <typename Request, typename Response>
class UnaryCall final : public OpenCall {
 public:
  UnaryCall(Desk& desk, const Request& request, Response* response)
      : desk_(desk), request_(request), response_(response) {}

  // The reactor to hand to gRPC. It deletes itself; it keeps `call` alive.
  static grpc::ServerUnaryReactor* React(const std::shared_ptr<UnaryCall>& call) {
    call->reactor_ = new Reactor(call);
    return call->reactor_;
  }

  const Request& request() const { return request_; }
  bool ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

  void End(const grpc::Status& status, Response* answer = nullptr) {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      ended_ = true;
      if (answer != nullptr && status.ok()) response_->Swap(answer);
    }
    reactor_->Finish(status);
  }

  void Stop(const grpc::Status& status) override { End(status); }

 private:
  class Reactor final : public grpc::ServerUnaryReactor {
   public:
    explicit Reactor(std::shared_ptr<UnaryCall> call) : call_(std::move(call)) {}
    void OnCancel() override { call_->End(grpc::Status::CANCELLED); }
    void OnDone() override {
      call_->desk_.Closed(call_.get());
      delete this;
    }

   private:
    const std::shared_ptr<UnaryCall> call_;
  };

  Desk& desk_;
  const Request request_;
  Response* const response_;    // gRPC's; valid until the call ended
  Reactor* reactor_ = nullptr;  // valid until the call ended
  mutable std::mutex mutex_;
  bool ended_ = false;
};

// Answers a call: admits the caller, then runs `work` on a worker. `work` may block.
template <typename Request, typename Response>
grpc::ServerUnaryReactor* Unary(
    Desk& desk, grpc::CallbackServerContext* context, const Request* request, Response* response,
    const std::string& rpc,
    std::function<grpc::Status(const Caller&, const Request&, Response*)> work) {
  const StatusOr<Caller> caller = desk.Admit(*context, rpc);
  auto call = std::make_shared<UnaryCall<Request, Response>>(desk, *request, response);
  grpc::ServerUnaryReactor* const reactor = UnaryCall<Request, Response>::React(call);
  if (!caller.ok()) {
    call->End(rpc::ToGrpc(caller.status()));
    return reactor;
  }
  const bool taken = desk.Opened(call) && desk.executor().Post([call, caller = *caller, work] {
    if (call->ended()) return;
    Response answer;
    const grpc::Status status = work(caller, call->request(), &answer);
    call->End(status, &answer);
  });
  if (!taken) call->End(desk.Refusal());
  return reactor;
}

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_UNARY_H_
