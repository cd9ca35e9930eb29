// The rolling minor upgrade of a cluster under load, looked at from the outside.
#include <gmock/gmock.h>

#include "tests/lab/lab_fixture.h"

namespace drover::lab {
namespace {

constexpr char kFrom[] = "2.17.1";
constexpr char kTo[] = "2.19.1";

class RollTest : public LabTest {
 protected:
  void TearDown() override {
    if (!IsSkipped()) Lab({"down", "--cluster", "roll"});
  }

  void ExpectVersions(const json& found) {
    const json& after = found["versions"]["after"];
    EXPECT_EQ(after.size(), 3u);
    for (const auto& [node, version] : after.items()) EXPECT_EQ(version, kTo) << node;
    EXPECT_EQ(found["health"], "green");
  }

  void ExpectNothingLost(const json& load) {
    EXPECT_GT(load["acknowledged"], 0);
    EXPECT_EQ(load["verified"], load["acknowledged"]);
    EXPECT_EQ(load["lost"], 0);
    EXPECT_EQ(load["failed_after_retries"], 0) << load;
  }

  void ExpectFilesKeptButTags(const json& files) {
    std::map<std::string, int> tags;
    for (const json& file : files) {
      EXPECT_TRUE(file["equal_but_tag"]) << file;
      tags[file["host"]] += file["tags_changed"].get<int>();
    }
    EXPECT_EQ(tags, (std::map<std::string, int>{{"h1", 1}, {"h2", 1}, {"h3", 1}}));
  }

  // From the Engines' own events.
  void ExpectEachStoppedOnce(const json& containers) {
    EXPECT_EQ(containers.size(), 3u);
    for (const auto& [member, container] : containers.items()) {
      EXPECT_EQ(container["stops"], 1) << member << ": " << container;
      EXPECT_EQ(container["starts"], 1) << member << ": " << container;
      EXPECT_TRUE(container["replaced"]) << member;
    }
  }

  void ExpectSnapshotFirst(const json& snapshot) {
    EXPECT_EQ(snapshot["state"], "SUCCESS") << snapshot;
    ASSERT_TRUE(snapshot["seconds_before_first_stop"].is_number()) << snapshot;
    EXPECT_GT(snapshot["seconds_before_first_stop"], 0) << snapshot;
    EXPECT_TRUE(snapshot["by_events"]) << snapshot;
  }
};

TEST_F(RollTest, KeepsEverythingUnderLoad) {
  EnsureCluster("roll", kFrom, {"--style", "mixed"});
  MustLab({"images", kTo});
  MustLab({"load", "start", "roll"});
  MustLab({"evidence", "save", "roll"});
  const Outcome apply = Drover({"cluster", "apply", LabHome() + "/clusters/roll.yaml"});
  ASSERT_EQ(apply.exit_code, 0) << apply.err;

  const Outcome upgrade = Drover({"upgrade", "roll", "--to", kTo, "--yes"});

  EXPECT_EQ(upgrade.exit_code, 0) << upgrade.out << upgrade.err;
  const json load = MustLab({"load", "stop", "roll"}).Json();
  const json found = MustLab({"evidence", "compare", "roll"}).Json();
  ExpectVersions(found);
  ExpectNothingLost(load);
  EXPECT_TRUE(found["settings"]["equal"]) << found["settings"];
  EXPECT_TRUE(found["documents"]["equal"]) << found["documents"];
  ExpectFilesKeptButTags(found["files"]);
  ExpectEachStoppedOnce(found["containers"]);
  ExpectSnapshotFirst(found["snapshot"]);
}

}  // namespace
}  // namespace drover::lab
