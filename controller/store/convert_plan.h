// Plans as stored messages and back.
//
// A struct of the engine that gains a field needs it in three places: the .proto, both directions
// here, and tests/support/fields.h, whose compile error and round-trip test are the reminder.
#ifndef DROVER_CONTROLLER_STORE_CONVERT_PLAN_H_
#define DROVER_CONTROLLER_STORE_CONVERT_PLAN_H_

#include <google/protobuf/repeated_field.h>

#include <map>
#include <string>
#include <vector>

#include "controller/rollout/plan.h"
#include "controller/store/convert_enums.h"
#include "drover/store/v1/plan.pb.h"

namespace drover::store {

// `out` must be empty (new or cleared).
void ToProto(const rollout::Plan& plan, v1::Plan* out);
void ToProto(const rollout::CheckResult& check, v1::CheckResult* out);

rollout::Plan FromProto(const v1::Plan& stored, DecodeErrors* errors);
rollout::CheckResult FromProto(const v1::CheckResult& stored, DecodeErrors* errors);

// Helpers of both conversions.
inline std::vector<std::string> Strings(
    const google::protobuf::RepeatedPtrField<std::string>& stored) {
  return {stored.begin(), stored.end()};
}
inline void SetStrings(const std::vector<std::string>& from,
                       google::protobuf::RepeatedPtrField<std::string>* to) {
  for (const std::string& s : from) to->Add()->assign(s);
}
template <typename Value>
std::map<std::string, Value> StdMap(const google::protobuf::Map<std::string, Value>& stored) {
  return {stored.begin(), stored.end()};
}
template <typename Value>
void SetMap(const std::map<std::string, Value>& from,
            google::protobuf::Map<std::string, Value>* to) {
  for (const auto& [key, value] : from) (*to)[key] = value;
}

}  // namespace drover::store

#endif  // DROVER_CONTROLLER_STORE_CONVERT_PLAN_H_
