// From the controller's structs to the messages of drover.control.v1.
#ifndef DROVER_CONTROLLER_API_CONVERT_H_
#define DROVER_CONTROLLER_API_CONVERT_H_

#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "controller/driver/coordinator.h"
#include "controller/fleet/fleet_admin.h"
#include "controller/rollout/observation.h"
#include "controller/rollout/plan.h"
#include "controller/rollout/rollout.h"
#include "controller/store/rollout_store.h"
#include "drover/control/v1/cluster.pb.h"
#include "drover/control/v1/common.pb.h"
#include "drover/control/v1/event.pb.h"
#include "drover/control/v1/fleet.pb.h"
#include "drover/control/v1/rollout.pb.h"
#include "drover/control/v1/snapshot.pb.h"

namespace drover::api {

namespace pb = drover::control::v1;

void ToProto(Time time, google::protobuf::Timestamp* out);
void ToProto(Millis span, google::protobuf::Duration* out);
// Rounded down to whole milliseconds.
Millis FromProto(const google::protobuf::Duration& span);

// What --waive ID … --reason TEXT asks for, in the caller's name.
template <typename Request>
std::vector<rollout::Waiver> WaiversOf(const Request& request, const std::string& by) {
  std::vector<rollout::Waiver> waivers;
  for (const auto& check : request.waive()) waivers.push_back({check, request.waive_reason(), by});
  return waivers;
}

void ToProto(const rollout::CheckResult& check, pb::CheckResult* out);
void ToProto(const rollout::Wait& wait, pb::Wait* out);
void ToProto(const rollout::PlannedMember& member, pb::MemberRef* out);
void ToProto(const store::StoredRecord& record, pb::Event* out);
void ToProto(const rollout::Plan& plan, pb::Plan* out);
// `now` for what is left of the expected time.
void ToProto(const rollout::Rollout& rollout, Time now, pb::Rollout* out);
void ToProto(const rollout::SnapshotView& snapshot, pb::Snapshot* out);

void ToProto(const fleet::HostStatus& host, pb::Host* out);

// The status with an ErrorDetail beside the sentence where the refusal has a reason.
grpc::Status ToGrpc(const Status& status, const driver::Refusal& refusal);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_CONVERT_H_
