#ifndef DROVER_CONTROLLER_API_REHEARSAL_SERVICE_H_
#define DROVER_CONTROLLER_API_REHEARSAL_SERVICE_H_

#include <optional>

#include "controller/api/busy_clusters.h"
#include "controller/api/desk.h"
#include "controller/api/parts.h"
#include "controller/api/rehearsal_run.h"
#include "drover/control/v1/rehearsal.grpc.pb.h"

namespace drover::api {

class RehearsalService final : public pb::RehearsalService::CallbackService {
 public:
  RehearsalService(Desk& desk, const Parts& parts, BusyClusters& busy,
                   const RehearsalLimits& limits = {})
      : desk_(desk), parts_(parts), busy_(busy), limits_(limits) {}

  grpc::ServerWriteReactor<pb::RehearseResponse>* Rehearse(
      grpc::CallbackServerContext* context, const pb::RehearseRequest* request) override;

 private:
  using Made = StatusOr<std::unique_ptr<Source<pb::RehearseResponse>>>;

  // Looks at everything and refuses what cannot be rehearsed; nothing is started by it.
  // `refusal` is set where the caller is to be told more than the status.
  StatusOr<rollout::RehearsalPlan> Plan(const std::string& id, const pb::RehearseRequest& request,
                                        std::optional<grpc::Status>* refusal);
  Made Begin(const Caller& caller, const pb::RehearseRequest& request,
             const std::shared_ptr<Stream<pb::RehearseResponse>>& stream);

  Desk& desk_;
  const Parts& parts_;
  BusyClusters& busy_;
  const RehearsalLimits limits_;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_REHEARSAL_SERVICE_H_
