// What tests ask of actions.
#ifndef DROVER_TESTS_UNIT_ROLLOUT_MATCHERS_H_
#define DROVER_TESTS_UNIT_ROLLOUT_MATCHERS_H_

#include <string>
#include <variant>

#include "controller/rollout/event.h"
#include "controller/rollout/rollout.h"

namespace drover::rollout::testing {

// The verb that `action` orders; null where it orders none or another one.
template <typename V>
const V* VerbOf(const Outstanding& action) {
  const auto* start = std::get_if<StartOperation>(&action.action);
  return start == nullptr ? nullptr : std::get_if<V>(&start->order.verb);
}

template <typename V>
bool Orders(const Outstanding& action) {
  return VerbOf<V>(action) != nullptr;
}

inline OperationEnded Fails(const Outstanding& action, OperationErrorCode code,
                            const std::string& message) {
  OperationEnd end;
  end.state = OperationState::kFailed;
  end.error = code;
  end.message = message;
  return {action.id, end};
}

}  // namespace drover::rollout::testing

#endif  // DROVER_TESTS_UNIT_ROLLOUT_MATCHERS_H_
