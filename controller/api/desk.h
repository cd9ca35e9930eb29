// What every control service shares: who calls, workers, and the calls that are open.
#ifndef DROVER_CONTROLLER_API_DESK_H_
#define DROVER_CONTROLLER_API_DESK_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/status.h"
#include "controller/api/authorize.h"
#include "controller/api/executor.h"

namespace drover::api {

// A call that has not ended. Stop may come at any time, from any thread, more than once.
class OpenCall {
 public:
  virtual ~OpenCall() = default;
  virtual void Stop(const grpc::Status& status) = 0;
};

using IdentifyFunction = std::function<StatusOr<Caller>(const grpc::CallbackServerContext&)>;

// Thread safe. Must outlive the server that serves the calls.
class Desk {
 public:
  // `identify` says who calls; it must not block.
  Desk(IdentifyFunction identify, int threads);

  // Authorize(context, role): the first thing each handler does. `rpc` is a key of RequiredRoles().
  StatusOr<Caller> Admit(const grpc::CallbackServerContext& context, const std::string& rpc);

  Executor& executor() { return executor_; }

  // What a call ends with where it is not taken.
  grpc::Status Refusal();

  // False where calls are refused: the call must end itself, with Refusal().
  bool Opened(const std::shared_ptr<OpenCall>& call);
  void Closed(const OpenCall* call);

  // Ends every open call with `why` and refuses new ones with it. Does not wait for the workers. Of
  // several calls the first one's `why` counts.
  void Refuse(const grpc::Status& why);

  // Refuses with UNAVAILABLE and joins the workers. Blocks as long as the jobs that run now.
  void Shutdown();

 private:
  const IdentifyFunction identify_;
  Executor executor_;
  std::mutex mutex_;
  std::map<const OpenCall*, std::weak_ptr<OpenCall>> open_;
  grpc::Status refusal_;  // not OK: calls are refused
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_DESK_H_
