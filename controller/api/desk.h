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

  // What a call ends with where no worker can take it.
  grpc::Status Refusal();

  // False where the controller is stopping: the call must end itself.
  bool Opened(const std::shared_ptr<OpenCall>& call);
  void Closed(const OpenCall* call);

  // Ends every open call with UNAVAILABLE, refuses new ones and joins the workers. Blocks as long
  // as the jobs that run now.
  void Shutdown();

 private:
  const IdentifyFunction identify_;
  Executor executor_;
  std::mutex mutex_;
  std::map<const OpenCall*, std::weak_ptr<OpenCall>> open_;
  bool stopping_ = false;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_DESK_H_
