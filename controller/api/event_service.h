#ifndef DROVER_CONTROLLER_API_EVENT_SERVICE_H_
#define DROVER_CONTROLLER_API_EVENT_SERVICE_H_

#include "controller/api/convert.h"
#include "controller/api/desk.h"
#include "controller/api/parts.h"
#include "drover/control/v1/event.grpc.pb.h"

namespace drover::api {

class EventService final : public pb::EventService::CallbackService {
 public:
  EventService(Desk& desk, const Parts& parts) : desk_(desk), parts_(parts) {}

  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context,
                                       const pb::ListEventsRequest* request,
                                       pb::ListEventsResponse* response) override;
  grpc::ServerWriteReactor<pb::WatchEventsResponse>* WatchEvents(
      grpc::CallbackServerContext* context, const pb::WatchEventsRequest* request) override;

 private:
  Desk& desk_;
  const Parts& parts_;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_EVENT_SERVICE_H_
