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

  struct Member {
    bool running = true;
    std::string file_image, running_version;
  };

  // Answers an action in place of the model; nothing: the model answers.
  using Override = std::function<std::optional<EventBody>(const Outstanding&)>;

  void Ask(Request request);
  void Give(EventBody body);
  // Answers actions until none is left, the rollout rests (paused, ended), or `until` says stop.
  void Run(const std::function<bool()>& until = nullptr);
  void Advance(Millis by) { now_ += by; }

  const Rollout& rollout() const { return rollout_; }
  const MemberState& state(const std::string& name) const;
  // Verbs in the order they were performed: "StopService os-2".
  const std::vector<std::string>& verbs() const { return verbs_; }
  std::vector<std::string> KindsSaid() const;

  Override override;
  World world;
  std::map<std::string, Member> members;  // by node name
  std::map<std::string, std::string> settings;
  std::vector<Record> records;
  std::deque<Outstanding> actions;
  // Most members down at once, and whether one was stopped before the snapshot was there.
  size_t most_down = 0;
  bool stopped_before_snapshot = false;

 private:
  friend struct Model;
  void Apply(EventBody body);
  Outstanding Next();
  EventBody Answer(const Outstanding& action);
  World Now() const;

  Rollout rollout_;
  Time now_ = kStart;
  std::vector<std::string> verbs_;
  bool snapshot_ = false;
};

}  // namespace drover::rollout::testing

#endif  // DROVER_TESTS_UNIT_ROLLOUT_HARNESS_H_
