// Every member down at once, and back from the cold copies; under load until the cluster goes down,
// so that no client has written since.
#include <gmock/gmock.h>

#include "tests/lab/way_back_fixture.h"

namespace drover::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr char kNoLoss[] = "no loss: no client has written since the stop";

class FullStopTest : public WayBackTest {
 protected:
  void GoAndComeBack(const std::string& from, const std::string& to) {
    ASSERT_NO_FATAL_FAILURE(BeginFullStop(to));
    feed().Await("COPY", Step("COPY"));
    HoldClients();
    EXPECT_EQ(AwaitEnd(id_), 0);
    EXPECT_THAT(Show(), AllOf(HasSubstr("tier 2"), HasSubstr(kNoLoss)));
    for (const json& member : Rollouts()[0]["members"]) EXPECT_EQ(member["version"], to);

    const Outcome plan = Drover({"rollout", "rollback", id_, "--plan"});
    EXPECT_EQ(plan.exit_code, 0) << plan.err;
    EXPECT_THAT(plan.Text(), HasSubstr(std::string("by tier 2: ") + kNoLoss));
    EXPECT_THAT(RollBack(), AllOf(HasSubstr(kNoLoss), HasSubstr("ROLLED_BACK")));
    ExpectBack(from, 2);
  }
};

TEST_F(FullStopTest, GoesUpAndComesBackWithoutALostDocument) {
  ASSERT_NO_FATAL_FAILURE(Bring("full", "2.17.1", {"2.19.1"}, {"--style", "mixed"}));
  GoAndComeBack("2.17.1", "2.19.1");
}

// An image that does not boot: nothing of the old version starts beside it, and the copies lead
// back.
TEST_F(FullStopTest, ComesBackFromAnImageThatDoesNotBoot) {
  ASSERT_NO_FATAL_FAILURE(Bring("full", "2.17.1", {"2.19.1"}, {"--style", "plain"}));
  MustLab({"tag", "2.19.1-broken", "--of", "2.19.1", "--env", "no.such.setting=true"});
  ASSERT_NO_FATAL_FAILURE(
      BeginFullStop("2.19.1", {"--image", "registry.lab:5000/opensearch:2.19.1-broken"}));
  feed().Await("COPY", Step("COPY"));
  HoldClients();
  EXPECT_EQ(AwaitEnd(id_), 5);
  EXPECT_THAT(Show(), AllOf(HasSubstr("ended at boot"), HasSubstr("rollout rollback")));
  const Outcome abort = Drover({"rollout", "abort", id_});
  EXPECT_NE(abort.exit_code, 0);
  EXPECT_THAT(abort.Text(), HasSubstr("between two versions"));

  EXPECT_THAT(RollBack(), HasSubstr(kNoLoss));
  EXPECT_EQ(Drover({"rollout", "show", id_, "-o", "json"}).Json()["state"],
            "ROLLOUT_STATE_ABORTED");
  ExpectKept({.version = "2.17.1",
              .stops = {{"os-1", -1}, {"os-2", -1}, {"os-3", -1}},
              .is_one_rollout = false,
              .serves_always = false});
}

class LongFullStopTest : public FullStopTest {};

// What clients wrote since is said, and lost where it is accepted.
TEST_F(LongFullStopTest, SaysWhatClientsHaveWrittenSince) {
  ASSERT_NO_FATAL_FAILURE(Bring("full", "2.17.1", {"2.19.1"}, {"--style", "plain"}));
  ASSERT_NO_FATAL_FAILURE(BeginFullStop("2.19.1"));
  feed().Await("COPY", Step("COPY"));
  HoldClients();
  EXPECT_EQ(AwaitEnd(id_), 0);
  Call("PUT", "/seed-01/_doc/after-the-stop", "{\"n\": 1}");
  Call("PUT", "/seed-02/_doc/after-the-stop", "{\"n\": 1}");
  EXPECT_THAT(RollBack(), HasSubstr("loses 2 operations that clients have made since the stop"));
  // As before the stop, and no more.
  ExpectBack("2.17.1", 2);
}

TEST_F(LongFullStopTest, ToTheNextMajorVersionAndBack) {
  ASSERT_NO_FATAL_FAILURE(Bring("full", "2.19.1", {"3.8.0"}, {"--style", "mixed"}));
  GoAndComeBack("2.19.1", "3.8.0");
}

std::vector<std::string> StepsOfAll() {
  return {"STOP", "COPY", "SET_IMAGE", "UP", "JOINED", "THAW", "RECOVERED"};
}

// kill -9 of the controller at each step, on the way there and on the way back.
TEST_F(LongFullStopTest, TheControllerIsKilledAtEachStep) {
  ASSERT_NO_FATAL_FAILURE(Bring("full", "2.17.1", {"2.19.1"}, {"--style", "mixed"}));
  ASSERT_NO_FATAL_FAILURE(BeginFullStop("2.19.1"));
  KillControllerAt({{"SNAPSHOTTING", State("SNAPSHOTTING")},
                    {"PREFETCHING", State("PREFETCHING")},
                    {"ROLLING", State("ROLLING")},
                    {"FREEZE", Step("FREEZE")},
                    {"FLUSH", Step("FLUSH")}});
  for (const std::string& step : StepsOfAll()) {
    KillControllerAt({{step, Step(step)}});
    if (step == "COPY") HoldClients();
  }
  KillControllerAt({{"FINISHING", State("FINISHING")}});
  EXPECT_EQ(AwaitEnd(id_), 0);
  EXPECT_THAT(Show(), HasSubstr(kNoLoss));

  const std::string back = BeginRollBack();
  KillControllerAt({{"PREFETCHING", State("PREFETCHING")}, {"ROLLING", State("ROLLING")}});
  for (const std::string& step : StepsOfAll()) KillControllerAt({{step, Step(step)}});
  KillControllerAt({{"FINISHING", State("FINISHING")}});
  EXPECT_EQ(AwaitEnd(back), 6);
  ExpectBack("2.17.1", 2);
}

}  // namespace
}  // namespace drover::lab
