#include "controller/driver/rollout_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/memory_store.h"
#include "tests/unit/rollout/world_builder.h"

namespace drover::driver {
namespace {

using rollout::testing::HealthyPlan;
using rollout::testing::HealthyWorld;
using rollout::testing::kStart;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Keeps what it was asked to perform, and what the store held then.
class RecordingEffects final : public Effects {
 public:
  explicit RecordingEffects(store::RolloutStore& store) : store_(store) {}

  void Perform(const rollout::Rollout& rollout, const rollout::Outstanding& action) override {
    performed.push_back(action);
    const auto stored = store_.LoadRollout(rollout.id);
    ASSERT_TRUE(stored.ok());
    bool durable = false;
    for (const rollout::Outstanding& o : stored->outstanding) durable |= o.id == action.id;
    EXPECT_TRUE(durable) << action.id.str() << " is performed before it is in the stored outbox";
  }

  std::vector<rollout::Outstanding> performed;

 private:
  store::RolloutStore& store_;
};

class RolloutDriverTest : public ::testing::Test {
 protected:
  RolloutDriverTest() : effects_(store_) { MakeDriver(); }

  void MakeDriver() {
    driver_ = std::make_unique<RolloutDriver>(
        store_, effects_,
        [this](const rollout::Rollout& rollout, const std::vector<store::StoredRecord>&) {
          seen_.push_back(rollout.phase);
        });
  }

  void Begin() {
    const rollout::Plan plan = HealthyPlan();
    ASSERT_TRUE(store_.SavePlan(plan).ok());
    ASSERT_TRUE(driver_->Begin(std::make_shared<const rollout::Plan>(plan), kStart).ok());
  }

  Status Start() {
    return driver_->Handle(id_, {kStart, rollout::Asked{rollout::Request::kStart, "tester", ""}});
  }

  const RolloutId id_{"7f3c9a1e"};
  testing::MemoryStore store_;
  RecordingEffects effects_;
  std::unique_ptr<RolloutDriver> driver_;
  std::vector<rollout::Phase> seen_;
};

TEST_F(RolloutDriverTest, CommitsBeforeItActs) {
  Begin();
  ASSERT_TRUE(Start().ok());
  EXPECT_THAT(effects_.performed, SizeIs(1));
  EXPECT_EQ(store_.LoadRollout(id_)->phase, rollout::Phase::kChecking);
}

TEST_F(RolloutDriverTest, AFailedCommitPerformsNothingAndKeepsTheState) {
  Begin();
  seen_.clear();
  store_.FailNextChanges(1, Unavailable("disk full"));
  EXPECT_EQ(Start().code(), StatusCode::kUnavailable);
  EXPECT_THAT(effects_.performed, IsEmpty());
  EXPECT_EQ(driver_->Find(id_)->phase, rollout::Phase::kPlanned);
  EXPECT_THAT(seen_, IsEmpty());
  EXPECT_TRUE(Start().ok());
  EXPECT_THAT(effects_.performed, SizeIs(1));
}

TEST_F(RolloutDriverTest, RecoverPerformsTheOutboxAgain) {
  Begin();
  ASSERT_TRUE(Start().ok());
  const rollout::ActionId id = effects_.performed.front().id;
  effects_.performed.clear();
  MakeDriver();  // the process died and starts again
  ASSERT_TRUE(driver_->Recover(kStart).ok());
  ASSERT_THAT(effects_.performed, SizeIs(1));
  EXPECT_EQ(effects_.performed.front().id, id);
}

TEST_F(RolloutDriverTest, OneRolloutAClusterAtATime) {
  Begin();
  rollout::Plan second = HealthyPlan();
  second.id = PlanId("00000002");
  ASSERT_TRUE(store_.SavePlan(second).ok());
  const auto refused = driver_->Begin(std::make_shared<const rollout::Plan>(second), kStart);
  EXPECT_EQ(refused.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(refused.status()), HasSubstr("7f3c9a1e"));
}

TEST_F(RolloutDriverTest, AnEndedRolloutIsNotActiveAnyMore) {
  Begin();
  ASSERT_TRUE(Start().ok());
  rollout::World red = HealthyWorld();
  red.cluster.health.status = "red";
  ASSERT_TRUE(
      driver_->Handle(id_, {kStart, rollout::Observed{effects_.performed.front().id, red}}).ok());
  EXPECT_EQ(driver_->Find(id_), nullptr);
  EXPECT_EQ(store_.LoadRollout(id_)->phase, rollout::Phase::kFailed);
  EXPECT_EQ(Start().code(), StatusCode::kNotFound);
}

TEST_F(RolloutDriverTest, ProgressIsShownAndNotCommitted) {
  Begin();
  ASSERT_TRUE(Start().ok());
  ASSERT_TRUE(
      driver_
          ->Handle(id_, {kStart, rollout::Observed{effects_.performed.front().id, HealthyWorld()}})
          .ok());
  const rollout::Outstanding* pull = nullptr;
  for (const rollout::Outstanding& action : effects_.performed) {
    if (std::holds_alternative<rollout::StartOperation>(action.action)) pull = &action;
  }
  ASSERT_NE(pull, nullptr);
  const int commits = store_.commits();
  seen_.clear();
  ASSERT_TRUE(
      driver_->Handle(id_, {kStart, rollout::OperationProgressed{pull->id, {"layer 2", 50, 100}}})
          .ok());
  EXPECT_EQ(store_.commits(), commits);
  EXPECT_THAT(seen_, SizeIs(1));
}

}  // namespace
}  // namespace drover::driver
