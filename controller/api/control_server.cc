#include "controller/api/control_server.h"

#include <utility>

#include "common/rpc/channel.h"
#include "controller/api/cluster_service.h"
#include "controller/api/event_service.h"
#include "controller/api/fleet_service.h"
#include "controller/api/index_service.h"
#include "controller/api/rehearsal_service.h"
#include "controller/api/rollout_service.h"
#include "controller/api/snapshot_service.h"

namespace drover::api {
namespace {

// Most workers wait: for a cluster, a host, the disk.
constexpr int kThreads = 12;

IdentifyFunction ByCertificate(fleet::FleetAdmin* fleet) {
  return [name = fleet->FleetName()](const grpc::CallbackServerContext& context) {
    return IdentifyCaller(name, context);
  };
}

}  // namespace

struct ControlServer::Rooms {
  Rooms(const Parts& the_parts, IdentifyFunction identify)
      : parts(the_parts), desk(std::move(identify), kThreads) {}

  const Parts parts;
  Desk desk;
  BusyClusters busy;
  FleetService fleet{desk, parts, busy};
  ClusterService clusters{desk, parts};
  RolloutService rollouts{desk, parts, busy};
  IndexService indexes{desk, parts, busy};
  SnapshotService snapshots{desk, parts, busy};
  RehearsalService rehearsals{desk, parts, busy};
  EventService events{desk, parts};
};

ControlServer::ControlServer(const Parts& parts, IdentifyFunction identify)
    : rooms_(std::make_unique<Rooms>(
          parts, identify ? std::move(identify) : ByCertificate(parts.fleet))) {}

ControlServer::~ControlServer() { Shutdown(); }

std::vector<grpc::Service*> ControlServer::Services() {
  return {&rooms_->fleet,  &rooms_->clusters, &rooms_->rollouts,  &rooms_->snapshots,
          &rooms_->events, &rooms_->indexes,  &rooms_->rehearsals};
}

void ControlServer::Refuse(const Status& why) { rooms_->desk.Refuse(rpc::ToGrpc(why)); }

void ControlServer::Shutdown() {
  rooms_->desk.Shutdown();
  rooms_->clusters.Shutdown();
}

}  // namespace drover::api
