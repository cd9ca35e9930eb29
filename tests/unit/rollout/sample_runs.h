// Brings a harness to a named state and takes it as a sample.
#ifndef DROVER_TESTS_UNIT_ROLLOUT_SAMPLE_RUNS_H_
#define DROVER_TESTS_UNIT_ROLLOUT_SAMPLE_RUNS_H_

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "tests/unit/rollout/harness.h"
#include "tests/unit/rollout/state_samples.h"

namespace drover::rollout::testing {

using Condition = std::function<bool(const Harness&)>;

// The first outstanding action of kind A; null where there is none.
template <typename A>
const Outstanding* Find(const Rollout& rollout) {
  for (const Outstanding& o : rollout.outstanding) {
    if (std::holds_alternative<A>(o.action)) return &o;
  }
  return nullptr;
}

template <typename A>
bool Awaits(const Harness& h) {
  return Find<A>(h.rollout()) != nullptr;
}

inline Sample Take(const Harness& h, int slot = 0) { return {h.rollout(), h.Now(), h.now(), slot}; }

// Runs from the start until `condition` holds for the first time.
inline Sample Until(Harness& h, const Condition& condition, int slot = 0) {
  h.Ask(Request::kStart);
  h.Run([&] { return condition(h); });
  EXPECT_TRUE(condition(h));
  return Take(h, slot);
}

// state_samples_undo.cc
std::map<std::string, Sample> RolloutSamplesOfUndo();
std::map<std::string, Sample> MemberSamplesOfUndo();

// state_samples_kinds.cc
std::map<std::string, Sample> RolloutSamplesOfKinds();
std::map<std::string, Sample> MemberSamplesOfKinds();

}  // namespace drover::rollout::testing

#endif  // DROVER_TESTS_UNIT_ROLLOUT_SAMPLE_RUNS_H_
