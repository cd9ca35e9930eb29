// Whole upgrades of a cluster under load, looked at from the outside.
#ifndef DROVER_TESTS_LAB_ROLL_FIXTURE_H_
#define DROVER_TESTS_LAB_ROLL_FIXTURE_H_

#include "tests/lab/lab_fixture.h"

namespace drover::lab {

// One cluster a case, of the case's own name; removed at its end.
class RollTest : public LabTest {
 protected:
  void TearDown() override;

  // A new cluster with documents, and the images of `targets`. `options` go to `lab cluster up`,
  // `repository` is where the images are.
  void Bring(const std::string& name, const std::string& version, const Arguments& targets,
             const Arguments& options = {}, const std::string& repository = "opensearch");

  // Writes under load while `drover upgrade … --to VERSION --yes` runs, or another command; then
  // asks cluster, Engines and files for everything that it must have kept. Returns what `lab
  // evidence compare` found.
  json Roll(const std::string& to, const Arguments& options = {});
  json RollBy(const Arguments& command, const std::string& to);

  // How often each member's container ended and began; the exit codes of its ends.
  void ExpectStops(const json& found, int stops);
  json Call(const std::string& method, const std::string& path, const std::string& body = "");

  // The id of the node of that name; empty where it is not in the cluster.
  std::string NodeId(const std::string& node);

  const std::string& name() const { return name_; }
  // Of the last roll, from the command to its end.
  double seconds() const { return seconds_; }

 private:
  void ExpectNothingLost(const json& load);
  void ExpectFilesKeptButTags(const json& files);
  void ExpectSnapshotFirst(const json& snapshot);

  std::string name_;
  size_t members_ = 0;
  double seconds_ = 0;
};

}  // namespace drover::lab

#endif  // DROVER_TESTS_LAB_ROLL_FIXTURE_H_
