// Calls of a controller to the cluster over a network that fails, delays and forgets.
#ifndef DROVER_TESTS_SIMULATION_SIM_REST_H_
#define DROVER_TESTS_SIMULATION_SIM_REST_H_

#include <functional>
#include <string>

#include "controller/rollout/event.h"
#include "tests/simulation/sim_cluster.h"

namespace drover::simulation {

class SimRest {
 public:
  using Reply = std::function<void(rollout::EventBody)>;

  SimRest(Schedule& schedule, Random& random, SimCluster& cluster)
      : schedule_(schedule), random_(random), cluster_(cluster) {}

  struct Call {
    bool needs_manager = true;
    bool puts_settings = false;
    // At the cluster, when the call arrives; it may answer later.
    std::function<void(Reply)> execute;
    // The event that says why it failed.
    std::function<rollout::EventBody(const std::string&)> failed;
  };
  // `reply` is called once, however often the call is executed (not at all, once, or late).
  void Send(Call call, Reply reply);

  bool calls_fail = false, replies_lost = false, calls_late = false, calls_slow = false;
  bool settings_refused = false;

 private:
  Millis Latency() {
    return random_.Between(2, 20) + (calls_slow ? random_.Between(0, 5'000) : Millis(0));
  }
  void Arrive(const Call& call, const Reply& reply);

  Schedule& schedule_;
  Random& random_;
  SimCluster& cluster_;
};

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_SIM_REST_H_
