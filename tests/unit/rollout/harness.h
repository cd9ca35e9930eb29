// Runs the engine against a small model of three hosts and their cluster, one action at a time.
#ifndef DROVER_TESTS_UNIT_ROLLOUT_HARNESS_H_
#define DROVER_TESTS_UNIT_ROLLOUT_HARNESS_H_

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/rollout/step.h"
#include "tests/unit/rollout/world_builder.h"

namespace drover::rollout::testing {

class Harness {
 public:
  explicit Harness(Plan plan = HealthyPlan());
  Harness(Plan plan, World healthy);

  struct Member {
    bool running = true;  // its node is in the cluster
    std::string file_image, running_version;
    // The newest version that has opened the volume: an older one must never start on it.
    std::string opened;
    // The version that had opened the volume when it was copied; empty: there is no copy.
    std::string copied;
    // The version that had opened what was set aside; empty: nothing was.
    std::string kept;
    // As its agent sees it; nothing: there is none.
    std::optional<ContainerView> container;
    // What the next UpService leaves: a node in the cluster unless told otherwise.
    enum class Boot { kJoins, kHangs, kCrashes } boot = Boot::kJoins;
  };

  // Answers an action in place of the model; nothing: the model answers.
  using Override = std::function<std::optional<EventBody>(const Outstanding&)>;

  void Ask(Request request);
  void Skip(const std::string& member);  // resume without it
  void Give(EventBody body);
  // Answers actions until none is left, the rollout rests (paused, ended), or `until` says stop.
  void Run(const std::function<bool()>& until = nullptr);
  void Advance(Millis by) { now_ += by; }

  const Rollout& rollout() const { return rollout_; }
  const MemberState& state(const std::string& name) const;
  // Verbs in the order they were performed: "StopService os-2".
  const std::vector<std::string>& verbs() const { return verbs_; }
  std::vector<std::string> KindsSaid() const;
  // How often a verb was performed on a member.
  int Count(const std::string& verb_and_member) const;
  Time now() const { return now_; }
  // The world as the model has it.
  World Now() const;

  Override override;
  World world;
  std::map<std::string, Member> members;     // by node name
  std::map<std::string, Member> companions;  // by their names
  std::map<std::string, std::string> settings;
  std::vector<std::string> exclusions;  // from voting, by node name
  std::vector<Record> records;
  std::deque<Outstanding> actions;
  // Most members down at once, and whether one was stopped before the snapshot was there.
  size_t most_down = 0;
  bool stopped_before_snapshot = false;
  // Called after every Step with the state that it left.
  std::function<void(const Rollout&)> after_step;
  bool snapshot = false;  // there is one in the repository
  std::set<std::string> policies_stopped;
  int flushes = 0;
  std::optional<RegisterRepository> repository;
  std::vector<RestoreSnapshot> restored;
  // Cluster settings that a newer version has archived: while there are some, no change is taken.
  std::set<std::string> archived;

 private:
  friend struct Model;
  void Apply(EventBody body);
  Outstanding Next();
  // What is in a slot: a member, or behind the last of them a companion.
  const PlannedMember& Planned(int slot) const;
  Member& Of(int slot);
  EventBody Answer(const Outstanding& action);

  Rollout rollout_;
  Time now_ = kStart;
  std::vector<std::string> verbs_;
  int containers_ = 0;
};

}  // namespace drover::rollout::testing

#endif  // DROVER_TESTS_UNIT_ROLLOUT_HARNESS_H_
