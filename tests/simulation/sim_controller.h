// A controller process: the real driver on a store that survives it; dies, starts again, is fenced.
#ifndef DROVER_TESTS_SIMULATION_SIM_CONTROLLER_H_
#define DROVER_TESTS_SIMULATION_SIM_CONTROLLER_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "controller/driver/effects.h"
#include "controller/driver/rollout_driver.h"
#include "controller/store/store.h"
#include "tests/simulation/sim_network.h"
#include "tests/simulation/sim_rest.h"
#include "tests/simulation/sim_store.h"

namespace drover::simulation {

// What a controller can reach. All of it outlives the controller.
struct Surroundings {
  Schedule& schedule;
  Random& random;
  SimCluster& cluster;
  SimRest& rest;
  SimNetwork& network;
  std::vector<std::unique_ptr<SimHost>>& hosts;
  Promises& promises;
  // A line of the run's history; does nothing where nobody asked for it.
  std::function<void(const std::string&)> tell;
};

class SimController final : public driver::Effects, public ControllerPort {
 public:
  // `store` outlives it.
  SimController(std::string name, const Surroundings& around, store::Store& store);
  ~SimController() override;

  // Begins a process; it recovers what the store holds.
  void Start();
  void Die();
  // It was fenced or is switched off: it never starts again.
  void Stop();
  // Somebody starts it again by hand.
  void Revive() {
    stopped_ = false;
    Start();
  }
  void DieBeforeAction(int n) { die_before_.insert(n); }
  void DieAfterAction(int n) { die_after_.insert(n); }

  // What an operator asks; nothing happens where the process is dead or the request makes no sense.
  void Begin(const std::shared_ptr<const rollout::Plan>& plan);
  void Ask(rollout::Request request);
  // The world as a plan is made of it.
  rollout::World Observe(bool with_hosts);

  SimStore& store() { return store_; }
  int actions() const { return actions_; }
  // The rollout as the store has it; its id is empty before it was begun.
  const rollout::Rollout& rollout() const { return store_.committed(); }

  // For good: it was fenced or switched off.
  bool stopped() const { return stopped_; }
  bool alive() const override { return driver_ != nullptr; }
  uint64_t epoch() const override { return epoch_; }
  void OnConnected(int host) override;
  void OnLost(int host) override;
  void OnEnd(int host, const OperationId& id, const rollout::OperationEnd& end) override;
  void OnFenced() override;

  void Perform(const rollout::Rollout& rollout, const rollout::Outstanding& action) override;

 private:
  struct Performer;
  // Runs `work`, in which the process may die.
  void Guard(const std::function<void()>& work);
  // Gives the event to the driver; where the commit fails, again after a second, as the live
  // coordinator does. `then` runs once it is committed.
  void Give(rollout::EventBody body, std::function<void()> then = nullptr);
  // An answer to an action of this process: lost where the process has died since.
  void Answer(uint64_t life, const rollout::EventBody& body);
  void FollowSnapshot(uint64_t life, const rollout::ActionId& id, const std::string& name);
  int HostNamed(const std::string& name) const;

  std::string name_;
  Surroundings around_;
  store::EpochStore& epochs_;
  SimStore store_;
  std::unique_ptr<driver::RolloutDriver> driver_;
  uint64_t epoch_ = 0;
  uint64_t life_ = 0;
  bool stopped_ = false;
  int actions_ = 0;
  std::set<int> die_before_, die_after_;
};

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_SIM_CONTROLLER_H_
