// The control services of drover.control.v1, ready to be registered with a gRPC server.
#ifndef DROVER_CONTROLLER_API_CONTROL_SERVER_H_
#define DROVER_CONTROLLER_API_CONTROL_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <vector>

#include "controller/api/desk.h"
#include "controller/api/parts.h"

namespace drover::api {

// Serves FleetService, ClusterService, RolloutService, IndexService, SnapshotService,
// RehearsalService and EventService with the callback API. The services may be registered with
// several servers at once: the unix socket's and the TLS port's.
//
// To stop: Shutdown(), then grpc::Server::Shutdown on each server, then destroy this, then the
// parts.
class ControlServer {
 public:
  // What `parts` points to must outlive this object. `identify` is for tests; the default is
  // IdentifyCaller with the fleet's name.
  explicit ControlServer(const Parts& parts, IdentifyFunction identify = nullptr);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // Owned by this object, which must outlive the servers.
  std::vector<grpc::Service*> Services();

  // Ends every open call with `why` and refuses new ones with it: another controller commands.
  void Refuse(const Status& why);

  // Ends every open call with UNAVAILABLE "the controller is stopping", refuses new ones and joins
  // the workers; blocks as long as what they do now takes. May be called again.
  void Shutdown();

 private:
  struct Rooms;
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_CONTROL_SERVER_H_
