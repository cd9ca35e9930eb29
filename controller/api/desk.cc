#include "controller/api/desk.h"

#include <utility>
#include <vector>

namespace drover::api {
namespace {

// More than this many calls waiting for a worker means that something hangs: refuse, don't hoard.
constexpr size_t kMaxJobs = 1000;

}  // namespace

Desk::Desk(IdentifyFunction identify, int threads)
    : identify_(std::move(identify)), executor_(threads, kMaxJobs) {}

StatusOr<Caller> Desk::Admit(const grpc::CallbackServerContext& context, const std::string& rpc) {
  DROVER_ASSIGN_OR_RETURN(const Caller caller, identify_(context));
  DROVER_RETURN_IF_ERROR(Authorize(caller, rpc));
  return caller;
}

grpc::Status Desk::Refusal() {
  const std::lock_guard lock(mutex_);
  if (!refusal_.ok()) return refusal_;
  return {grpc::StatusCode::RESOURCE_EXHAUSTED,
          "the controller has too many calls to answer; try again in a moment"};
}

bool Desk::Opened(const std::shared_ptr<OpenCall>& call) {
  const std::lock_guard lock(mutex_);
  if (!refusal_.ok()) return false;
  open_[call.get()] = call;
  return true;
}

void Desk::Closed(const OpenCall* call) {
  const std::lock_guard lock(mutex_);
  open_.erase(call);
}

void Desk::Refuse(const grpc::Status& why) {
  std::vector<std::shared_ptr<OpenCall>> calls;
  {
    const std::lock_guard lock(mutex_);
    if (!refusal_.ok()) return;
    refusal_ = why;
    for (const auto& [key, weak] : open_) {
      if (auto call = weak.lock()) calls.push_back(std::move(call));
    }
  }
  for (const auto& call : calls) call->Stop(why);
}

void Desk::Shutdown() {
  Refuse({grpc::StatusCode::UNAVAILABLE, "the controller is stopping"});
  executor_.Shutdown();
}

}  // namespace drover::api
