// The channel to the controller with a stub of each control service.
#ifndef DROVER_CONTROLLER_CLI_CONNECTION_H_
#define DROVER_CONTROLLER_CLI_CONNECTION_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "common/base/status.h"
#include "controller/cli/context.h"
#include "drover/control/v1/cluster.grpc.pb.h"
#include "drover/control/v1/event.grpc.pb.h"
#include "drover/control/v1/fleet.grpc.pb.h"
#include "drover/control/v1/index.grpc.pb.h"
#include "drover/control/v1/rehearsal.grpc.pb.h"
#include "drover/control/v1/rollout.grpc.pb.h"
#include "drover/control/v1/snapshot.grpc.pb.h"

namespace drover::cli {

namespace v1 = ::drover::control::v1;

// Thread safe. Opening it connects nothing yet: the first call does.
class Connection {
 public:
  // Errors: those of reading the certificate files.
  static StatusOr<std::unique_ptr<Connection>> Open(const Target& target);

  const Target& target() const { return target_; }
  grpc::Channel& channel() { return *channel_; }
  // False while no connection stands: then an UNAVAILABLE is not the controller's answer.
  bool IsUp() { return channel_->GetState(false) == GRPC_CHANNEL_READY; }
  // What to look at where the controller can't be reached: a sentence or two.
  std::string WhatToCheck() const;

  v1::FleetService::Stub& fleet() { return *fleet_; }
  v1::ClusterService::Stub& clusters() { return *clusters_; }
  v1::RolloutService::Stub& rollouts() { return *rollouts_; }
  v1::IndexService::Stub& indexes() { return *indexes_; }
  v1::SnapshotService::Stub& snapshots() { return *snapshots_; }
  v1::RehearsalService::Stub& rehearsals() { return *rehearsals_; }
  v1::EventService::Stub& events() { return *events_; }

 private:
  Connection(Target target, std::shared_ptr<grpc::Channel> channel);

  const Target target_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::FleetService::Stub> fleet_;
  const std::unique_ptr<v1::ClusterService::Stub> clusters_;
  const std::unique_ptr<v1::RolloutService::Stub> rollouts_;
  const std::unique_ptr<v1::IndexService::Stub> indexes_;
  const std::unique_ptr<v1::SnapshotService::Stub> snapshots_;
  const std::unique_ptr<v1::RehearsalService::Stub> rehearsals_;
  const std::unique_ptr<v1::EventService::Stub> events_;
};

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_CONNECTION_H_
