// What rests on an old look at the cluster is not carried out, and what may land late is awaited.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/rollout/harness.h"

namespace drover::rollout::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

const OperationOrder* StopOrder(const Outstanding& action) {
  const auto* start = std::get_if<StartOperation>(&action.action);
  if (start == nullptr || !std::holds_alternative<StopService>(start->order.verb)) return nullptr;
  return &start->order;
}

EventBody Ended(const Outstanding& action, OperationState state, OperationErrorCode error) {
  OperationEnd end;
  end.state = state;
  end.error = error;
  end.message = "it did not happen";
  return OperationEnded{action.id, end};
}

int Gates(const Harness& h) {
  return static_cast<int>(std::count_if(h.records.begin(), h.records.end(), [](const Record& r) {
    return r.kind == "member.step" && r.text == "os-2 FREEZE";
  }));
}

TEST(StaleTest, AStopMustBeginSoonAfterTheLookThatAllowedIt) {
  Harness h;
  std::vector<Millis> within;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (const OperationOrder* order = StopOrder(action)) {
      within.push_back(order->begin_by.value_or(order->deadline) - *h.state("os-2").step_since);
    }
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run([&] { return !within.empty(); });
  EXPECT_LE(within.front(), Millis(5'000));
}

TEST(StaleTest, AStopThatDidNotHappenGoesBackToItsGate) {
  for (const auto& [state, error] :
       {std::pair{OperationState::kRefused, OperationErrorCode::kDeadlinePassed},
        std::pair{OperationState::kInterrupted, OperationErrorCode::kCanceled}}) {
    Harness h;
    int stops = 0;
    h.override = [&, state = state,
                  error = error](const Outstanding& action) -> std::optional<EventBody> {
      if (StopOrder(action) == nullptr || ++stops > 1) return std::nullopt;
      return Ended(action, state, error);
    };
    h.Ask(Request::kStart);
    h.Run();
    EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
    EXPECT_EQ(Gates(h), 2);
    EXPECT_EQ(stops, 4);
    EXPECT_EQ(h.most_down, 1u);
  }
}

TEST(StaleTest, AStopThatNeverHappensFailsItsMember) {
  Harness h;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (StopOrder(action) == nullptr) return std::nullopt;
    return Ended(action, OperationState::kRefused, OperationErrorCode::kDeadlinePassed);
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_THAT(h.rollout().reason, HasSubstr("it did not happen"));
  EXPECT_TRUE(h.settings.empty());
}

TEST(StaleTest, NothingIsFrozenWhileTheAgentOfTheNextMemberIsAway) {
  Harness h;
  h.Ask(Request::kStart);
  h.Run([&] { return h.rollout().phase == Phase::kRolling; });
  h.Give(AgentLost{"h2", "link down"});
  h.Run([&] { return h.rollout().wait && h.rollout().wait->reason.starts_with("the gate: os-2"); });
  EXPECT_THAT(h.rollout().wait->reason, HasSubstr("the agent of h2 is not connected"));
  EXPECT_TRUE(h.settings.empty());
  EXPECT_TRUE(h.rollout().wait->until.has_value());
  h.Give(AgentConnected{"h2"});
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
}

TEST(StaleTest, ASettingThatLandsAfterItsCallFailedIsPutBack) {
  Harness h;
  bool failed = false, landed = false;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (const auto* put = std::get_if<PutSettings>(&action.action); put != nullptr && !failed) {
      failed = true;
      return CallEnded{action.id, "timed out"};
    }
    // Everything has been put back when the first call, a freeze, arrives after all.
    if (std::holds_alternative<SetTimer>(action.action) &&
        action.id.str().find("/settle/") != std::string::npos && !landed) {
      landed = true;
      h.settings["cluster.routing.allocation.enable"] = "primaries";
    }
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run([&] { return failed; });
  h.Ask(Request::kAbort);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  EXPECT_TRUE(landed);
  EXPECT_TRUE(h.settings.empty());
  EXPECT_THAT(h.KindsSaid(), Contains("settings.late"));
}

}  // namespace
}  // namespace drover::rollout::testing
