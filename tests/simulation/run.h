// One run in progress; what simulation.cc and run_faults.cc share.
#ifndef DROVER_TESTS_SIMULATION_RUN_H_
#define DROVER_TESTS_SIMULATION_RUN_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controller/store/store.h"
#include "tests/simulation/sim_controller.h"
#include "tests/simulation/simulation.h"

namespace drover::simulation {

// Where every run of this thread keeps its rollouts. Valid until the next call.
store::Store& StoreFor(const Scenario& scenario);

class Simulation {
 public:
  // `scenario` outlives it.
  Simulation(const Scenario& scenario, bool with_history)
      : scenario_(scenario),
        with_history_(with_history),
        schedule_(start_),
        random_(scenario.seed),
        cluster_(schedule_, random_, {scenario.members, scenario.managers}, kOldVersion,
                 scenario.unreplicated_index, SetBefore(scenario)),
        promises_(schedule_, cluster_),
        rest_(schedule_, random_, cluster_),
        network_(schedule_, random_),
        around_{schedule_, random_, cluster_,  rest_,
                network_,  hosts_,  promises_, [this](const std::string& line) { Tell(line); }},
        first_("controller", around_, StoreFor(scenario)) {
    for (int i = 0; i < scenario.members; ++i) AddHost(i);
  }

  Outcome Run();

 private:
  static std::map<std::string, std::string> SetBefore(const Scenario& scenario) {
    if (!scenario.allocation_was_set) return {};
    return {{"cluster.routing.allocation.enable", "all"}};
  }
  std::string NewVersion() const { return scenario_.major ? kNewMajorVersion : kNewVersion; }
  void AddHost(int i);
  void Tell(const std::string& line);
  void Plan();
  void ScheduleFaults();
  void Begin(const Fault& fault);
  void Finish(const Fault& fault);
  void StartSecond();
  void Calm();
  bool OperatorWaits();
  void OperatorStarts();
  void OperatorLooks();
  void CheckSuccess();
  void CheckUndisturbed();
  void CheckEnd();
  // The one that is in charge: it has the highest epoch.
  SimController& Active() {
    const bool second =
        second_ && !second_->stopped() && (first_.stopped() || second_->epoch() > first_.epoch());
    return second ? *second_ : first_;
  }
  bool Ended() { return rollout::HasEnded(Active().rollout().phase); }
  SimHost& host(const Fault& fault) { return *hosts_[static_cast<size_t>(fault.host)]; }
  SimAgent& agent(const Fault& fault) { return *agents_[static_cast<size_t>(fault.host)]; }

  const Time start_ = FromUnixMillis(1'700'000'000'000);
  const Scenario& scenario_;
  bool with_history_;
  Schedule schedule_;
  Random random_;
  SimCluster cluster_;
  Promises promises_;
  SimRest rest_;
  SimNetwork network_;
  std::vector<std::unique_ptr<SimHost>> hosts_;
  std::vector<std::unique_ptr<SimAgent>> agents_;
  Surroundings around_;
  SimController first_;
  // Where a copy of the data folder is started elsewhere.
  std::unique_ptr<store::Store> copy_;
  std::unique_ptr<SimController> second_;
  std::shared_ptr<const rollout::Plan> plan_;
  bool calm_ = false, judged_ = false, outlived_ = false;
  int resumes_ = 0, looks_stuck_ = 0, looks_leaderless_ = 0;
  Outcome outcome_;
};

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_RUN_H_
