// A Docker host as far as a verb can tell: its Engine, one Compose project with one OpenSearch
// container, the project's file, the images it has.
#ifndef DROVER_TESTS_SIMULATION_SIM_HOST_H_
#define DROVER_TESTS_SIMULATION_SIM_HOST_H_

#include <map>
#include <optional>
#include <string>

#include "controller/rollout/operation.h"
#include "controller/rollout/plan.h"
#include "tests/simulation/promises.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/sim_companion.h"
#include "tests/simulation/simulation.h"

namespace drover::simulation {

inline constexpr char kOldVersion[] = "2.19.1";
inline constexpr char kNewVersion[] = "2.19.4";
inline constexpr char kNewMajorVersion[] = "3.8.0";
inline constexpr char kOtherVersion[] = "2.19.2";  // what a moved tag holds
inline constexpr char kRepository[] = "registry.test:5000/opensearch";

class SimHost {
 public:
  SimHost(Schedule& schedule, Random& random, SimCluster& cluster, Promises& promises, int index);

  const std::string& name() const { return name_; }
  int index() const { return index_; }
  bool up() const { return up_; }
  // How much longer everything takes.
  int slowness() const { return slow_ ? 6 : 1; }

  // One verb, all at once, at the instant when it takes effect.
  rollout::OperationEnd Act(const OperationId& id, const rollout::Verb& verb);
  // What became of a verb that began at `began`, after the agent was restarted.
  rollout::OperationEnd Examine(const OperationId& id, const rollout::Verb& verb, Time began) const;

  // Has a companion of the cluster from now on.
  void AddCompanion();
  const SimCompanion* companion() const { return companion_ ? &*companion_ : nullptr; }

  rollout::ContainerView Container() const;
  rollout::ProjectView Project() const;
  const std::string& file_image() const { return file_image_; }
  bool running() const { return running_; }
  // Whether the process is gone because of a verb, and no later verb has started it.
  bool stopped_by_verb() const { return stopped_by_verb_; }
  // Whether its container was made again from the same image.
  bool made_again() const { return made_again_; }
  // What verbs have changed on the host.
  const HostChanges& changes() const { return changes_; }

  // Faults. What they break stays broken until Heal().
  void Break(FaultKind kind);
  void Mend(FaultKind kind);
  void Reboot(Millis away);
  void KillNode();
  void Heal();
  // The operator's hand, where the cluster lacks what is down.
  void StartByHand();

 private:
  struct Verbs;
  void StartContainer();
  void EndContainer(int exit_code, bool by_verb);
  void StopByVerb(const OperationId& id);
  void Boot(uint64_t life);
  void BootBroken(FaultKind how, uint64_t life);
  bool NewContainer() const;
  std::string ContentOf(const std::string& image) const;

  Schedule& schedule_;
  Random& random_;
  SimCluster& cluster_;
  Promises& promises_;
  int index_;
  std::string name_, node_;

  bool up_ = true, engine_up_ = true, slow_ = false, disk_full_ = false;
  bool registry_up_ = true, image_exists_ = true, moved_tag_ = false;
  std::optional<FaultKind> next_start_;  // how the next start of a new container goes wrong

  std::optional<SimCompanion> companion_;
  std::string file_image_;
  std::map<OperationId, std::string> kept_;    // what a SetImage replaced
  std::map<std::string, std::string> images_;  // reference → version inside

  std::string image_, content_;
  bool running_ = true, hung_ = false, stopped_by_verb_ = false, restarts_ = true;
  Time started_at_{};
  int exit_code_ = 0, restart_count_ = 0;
  bool made_again_ = false;
  uint64_t life_ = 1;
  HostChanges changes_;
  std::set<std::string> copies_;         // cold copies of the volume
  std::string opened_by_ = kOldVersion;  // the newest version that has opened the volume
};

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_SIM_HOST_H_
