// The rolling minor upgrade of a cluster under load, and the shapes that clusters have.
#include <gmock/gmock.h>

#include "tests/lab/roll_fixture.h"

namespace drover::lab {
namespace {

using testing::HasSubstr;

TEST_F(RollTest, KeepsEverythingUnderLoad) {
  ASSERT_NO_FATAL_FAILURE(Bring("roll", "2.17.1", {"2.19.1"}));
  const json found = Roll("2.19.1");
  std::map<std::string, int> tags;
  for (const json& file : found["files"]) {
    tags[file["host"]] += file["tags_changed"].get<int>();
  }
  EXPECT_EQ(tags, (std::map<std::string, int>{{"h1", 1}, {"h2", 1}, {"h3", 1}}));
}

using LongRollTest = RollTest;

TEST_F(LongRollTest, FromTwoSeventeenToTwoNineteenFour) {
  ASSERT_NO_FATAL_FAILURE(Bring("roll", "2.17.1", {"2.19.4"}));
  Roll("2.19.4");
}

TEST_F(LongRollTest, DedicatedManagersAndACoordinatingNode) {
  ASSERT_NO_FATAL_FAILURE(
      Bring("dedicated", "2.19.1", {"2.19.4"}, {"--layout", "dedicated", "--style", "plain"}));
  Roll("2.19.4");
  // Data nodes first, then what only coordinates, the cluster managers last.
  const json rollout = Drover({"rollout", "ls", "-o", "json"}).Json();
  const std::string id = rollout["rollouts"][0]["id"];
  const json shown = Drover({"rollout", "show", id, "-o", "json"}).Json();
  std::map<std::string, int> batch;
  for (const json& member : shown["members"]) batch[member["member"]["name"]] = member["batch"];
  const int last_data = std::max({batch["os-4"], batch["os-5"], batch["os-6"]});
  const int first_manager = std::min({batch["os-1"], batch["os-2"], batch["os-3"]});
  EXPECT_LT(last_data, batch["os-7"]);
  EXPECT_LT(batch["os-7"], first_manager);
}

TEST_F(LongRollTest, TwoMembersOnOneHost) {
  ASSERT_NO_FATAL_FAILURE(
      Bring("pairs", "2.19.1", {"2.19.4"}, {"--members-per-host", "2", "--style", "plain"}));
  Roll("2.19.4");
}

// Images up to 2.14: the main process is a shell that keeps the Engine's signal to itself.
class OldImageTest : public RollTest {
 protected:
  void SetUp() override {
    RollTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    MustLab({"images", "2.17.1", "2.19.1"});
    MustLab({"tag", "2.17.1", "--of", "2.17.1", "--repository", kRepository, "--below-a-shell"});
    MustLab({"tag", "2.19.1", "--of", "2.19.1", "--repository", kRepository});
    ASSERT_NO_FATAL_FAILURE(Bring("old", "2.17.1", {}, {"--style", "plain"}, kRepository));
  }
  static constexpr char kRepository[] = "opensearch-old";
};

TEST_F(OldImageTest, ItsServerGetsTheSignalAndEndsByItself) {
  const json found = Roll("2.19.1");
  for (const auto& [member, container] : found["containers"].items()) {
    EXPECT_THAT(container["exit_codes"].dump(), HasSubstr("143")) << member;
  }
  const Outcome events = Drover({"events", "-o", "ndjson"});
  EXPECT_THAT(events.out, HasSubstr("SIGTERM passed on to java"));
}

// What happens without it: Docker kills the server after its time-out.
using LongOldImageTest = OldImageTest;
TEST_F(LongOldImageTest, StoppedByHandItIsKilled) {
  MustLab({"evidence", "save", "old"});
  MustLab({"host", "exec", "h1", "--", "docker", "stop", "-t", "5", "old-os-1"});
  MustLab({"host", "exec", "h1", "--", "docker", "start", "old-os-1"});
  const json found = MustLab({"evidence", "compare", "old"}).Json();
  EXPECT_EQ(found["containers"]["os-1"]["exit_codes"], json({"137"}));
}

}  // namespace
}  // namespace drover::lab
