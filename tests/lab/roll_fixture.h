// Whole upgrades of a cluster under load, looked at from the outside.
#ifndef DROVER_TESTS_LAB_ROLL_FIXTURE_H_
#define DROVER_TESTS_LAB_ROLL_FIXTURE_H_

#include <map>
#include <set>

#include "tests/lab/lab_fixture.h"

namespace drover::lab {

// One cluster a case, of the case's own name; removed at its end.
class RollTest : public LabTest {
 protected:
  void TearDown() override;

  // What a roll has to have kept and reached.
  struct Expected {
    std::string version;  // of every node
    // How often a member's container ended and began, by its name, else once; below 0 it is not
    // looked at.
    std::map<std::string, int> stops = {};
    std::string health = "green";
    // Else nothing is said of the snapshot before the first stop: that of another rollout.
    bool is_one_rollout = true;
    // Else requests may fail, as where nothing serves for a while; none may be lost.
    bool serves_always = true;
  };

  // A new cluster with documents on hosts_, and the images of `targets`. `options` go to `lab
  // cluster up`, `repository` is where the images are.
  void Bring(const std::string& name, const std::string& version, const Arguments& targets,
             const Arguments& options = {}, const std::string& repository = "opensearch");

  // Writes under load while `drover upgrade … --to VERSION --yes` runs, or another command; then
  // asks cluster, Engines and files for everything that it must have kept. Returns what `lab
  // evidence compare` found.
  json Roll(const std::string& to, const Arguments& options = {});
  json RollBy(const Arguments& command, const Expected& expected);

  // The two halves of it: starts the load client and keeps a picture of everything; ends the client
  // and compares.
  void Watch();
  json ExpectKept(const Expected& expected);
  // The same of a command that must change nothing: it ends with this exit status.
  Outcome ExpectUntouchedBy(const Arguments& command, int exit_code);

  // Stops and starts of the members' containers and the exit codes of their ends, by the Engines'
  // own events.
  void ExpectStops(const json& found, const std::map<std::string, int>& stops);
  json Call(const std::string& method, const std::string& path, const std::string& body = "");

  // The id of the node of that name; empty where it is not in the cluster.
  std::string NodeId(const std::string& node);
  // The rollouts of the cluster as `drover rollout ls` has them, the newest first; a failure of the
  // test where there is none.
  json Rollouts();
  // The events of that kind in the newest rollout.
  std::vector<json> EventsOf(const std::string& kind);

  const std::string& name() const { return name_; }
  // Of the last roll, from the command to its end.
  double seconds() const { return seconds_; }

  Arguments hosts_ = {"h1", "h2", "h3"};
  // Goes to `lab cluster seed`.
  Arguments seed_ = {"--docs", "4000"};

 private:
  void ExpectNothingLost(const json& load, bool serves_always);
  void ExpectFilesKeptButTags(const json& files);
  void ExpectSnapshotFirst(const json& snapshot);

  std::string name_;
  double seconds_ = 0;
};

}  // namespace drover::lab

#endif  // DROVER_TESTS_LAB_ROLL_FIXTURE_H_
