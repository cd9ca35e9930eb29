// What an upgrade to the next major version does besides (opensearch.md M2 c, d and e).
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

TEST(ColdCopyTest, EachClusterManagersVolumeIsCopiedBeforeTheNewImage) {
  Harness h = Major(true);
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  for (const char* name : {"os-1", "os-2", "os-3"}) {
    EXPECT_EQ(h.Count(std::string("CopyVolume ") + name), 1) << name;
    EXPECT_EQ(h.members[name].copied, h.rollout().plan->from_version) << name;
  }
  EXPECT_THAT(Said(h, "member.copied")[0], HasSubstr("os-2: cold copy of its volume, 3 MiB, in /"));
  EXPECT_THAT(h.rollout().members[0].cold_copy, HasSubstr(h.rollout().plan->snapshot));
}

TEST(ColdCopyTest, AMinorUpgradeAndAMemberThatCannotBeElectedNeedNone) {
  Harness minor;
  minor.Ask(Request::kStart);
  minor.Run();
  EXPECT_EQ(minor.Count("CopyVolume os-2"), 0);

  World world = testing::OldMajorWorld();
  for (NodeView& node : world.cluster.nodes) {
    if (node.name == "os-2") node.roles = {"data"};
  }
  PlanRequest request = testing::MajorPlan(true).request;
  const auto plan = MakePlan(PlanId("p"), request, testing::HealthySpec(), world, {});
  ASSERT_TRUE(plan.ok()) << Message(plan.status());
  for (const PlannedMember& member : plan->members) {
    EXPECT_EQ(member.cold_copy.empty(), member.name == "os-2") << member.name;
  }
}

TEST(ColdCopyTest, WithoutItTheNewImageNeverStarts) {
  Harness h = Major(true);
  bool full = true;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    const auto* copy = testing::VerbOf<CopyVolume>(action);
    if (copy == nullptr || !full) return std::nullopt;
    OperationEnd end;
    end.state = OperationState::kFailed;
    end.error = OperationErrorCode::kDiskFull;
    end.message = "make room there";
    return OperationEnded{action.id, end};
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("make room there"));
  EXPECT_EQ(h.Count("SetImage os-2"), 0);
  EXPECT_TRUE(h.members["os-2"].running);
  EXPECT_EQ(h.members["os-2"].opened, h.rollout().plan->from_version);

  full = false;
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
}

// The volume has been opened by the new version since: the copy from before it is the one to keep.
TEST(ColdCopyTest, AMemberThatIsTriedAgainIsNotCopiedAgain) {
  Harness h = Major(true);
  h.members["os-2"].boot = Harness::Member::Boot::kCrashes;
  h.Ask(Request::kStart);
  h.Run();
  ASSERT_EQ(h.rollout().phase, Phase::kPaused);
  h.members["os-2"].boot = Harness::Member::Boot::kJoins;
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(h.Count("CopyVolume os-2"), 1);
}

TEST(ColdCopyTest, AnAbortEndsTheCopy) {
  Harness h = Major(true);
  h.Ask(Request::kStart);
  h.Run([&] { return !h.actions.empty() && testing::VerbOf<CopyVolume>(h.actions.front()); });
  h.Ask(Request::kAbort);
  EXPECT_TRUE(std::any_of(h.actions.begin(), h.actions.end(), [](const Outstanding& action) {
    return std::holds_alternative<CancelOperation>(action.action);
  }));
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_TRUE(h.members["os-2"].running);
  EXPECT_EQ(h.Count("SetImage os-2"), 0);
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
