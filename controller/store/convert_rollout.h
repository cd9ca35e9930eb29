// A rollout's state and its records as stored messages and back (convert_plan.h has the rule for
// new fields).
#ifndef DROVER_CONTROLLER_STORE_CONVERT_ROLLOUT_H_
#define DROVER_CONTROLLER_STORE_CONVERT_ROLLOUT_H_

#include "controller/rollout/event.h"
#include "controller/rollout/rollout.h"
#include "controller/store/convert_enums.h"
#include "drover/store/v1/rollout.pb.h"

namespace drover::store {

// `out` must be empty (new or cleared). The plan and the checks are not part of it.
void ToProto(const rollout::Rollout& rollout, v1::RolloutState* out);
void ToProto(const rollout::Record& record, v1::Record* out);

// The result has no plan and no checks yet.
rollout::Rollout FromProto(const v1::RolloutState& stored, DecodeErrors* errors);
rollout::Record FromProto(const v1::Record& stored);

// The outbox's part of the conversion (convert_action.cc).
void ToProto(const rollout::Outstanding& outstanding, v1::Outstanding* out);
rollout::Outstanding FromProto(const v1::Outstanding& stored, DecodeErrors* errors);

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_CONVERT_ROLLOUT_H_
