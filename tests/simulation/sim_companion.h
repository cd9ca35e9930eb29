// A companion of the cluster on a host: a service of its own project, Dashboards for example.
#ifndef DROVER_TESTS_SIMULATION_SIM_COMPANION_H_
#define DROVER_TESTS_SIMULATION_SIM_COMPANION_H_

#include <string>

#include "controller/rollout/operation.h"
#include "tests/simulation/promises.h"
#include "tests/simulation/random.h"
#include "tests/simulation/schedule.h"

namespace drover::simulation {

inline constexpr char kCompanionService[] = "dashboards";
inline constexpr char kCompanionRepository[] = "registry.test:5000/dashboards";

// Whether the verb is of a companion's service.
bool IsOfCompanion(const rollout::Verb& verb);

class SimCompanion {
 public:
  SimCompanion(Schedule& schedule, Random& random, Promises& promises, const std::string& version);

  rollout::OperationEnd Act(const rollout::Verb& verb);
  rollout::OperationEnd Examine(const rollout::Verb& verb) const;

  rollout::ContainerView Container() const;
  rollout::ProjectView Project() const;
  // Its process is gone and nothing starts it: its host rebooted, or its Engine was down.
  void Lose();
  // Runs, and its file names this version.
  bool Runs(const std::string& version) const;
  bool stopped_by_verb() const { return stopped_by_verb_; }

 private:
  struct Verbs;

  Schedule& schedule_;
  Random& random_;
  Promises& promises_;
  std::string file_image_, image_, pulled_;
  bool running_ = true, stopped_by_verb_ = false;
  Time healthy_at_{};
  int life_ = 1;
};

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_SIM_COMPANION_H_
