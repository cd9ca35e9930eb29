// What an upgrade to the next major version does besides (opensearch.md M2 c and e).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rollout/harness.h"
#include "tests/unit/rollout/matchers.h"

namespace drover::rollout {
namespace {

using ::testing::ElementsAre;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kArchived[] = "archived.plugins.index_state_management.metadata_service.enabled";

Harness Major(bool accept_no_return) {
  return Harness(testing::MajorPlan(accept_no_return), testing::OldMajorWorld());
}

std::vector<std::string> Said(const Harness& h, const std::string& kind) {
  std::vector<std::string> texts;
  for (const Record& record : h.records) {
    if (record.kind == kind) texts.push_back(record.text);
  }
  return texts;
}

TEST(NoReturnTest, PausesBeforeTheLastOldNodeStops) {
  Harness h = Major(false);
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("the point of no return: os-1 is the last"));
  EXPECT_EQ(h.Count("StopService os-2"), 1);
  EXPECT_EQ(h.Count("StopService os-3"), 1);
  EXPECT_EQ(h.Count("StopService os-1"), 0);
  EXPECT_THAT(h.settings, IsEmpty());
}

TEST(NoReturnTest, AnApprovalGoesPastIt) {
  for (const Request request : {Request::kApprove, Request::kResume}) {
    Harness h = Major(false);
    h.Ask(Request::kStart);
    h.Run();
    ASSERT_EQ(h.rollout().phase, Phase::kPaused);
    h.Ask(request);
    h.Run();
    EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
    EXPECT_EQ(h.Count("StopService os-1"), 1);
    EXPECT_THAT(Said(h, "rollout.no_return"), ::testing::SizeIs(1));
  }
}

TEST(NoReturnTest, AnAbortLeavesTheLastOldNodeAlone) {
  Harness h = Major(false);
  h.Ask(Request::kStart);
  h.Run();
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_EQ(h.Count("StopService os-1"), 0);
}

TEST(NoReturnTest, AcceptedInThePlanItIsOnlyAnnounced) {
  Harness h = Major(true);
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_THAT(Said(h, "rollout.no_return"), ElementsAre(HasSubstr("os-1 is the last")));
}

TEST(NoReturnTest, AMinorUpgradeHasNone) {
  Harness h;
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
  EXPECT_THAT(Said(h, "rollout.no_return"), IsEmpty());
}

TEST(NoReturnTest, ThePlanSaysWhetherItPauses) {
  EXPECT_THAT(Major(false).rollout().plan->hops[0].needs[0].text, HasSubstr("pauses before it"));
  EXPECT_THAT(Major(true).rollout().plan->hops[0].needs[0].text, HasSubstr("Accepted"));
}

TEST(ArchivedTest, TakenAwayAfterEachMemberThatJoined) {
  Harness h = Major(true);
  int put = 0, refused = 0;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    // Each new node archives it again.
    if (const auto* start = std::get_if<StartOperation>(&action.action)) {
      if (std::holds_alternative<UpService>(start->order.verb)) h.archived = {kArchived};
    }
    if (std::holds_alternative<PutSettings>(action.action)) {
      ++put;
      refused += h.archived.empty() ? 0 : 1;
    }
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_GT(put, 0);
  EXPECT_EQ(refused, 0);
  EXPECT_THAT(Said(h, "settings.archived"),
              ElementsAre(HasSubstr(kArchived), HasSubstr(kArchived), HasSubstr(kArchived)));
  EXPECT_THAT(h.settings, IsEmpty());
}

TEST(ArchivedTest, ARefusalThatNamesThemIsAnsweredInAnyUpgrade) {
  Harness h;
  h.Ask(Request::kStart);
  h.Run([&] { return h.rollout().phase == Phase::kRolling; });
  h.archived = {kArchived};
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_THAT(Said(h, "settings.archived"), ElementsAre(HasSubstr(kArchived)));
}

TEST(ArchivedTest, SettingsAreRestoredThroughThemOnTheWayToAnAbort) {
  Harness h = Major(true);
  h.Ask(Request::kStart);
  h.Run([&] { return h.rollout().members[0].step == MemberStep::kLeft; });
  ASSERT_THAT(h.settings, Not(IsEmpty()));
  h.archived = {kArchived};
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_THAT(h.settings, IsEmpty());
}

TEST(ArchivedTest, OtherRefusalsTakeNothingAway) {
  Harness h;
  bool asked = false;
  int refusals = 0;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    asked = asked || std::holds_alternative<ClearArchived>(action.action);
    if (std::holds_alternative<PutSettings>(action.action) && refusals++ < 2) {
      return CallEnded{action.id, "503: no cluster manager"};
    }
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
  EXPECT_FALSE(asked);
}

}  // namespace
}  // namespace drover::rollout
