// What must hold after every event of every run (architecture.md, "Promises"), judged by the
// simulated world itself and not by the engine's own gates.
#ifndef DROVER_TESTS_SIMULATION_PROMISES_H_
#define DROVER_TESTS_SIMULATION_PROMISES_H_

#include <map>
#include <optional>
#include <set>
#include <string>

#include "controller/rollout/rollout.h"
#include "tests/simulation/schedule.h"
#include "tests/simulation/sim_cluster.h"

namespace drover::simulation {

class Promises {
 public:
  // Settings as they are now must be there again at every rest and at the end.
  Promises(Schedule& schedule, SimCluster& cluster);

  // The first violation; empty where there is none.
  const std::string& violation() const { return violation_; }
  void Violated(const std::string& text);

  // Something that Drover did not order took a node away or broke an index.
  void OnDisturbance() { disturbed_at_ = schedule_.now(); }
  // A controller reads the whole cluster.
  void OnObserved() { observed_at_ = schedule_.now(); }
  // A controller performs an action; `committed` is the rollout as its store has it.
  void OnAction(const rollout::Rollout& committed, const rollout::Outstanding& action);
  // A controller has committed a state.
  void OnCommitted(const rollout::Rollout& rollout);
  // An agent acts on an order.
  void OnVerb(const OperationId& id, const rollout::Verb& verb);
  // An order that brings a member up finds this image in its file.
  void OnUp(const OperationId& id, const std::string& image);
  // Around the end of a container that a verb of order `id` stops.
  void BeforeStop();
  void AfterStop(const OperationId& id);
  // The volume of a member is opened by a process of this version; `copied`: there is a cold copy.
  void OnVolumeOpened(const std::string& member, const std::string& before, const std::string& now,
                      bool copied = true);
  // A second controller works too: settings are judged at the end only.
  void OnSecondController() { two_controllers_ = true; }
  // A companion is stopped: only once no node runs the old version any more.
  void OnCompanionStops();
  void WantVersion(const std::string& version) { wanted_version_ = version; }
  // Nobody can take over from the only cluster manager while it is stopped.
  void AcceptDowntimeOf(const std::string& member) { downtime_of_ = member; }
  // Every member goes down: nothing is judged of copies and quorum, and no new image may open a
  // volume of which there is no copy.
  void AcceptFullStop() { full_stop_ = true; }
  // The rollout is a restart: no image may be pulled and no file edited.
  void ForbidImages() { images_forbidden_ = true; }

  const std::map<std::string, std::string>& settings_before() const { return settings_before_; }

 private:
  bool IsDown(const rollout::Rollout& committed, int member) const;
  void CheckLook(const rollout::Rollout& committed, const rollout::Outstanding& action);
  void CheckWaits(const rollout::Rollout& rollout);
  void CheckRest(const rollout::Rollout& rollout);

  Schedule& schedule_;
  SimCluster& cluster_;
  std::map<std::string, std::string> settings_before_;
  std::string violation_;
  std::optional<Time> disturbed_at_;
  Time observed_at_{}, flushed_at_{};
  std::map<OperationId, int> acted_;
  std::map<OperationId, Time> observed_before_;  // an order of StopService → the newest look then
  std::set<OperationId> stops_of_the_roll_;      // of members that were in the cluster
  std::map<int, Time> look_of_stop_;  // a member → the newest look when its last stop was ordered
  int dead_before_ = 0;
  bool manager_before_ = false;
  bool two_controllers_ = false;
  bool images_forbidden_ = false;
  bool full_stop_ = false;
  std::string downtime_of_, wanted_version_;
  rollout::Phase last_phase_ = rollout::Phase::kPlanned;
};

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_PROMISES_H_
