// Identifiers as types of their own, so that a host is never passed where an operation is meant.
#ifndef DROVER_COMMON_BASE_IDS_H_
#define DROVER_COMMON_BASE_IDS_H_

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace drover {

template <typename Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string value) : value_(std::move(value)) {}
  const std::string& str() const { return value_; }
  bool empty() const { return value_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  std::string value_;
};

using RolloutId = Id<struct RolloutTag>;      // 8 hexadecimal digits
using PlanId = Id<struct PlanTag>;            // 8 hexadecimal digits; a rollout has its plan's
using OperationId = Id<struct OperationTag>;  // rollout/member/step/attempt
using HostId = Id<struct HostTag>;            // given at enrolment, never used again

}  // namespace drover

template <typename Tag>
struct std::hash<drover::Id<Tag>> {
  size_t operator()(const drover::Id<Tag>& id) const { return std::hash<std::string>()(id.str()); }
};

#endif  // DROVER_COMMON_BASE_IDS_H_
