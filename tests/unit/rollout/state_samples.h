// Named states and events: what docs/state-machine.md speaks of, as structs.
#ifndef DROVER_TESTS_UNIT_ROLLOUT_STATE_SAMPLES_H_
#define DROVER_TESTS_UNIT_ROLLOUT_STATE_SAMPLES_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "controller/rollout/step.h"
#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout::testing {

struct Sample {
  Rollout rollout;
  World world;  // as it is then
  Time now{};
  int slot = 0;  // the member that it is about, or behind the last of them a companion
};

// The state of that member or companion.
const MemberState& Subject(const Rollout& rollout, int slot);

// By the name in the table's first column. Of a member: the first one of the plan, os-2, in
// ROLLING; of a companion the first, dash@h2.
const std::map<std::string, Sample>& RolloutSamples();
const std::map<std::string, Sample>& MemberSamples();

// An event made for a sample: where it answers an action, the one that is outstanding there; a
// sample without such an action gets one with an id of nobody, a late result.
struct NamedEvent {
  std::string name;
  std::function<EventBody(const Sample&)> make;
};

// In the order of EventBody's alternatives.
const std::vector<NamedEvent>& NamedEvents();

// "PutSettings"; of an operation its verb's name.
std::string NameOf(const Action& action);

}  // namespace drover::rollout::testing

#endif  // DROVER_TESTS_UNIT_ROLLOUT_STATE_SAMPLES_H_
