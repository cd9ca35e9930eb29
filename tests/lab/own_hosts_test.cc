// The README's "on your own hosts" section, done word for word on a fresh lab.
#include <gtest/gtest.h>

#include "tests/lab/lab_fixture.h"

namespace drover::lab {
namespace {

class OwnHostsTest : public LabTest {
 protected:
  void TearDown() override {
    if (IsSkipped()) return;
    Lab({"down", "--cluster", "search"});
    Lab({"drover", "down"});
  }
};

// README.md upgrades a cluster called `search`. The controller is a fresh one, no host is enrolled.
TEST_F(OwnHostsTest, TheReadmesCommandsUpgradeACluster) {
  EnsureCluster("search", "2.17.1", {"--style", "plain"});
  MustLab({"images", "2.19.1"});
  MustLab({"evidence", "save", "search"});

  const Outcome followed = Lab({"own-hosts", DROVER_SOURCE_DIR "/README.md", "search"});

  ASSERT_EQ(followed.exit_code, 0) << followed.err;
  const json found = MustLab({"evidence", "compare", "search"}).Json();
  EXPECT_EQ(found["health"], "green");
  for (const auto& [node, version] : found["versions"]["after"].items()) {
    EXPECT_EQ(version.get<std::string>(), "2.19.1") << node;
  }
  EXPECT_TRUE(found["settings"]["equal"]) << found["settings"];
  EXPECT_TRUE(found["documents"]["equal"]) << found["documents"];
  EXPECT_EQ(found["snapshot"]["state"], "SUCCESS") << found["snapshot"];
}

}  // namespace
}  // namespace drover::lab
