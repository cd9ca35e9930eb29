// Promise 10, and limits that count progress in place of the clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rollout/harness.h"
#include "tests/unit/rollout/matchers.h"

namespace drover::rollout {
namespace {

using ::testing::Contains;
using testing::Fails;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Orders;
using Boot = Harness::Member::Boot;

bool Waits(const Rollout& rollout) {
  if (rollout.wait) return true;
  for (const MemberState& m : rollout.members) {
    if (m.wait) return true;
  }
  return false;
}

void ExpectSound(const Wait& wait) {
  EXPECT_FALSE(wait.reason.empty());
  EXPECT_FALSE(wait.ends_when.empty()) << wait.reason;
  EXPECT_GT(ToUnixMillis(wait.since), 0) << wait.reason;
}

// After every Step: a rollout that goes on says what it waits for.
void WatchWaits(Harness& h) {
  h.after_step = [](const Rollout& rollout) {
    if (HasEnded(rollout.phase) || rollout.phase == Phase::kPlanned) return;
    EXPECT_TRUE(Waits(rollout)) << Name(rollout.phase);
    if (rollout.wait) ExpectSound(*rollout.wait);
    for (const MemberState& m : rollout.members) {
      if (m.wait) ExpectSound(*m.wait);
    }
    for (const Outstanding& o : rollout.outstanding) {
      if (o.member >= 0) {
        EXPECT_TRUE(rollout.members[static_cast<size_t>(o.member)].wait.has_value()) << o.id.str();
      } else if (o.member == -1) {
        EXPECT_TRUE(rollout.wait.has_value()) << o.id.str();
      }
    }
  };
}

TEST(WaitsTest, AWholeUpgradeAlwaysSaysWhatItWaitsFor) {
  Harness h;
  h.world.cluster.snapshot_policies = {{"nightly", true}};
  WatchWaits(h);
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
}

TEST(WaitsTest, SoDoFailuresPausesAndAborts) {
  for (const Boot boot : {Boot::kHangs, Boot::kCrashes}) {
    Harness h;
    WatchWaits(h);
    h.members["os-3"].boot = boot;
    h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
      if (std::holds_alternative<AwaitHealth>(action.action)) h.Advance(Millis(30'000));
      return std::nullopt;
    };
    h.Ask(Request::kStart);
    h.Run();
    ASSERT_EQ(h.rollout().phase, Phase::kPaused);
    EXPECT_THAT(h.rollout().wait->reason, HasSubstr("os-3"));
    EXPECT_THAT(h.rollout().wait->ends_when, HasSubstr("drover rollout resume"));
    h.Ask(Request::kResume);
    h.Run();
    ASSERT_EQ(h.rollout().phase, Phase::kPaused);
    h.Ask(Request::kAbort);
    h.Run();
    EXPECT_EQ(h.rollout().phase, Phase::kAborted);
  }
}

// Each verb fails once in a passing way; agents come and go; the controller restarts.
TEST(WaitsTest, SoDoRetriesAndAbsences) {
  for (const OperationErrorCode code :
       {OperationErrorCode::kEngineDown, OperationErrorCode::kDeadlinePassed,
        OperationErrorCode::kRegistryUnreachable, OperationErrorCode::kStaleEpoch}) {
    Harness h;
    WatchWaits(h);
    std::set<std::string> failed;
    h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
      const auto* start = std::get_if<StartOperation>(&action.action);
      if (start == nullptr) return std::nullopt;
      if (!failed.insert(VerbName(start->order.verb)).second) return std::nullopt;
      h.Give(AgentLost{start->order.host, "link down"});
      h.Give(Recovered{});
      h.Give(AgentConnected{start->order.host});
      return Fails(action, code, "away");
    };
    h.Ask(Request::kStart);
    h.Run();
  }
}

TEST(WaitsTest, NoTimePassesForAJoinWhileTheControllerWasAway) {
  Harness h;
  h.members["os-2"].boot = Boot::kHangs;
  h.Ask(Request::kStart);
  h.Run([&] { return h.state("os-2").step == MemberStep::kJoined; });
  for (int i = 0; i < 5; ++i) {
    h.Advance(Millis(590'000));
    h.actions.clear();
    h.Give(Recovered{});
    for (const char* host : {"h1", "h2", "h3"}) h.Give(AgentConnected{host});
    int answers = 0;
    h.Run([&] { return ++answers > 3; });
    ASSERT_EQ(h.state("os-2").step, MemberStep::kJoined);
  }
  h.members["os-2"].running = true;
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
}

TEST(WaitsTest, NoTimePassesForAJoinWhileItsAgentIsAway) {
  Harness h;
  h.members["os-2"].boot = Boot::kHangs;
  h.Ask(Request::kStart);
  h.Run([&] { return h.state("os-2").step == MemberStep::kJoined; });
  h.Give(AgentLost{"h2", "link down"});
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (std::holds_alternative<ReadContainer>(action.action)) {
      return ContainerSeen{action.id, false, {}};
    }
    return std::nullopt;
  };
  h.Advance(Millis(3'600'000));
  int answers = 0;
  h.Run([&] { return ++answers > 9; });
  ASSERT_EQ(h.state("os-2").step, MemberStep::kJoined);
  EXPECT_THAT(h.state("os-2").wait->reason, HasSubstr("its time does not count"));
  EXPECT_FALSE(h.state("os-2").wait->until.has_value());
  h.Give(AgentConnected{"h2"});
  h.override = nullptr;
  answers = 0;
  h.Run([&] { return ++answers > 9; });
  ASSERT_EQ(h.state("os-2").step, MemberStep::kJoined);
  EXPECT_TRUE(h.state("os-2").wait->until.has_value());
  h.members["os-2"].running = true;
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
}

// The container's state moves: a node that boots slowly is not one that hangs.
TEST(WaitsTest, WhatTheContainerShowsIsProgressOfAJoin) {
  Harness h;
  h.members["os-2"].boot = Boot::kHangs;
  int looks = 0;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (!std::holds_alternative<ReadContainer>(action.action)) return std::nullopt;
    if (action.member != 0) return std::nullopt;
    h.Advance(Millis(500'000));
    h.members["os-2"].container->health = ++looks % 2 == 0 ? "starting" : "unhealthy";
    if (looks == 4) h.members["os-2"].running = true;
    return std::nullopt;
  };
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
}

TEST(WaitsTest, AClockThatIsAnHourOffFailsNobody) {
  Harness h;
  h.override = [&](const Outstanding& action) -> std::optional<EventBody> {
    if (!Orders<UpService>(action)) return std::nullopt;
    // The report still shows the old container, which ended "in the future".
    const size_t i = static_cast<size_t>(action.member);
    auto& member = h.members[h.rollout().plan->members[i].name];
    OperationEnd end;
    end.container_id = "new";
    member.opened = member.running_version = testing::kNew;
    member.container->state = "exited";
    member.container->started_at = h.now() + Millis(3'600'000);
    return OperationEnded{action.id, end};
  };
  h.after_step = [&](const Rollout& rollout) {
    for (size_t i = 0; i < rollout.members.size(); ++i) {
      if (rollout.members[i].attempts < 0) return;
      EXPECT_FALSE(rollout.members[i].failure.has_value());
    }
  };
  int looks = 0;
  h.Ask(Request::kStart);
  h.Run([&] {
    if (h.rollout().phase == Phase::kRolling && ++looks % 20 == 0) {
      for (auto& [name, member] : h.members) {
        if (member.container->state == "exited" && member.opened == testing::kNew) {
          member.running = true;
        }
      }
    }
    return false;
  });
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
}

// RECOVERED of a member.
class RecoveryTest : public ::testing::Test {
 protected:
  // Yellow for ever; `recovery` says what moves.
  void Yellow(const std::function<RecoveryView()>& recovery) {
    h.override = [this, recovery](const Outstanding& action) -> std::optional<EventBody> {
      const MemberState& first = h.state("os-2");
      if (first.step != MemberStep::kRecovered) return std::nullopt;
      if (std::holds_alternative<AwaitHealth>(action.action)) {
        HealthView health;
        health.status = "yellow";
        health.timed_out = true;
        return HealthSeen{action.id, health, ""};
      }
      if (std::holds_alternative<RetryFailedShards>(action.action)) ++reroutes;
      const auto* observe = std::get_if<ObserveWorld>(&action.action);
      if (observe == nullptr) return std::nullopt;
      h.Advance(Millis(120'000));
      World world = h.world;
      world.cluster.nodes[1].version = testing::kNew;
      world.cluster.health.status = "yellow";
      world.cluster.health.initializing = 1;
      world.cluster.recovery = recovery();
      if (observe->with_explanation) world.cluster.explanation = "disk watermark exceeded on os-1";
      return Observed{action.id, world};
    };
  }

  Harness h;
  int reroutes = 0;
};

TEST_F(RecoveryTest, OneHugeShardThatMovesIsProgress) {
  uint64_t bytes = 0;
  Yellow([&] {
    RecoveryView recovery;
    recovery.shards = 1;
    recovery.bytes_done = ++bytes * 1'000'000'000;
    recovery.bytes_total = 100'000'000'000;
    if (bytes == 60) h.override = nullptr;  // two hours later
    return recovery;
  });
  std::string wait;
  h.after_step = [&](const Rollout& rollout) {
    const auto& first = rollout.members[0];
    if (first.step == MemberStep::kRecovered && first.wait) wait = first.wait->reason;
  };
  h.Ask(Request::kStart);
  h.Run([&] { return bytes == 30; });
  EXPECT_THAT(wait, HasSubstr("of 100000 MB copied"));
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(reroutes, 0);
}

TEST_F(RecoveryTest, SaysWhichOtherMemberIsAway) {
  Yellow([] { return RecoveryView{}; });
  const auto yellow = h.override;
  h.override = [&](const Outstanding& action) {
    auto answer = yellow(action);
    Observed* seen = answer ? std::get_if<Observed>(&*answer) : nullptr;
    if (seen != nullptr)
      std::erase_if(seen->world.cluster.nodes,
                    [](const NodeView& node) { return node.name == "os-3"; });
    return answer;
  };
  std::optional<Wait> of_member, own;
  h.after_step = [&](const Rollout& rollout) {
    if (rollout.members[0].step != MemberStep::kRecovered) return;
    of_member = rollout.members[0].wait;
    own = rollout.wait;
  };
  h.Ask(Request::kStart);
  h.Run([&] { return of_member && of_member->reason.find("os-3") != std::string::npos; });
  ASSERT_TRUE(of_member);
  EXPECT_THAT(of_member->reason, HasSubstr("os-3 is not in the cluster"));
  ASSERT_TRUE(own);
  EXPECT_THAT(own->reason, HasSubstr("the shards of os-2 to recover"));
  EXPECT_TRUE(own->until);
}

TEST_F(RecoveryTest, AStallIsRetriedOnceThenExplained) {
  Yellow([] { return RecoveryView{}; });
  h.Ask(Request::kStart);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kPaused);
  EXPECT_EQ(reroutes, 1);
  EXPECT_THAT(h.rollout().reason, HasSubstr("no recovery progress for 15 min"));
  EXPECT_THAT(h.rollout().reason, HasSubstr("disk watermark exceeded on os-1"));
  EXPECT_THAT(h.settings, IsEmpty());
  h.override = nullptr;
  h.Ask(Request::kResume);
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded) << h.rollout().reason;
  EXPECT_EQ(h.Count("StopService os-2"), 1);
}

TEST(WaitsTest, AControllerThatStartsDuringTheChecksAwaitsItsAgents) {
  Harness h;
  h.Ask(Request::kStart);
  for (HostView& host : h.world.hosts) host.connected = false;
  h.Give(Recovered{});
  int answers = 0;
  h.Run([&] { return ++answers > 5; });
  EXPECT_EQ(h.rollout().phase, Phase::kChecking);
  EXPECT_THAT(h.rollout().wait->reason, HasSubstr("to connect to the controller again"));
  for (HostView& host : h.world.hosts) host.connected = true;
  h.Run();
  EXPECT_EQ(h.rollout().phase, Phase::kSucceeded);
}

}  // namespace
}  // namespace drover::rollout
