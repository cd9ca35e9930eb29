// Between the agent protocol's messages and the engine's structs.
#ifndef DROVER_CONTROLLER_FLEET_CONVERT_H_
#define DROVER_CONTROLLER_FLEET_CONVERT_H_

#include <cstdint>

#include "common/base/status.h"
#include "controller/fleet/agents.h"
#include "controller/rollout/operation.h"
#include "drover/agent/v1/gateway.pb.h"

namespace drover::fleet {

google::protobuf::Timestamp ToProto(Time time);
google::protobuf::Duration ToProto(Millis span);
Time FromProto(const google::protobuf::Timestamp& time);
Millis FromProto(const google::protobuf::Duration& span);

agent::v1::StartOperation ToProto(const rollout::OperationOrder& order, uint64_t epoch);

// States and codes that this controller does not know (of a newer agent) become kFailed for an end,
// kRunning else, and kInternal.
OperationEvent FromProto(const agent::v1::OperationEvent& event);
rollout::OperationEnd FromProto(const agent::v1::OperationEnd& end);

// `clock_offset` is the host's clock less the controller's: times come out as the controller's.
rollout::ProjectView FromProto(const agent::v1::Project& project, Millis clock_offset);

// Why a query failed, said of `host`.
Status ErrorOf(const agent::v1::OperationError& error, const std::string& host);

// What the agent said of itself. The parts of a report that `hello` brings go in by ApplyReport.
void ApplyHello(const agent::v1::Hello& hello, rollout::HostView* view);
// `now` is the controller's time at the report's arrival.
void ApplyReport(const agent::v1::HostReport& report, Time now, rollout::HostView* view);

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_CONVERT_H_
