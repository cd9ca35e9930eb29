// The ways back of a rolling upgrade, by their tiers; documents are compared one by one with what
// each promises.
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

#include "tests/lab/way_back_fixture.h"

namespace drover::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class RollbackTest : public WayBackTest {
 protected:
  // A cluster whose upgrade pauses after its first member.
  void BringPausing() {
    ASSERT_NO_FATAL_FAILURE(Bring("back", "2.17.1", {"2.19.1"}, {"--style", "mixed"}));
    const Outcome apply = Drover(
        {"cluster", "apply",
         ClusterFile("back", "back", "members:", "rules: {pause_after: [first]}\nmembers:")});
    ASSERT_EQ(apply.exit_code, 0) << apply.out << apply.err;
  }

  // Each member's volume is kept beside the snapshot; one is removed, and nothing else.
  void ExpectLeftoversRemovedByName() {
    const json before = Leftovers();
    ASSERT_EQ(CountOf(before, "LEFTOVER_KIND_KEPT_VOLUME"), 3) << before;
    EXPECT_EQ(CountOf(before, "LEFTOVER_KIND_SNAPSHOT"), 1) << before;
    for (const json& one : before) {
      EXPECT_GT(std::stoull(one.value("bytes", "0")), 100'000u) << one;
      EXPECT_NE(one.value("created_at", ""), "") << one;
    }
    const json& volume =
        *std::find_if(before.begin(), before.end(), IsOf("LEFTOVER_KIND_KEPT_VOLUME"));
    const std::string place = volume.value("host", "") + "/" + volume.value("project", "") + "/" +
                              volume.value("service", "");
    const Outcome other = Drover({"leftovers", "remove", place, "another", "--yes"});
    EXPECT_EQ(other.exit_code, 1) << other.Text();
    EXPECT_EQ(Leftovers(), before);
    const Outcome removed =
        Drover({"leftovers", "remove", place, volume.value("name", ""), "--yes"});
    EXPECT_EQ(removed.exit_code, 0) << removed.Text();
    json after = before;
    after.erase(std::find(after.begin(), after.end(), volume));
    EXPECT_EQ(Leftovers(), after);
  }

  json Leftovers() {
    const Outcome listed = Drover({"leftovers", name(), "-o", "json"});
    EXPECT_EQ(listed.exit_code, 0) << listed.Text();
    return listed.Json().value("leftovers", json::array());
  }

  static std::function<bool(const json&)> IsOf(const std::string& kind) {
    return [kind](const json& one) { return one.value("kind", "") == kind; };
  }
  static int CountOf(const json& leftovers, const std::string& kind) {
    return static_cast<int>(std::count_if(leftovers.begin(), leftovers.end(), IsOf(kind)));
  }

  std::string PlanOf(const Arguments& options = {}) {
    Arguments command = {"rollout", "rollback", id_, "--plan"};
    command.insert(command.end(), options.begin(), options.end());
    return Drover(command).Text();
  }
};

// From the middle of a roll: the upgraded member is rebuilt from the copies on old nodes, under
// load.
TEST_F(RollbackTest, TierOneFromTheMiddleOfARoll) {
  ASSERT_NO_FATAL_FAILURE(BringPausing());
  ASSERT_NO_FATAL_FAILURE(Begin("2.19.1"));
  EXPECT_EQ(AwaitEnd(id_), 5);
  EXPECT_THAT(Show(), AllOf(HasSubstr("tier 1, rebuild"), HasSubstr("no loss")));
  EXPECT_THAT(PlanOf(), HasSubstr("by tier 1: no loss"));
  EXPECT_THAT(RollBack(), AllOf(HasSubstr("ROLLED_BACK"), HasSubstr("kept: the volume of")));
  ExpectKept({.version = "2.17.1",
              .stops = {{"os-1", -1}, {"os-2", -1}, {"os-3", -1}},
              .is_one_rollout = false});
}

// After its end: a fresh cluster, filled from the snapshot. What was there when it was taken is
// back.
TEST_F(RollbackTest, TierThreeAfterItsEnd) {
  ASSERT_NO_FATAL_FAILURE(Bring("back", "2.17.1", {"2.19.1"}, {"--style", "mixed"}));
  Watch();
  HoldClients();
  const Outcome upgrade = Drover({"upgrade", name(), "--to", "2.19.1", "--yes"});
  ASSERT_EQ(upgrade.exit_code, 0) << upgrade.out << upgrade.err;
  id_ = Rollouts()[0].value("id", "");
  Call("PUT", "/seed-01/_doc/after-the-snapshot", "{\"n\": 1}");
  EXPECT_THAT(Show(), HasSubstr("tier 3, a fresh cluster of 2.17.1"));
  EXPECT_THAT(PlanOf(), AllOf(HasSubstr("by tier 3: loses what was written since"),
                              HasSubstr("registered to be read only")));
  EXPECT_THAT(PlanOf({"--tier", "1"}), HasSubstr("every member has run the new image"));
  EXPECT_THAT(RollBack(), HasSubstr("ROLLED_BACK"));
  // The clients wrote before the snapshot alone: each of their documents is back.
  ExpectBack("2.17.1", 2);
  ExpectLeftoversRemovedByName();
}

class LongRollbackTest : public RollbackTest {};

// The new image has opened no volume: the way back is an abort, and nothing is touched.
TEST_F(LongRollbackTest, TierZeroBeforeAMemberStops) {
  ASSERT_NO_FATAL_FAILURE(Bring("back", "2.17.1", {"2.19.1"}, {"--style", "mixed"}));
  ASSERT_NO_FATAL_FAILURE(Begin("2.19.1"));
  feed().Await("SNAPSHOTTING", State("SNAPSHOTTING"));
  Drover({"rollout", "pause", id_});
  EXPECT_EQ(AwaitEnd(id_), 5);
  EXPECT_THAT(Show(), HasSubstr("tier 0, the old image starts again, no loss"));
  const Outcome back = Drover({"rollout", "rollback", id_, "--yes"});
  EXPECT_THAT(back.Text(), AllOf(HasSubstr("tier 0"), HasSubstr("Nothing is lost")));
  EXPECT_EQ(back.exit_code, 7);
  ExpectBack("2.17.1", 0, true);
}

TEST_F(LongRollbackTest, TierThreeFromTheMiddleOfARoll) {
  ASSERT_NO_FATAL_FAILURE(BringPausing());
  Watch();
  HoldClients();
  const Outcome upgrade = Drover({"upgrade", name(), "--to", "2.19.1", "--yes"});
  ASSERT_EQ(upgrade.exit_code, 5) << upgrade.out << upgrade.err;
  id_ = Rollouts()[0].value("id", "");
  EXPECT_THAT(RollBack({"--tier", "3"}), HasSubstr("loses what was written since"));
  ExpectKept({.version = "2.17.1",
              .stops = {{"os-1", -1}, {"os-2", -1}, {"os-3", -1}},
              .is_one_rollout = false,
              .serves_always = false});
}

TEST_F(LongRollbackTest, TierOneWithTheControllerKilledAtEachStep) {
  ASSERT_NO_FATAL_FAILURE(BringPausing());
  ASSERT_NO_FATAL_FAILURE(Begin("2.19.1"));
  EXPECT_EQ(AwaitEnd(id_), 5);
  const std::string back = BeginRollBack();
  KillControllerAt({{"PREFETCHING", State("PREFETCHING")}, {"ROLLING", State("ROLLING")}});
  for (const char* step : {"FREEZE", "FLUSH", "STOP", "LEFT", "COPY", "SET_IMAGE", "UP", "JOINED",
                           "THAW", "RECOVERED"}) {
    KillControllerAt({{step, Step(step)}});
  }
  EXPECT_EQ(AwaitEnd(back), 6);
  ExpectKept({.version = "2.17.1",
              .stops = {{"os-1", -1}, {"os-2", -1}, {"os-3", -1}},
              .is_one_rollout = false});
}

}  // namespace
}  // namespace drover::lab
