// How fast the controller reacts: from a step's cause (a process ended on its host, the cluster
// answered) to the start of the next action.
#ifndef DROVER_CONTROLLER_DRIVER_REACTIONS_H_
#define DROVER_CONTROLLER_DRIVER_REACTIONS_H_

#include <map>
#include <string>
#include <vector>

#include "common/base/ids.h"

namespace drover::driver {

class Reactions {
 public:
  void Add(const RolloutId& rollout, double milliseconds);
  // "reactions n=48 p50=1.2 ms p99=6.0 ms", and forgets the rollout's; empty where there were none.
  std::string TakeSummary(const RolloutId& rollout);

 private:
  std::map<RolloutId, std::vector<double>> samples_;
};

}  // namespace drover::driver

#endif  // DROVER_CONTROLLER_DRIVER_REACTIONS_H_
