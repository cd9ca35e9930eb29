// Orders over a real stream: once, in order, answered from the journal, fenced.
#include "agent/session/proto_time.h"
#include "tests/unit/agent/session/session_fixture.h"

namespace drover::agent {
namespace {

using Ids = std::vector<std::string>;

class OperationsTest : public SessionTest {
 protected:
  void Connect() {
    StartSession();
    controller_.WaitHello(1);
  }
};

TEST_F(OperationsTest, RunsOnceAndReportsEachState) {
  Connect();
  controller_.Order(Order("a"));
  EXPECT_EQ(controller_.WaitEvent("a", 1).state(), v1::OPERATION_STATE_ACCEPTED);
  EXPECT_EQ(controller_.WaitEvent("a", 2).state(), v1::OPERATION_STATE_RUNNING);
  const auto end = controller_.WaitEvent("a", 3).end();
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_TRUE(end.has_started_at());
  EXPECT_TRUE(end.has_ended_at());
}

TEST_F(OperationsTest, ARepeatedOrderIsAnsweredFromTheJournal) {
  Connect();
  controller_.Order(Order("a"));
  controller_.WaitEnd("a");
  controller_.Order(Order("a"));
  EXPECT_EQ(controller_.WaitEnd("a").state(), v1::OPERATION_STATE_SUCCEEDED);
  controller_.Acknowledge("a", 3);
  controller_.Order(Order("a"));
  EXPECT_EQ(controller_.WaitEnd("a").state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(verbs_.Runs(), Ids({"a"}));
}

TEST_F(OperationsTest, ARepeatedOrderOfARunningVerbDoesNotRunItAgain) {
  verbs_.Hold("a");
  Connect();
  controller_.Order(Order("a"));
  verbs_.WaitRunning("a");
  controller_.WaitEvent("a", 2);
  controller_.Order(Order("a"));
  controller_.WaitEvent("a", 2);
  verbs_.Release("a");
  controller_.WaitEnd("a");
  EXPECT_EQ(verbs_.Runs(), Ids({"a"}));
}

TEST_F(OperationsTest, AStaleEpochIsRefusedAndMayComeAgainFromTheRightController) {
  v1::Welcome welcome;
  welcome.set_epoch(5);
  controller_.SetWelcome(welcome);
  Connect();
  controller_.Order(Order("a", "search", 4));
  const auto refused = controller_.WaitEnd("a");
  EXPECT_EQ(refused.state(), v1::OPERATION_STATE_REFUSED);
  EXPECT_EQ(refused.error().code(), v1::OPERATION_ERROR_CODE_STALE_EPOCH);
  EXPECT_FALSE(*journal_->Knows("a"));
  controller_.Order(Order("a", "search", 5));
  EXPECT_EQ(controller_.WaitEnd("a").state(), v1::OPERATION_STATE_SUCCEEDED);
}

TEST_F(OperationsTest, AKnownIdIsAnsweredWhateverItsEpoch) {
  Connect();
  controller_.Order(Order("a", "search", 1));
  controller_.WaitEnd("a");
  controller_.Order(Order("b", "search", 9));
  controller_.WaitEnd("b");
  controller_.Order(Order("a", "search", 1));
  EXPECT_EQ(controller_.WaitEnd("a").state(), v1::OPERATION_STATE_SUCCEEDED);
}

// drover-agent join --force after the controller's machine was lost: the new controller counts from
// anywhere, and what the old one had ordered must neither begin nor keep the new one waiting.
TEST_F(OperationsTest, AHostThatJoinedAnotherFleetHearsItsControllerFromTheFirstEpochOn) {
  HostIdentity identity = *file_->Load();
  identity.ca = MakeAuthorityPem(clock_.Now());
  ASSERT_TRUE(file_->Save(identity).ok());
  v1::Welcome welcome;
  welcome.set_epoch(1'795'410'000'000);
  controller_.SetWelcome(welcome);
  verbs_.Hold("runs");
  Connect();
  controller_.Order(Order("runs", "search", 1'795'410'000'000));
  verbs_.WaitRunning("runs");
  controller_.Order(Order("waits", "search", 1'795'410'000'000));
  controller_.WaitEvent("waits", 1);

  identity.ca = MakeAuthorityPem(clock_.Now());
  ASSERT_TRUE(file_->Save(identity).ok());
  welcome.set_epoch(3);
  controller_.SetWelcome(welcome);
  controller_.Drop();
  EXPECT_EQ(controller_.WaitHello(2).highest_epoch(), 0U);
  controller_.Order(Order("new", "search", 3));
  verbs_.Release("runs");
  EXPECT_EQ(controller_.WaitEnd("waits").state(), v1::OPERATION_STATE_REFUSED);
  EXPECT_EQ(controller_.WaitEnd("new").state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(verbs_.Runs(), Ids({"runs", "new"}));
}

TEST_F(OperationsTest, ALateOrderIsRefusedForGood) {
  Connect();
  auto order = Order("a");
  *order.mutable_deadline() = ToProto(clock_.Now());
  controller_.Order(order);
  EXPECT_EQ(controller_.WaitEnd("a").error().code(), v1::OPERATION_ERROR_CODE_DEADLINE_PASSED);
  *order.mutable_deadline() = ToProto(clock_.Now() + Millis(60'000));
  controller_.Order(order);
  EXPECT_EQ(controller_.WaitEnd("a").state(), v1::OPERATION_STATE_REFUSED);
  EXPECT_TRUE(verbs_.Runs().empty());
}

// The controller looked at the cluster before it ordered the stop; an order that was held up on its
// way rests on an old look.
TEST_F(OperationsTest, AnOrderThatCouldNotBeginInTimeIsRefusedForGood) {
  Connect();
  auto order = Order("a");
  *order.mutable_begin_by() = ToProto(clock_.Now());
  controller_.Order(order);
  EXPECT_EQ(controller_.WaitEnd("a").error().code(), v1::OPERATION_ERROR_CODE_DEADLINE_PASSED);
  order.clear_begin_by();
  controller_.Order(order);
  EXPECT_EQ(controller_.WaitEnd("a").state(), v1::OPERATION_STATE_REFUSED);
  EXPECT_TRUE(verbs_.Runs().empty());
}

TEST_F(OperationsTest, WhatTheHostDoesNotAllowIsRefused) {
  v1::OperationError denied;
  denied.set_code(v1::OPERATION_ERROR_CODE_POLICY_DENIED);
  denied.set_message("the policy does not allow it");
  verbs_.RefuseWith(denied);
  Connect();
  controller_.Order(Order("a"));
  const auto end = controller_.WaitEvent("a", 1).end();
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_REFUSED);
  EXPECT_EQ(end.error().message(), "the policy does not allow it");
  EXPECT_TRUE(verbs_.Runs().empty());
}

TEST_F(OperationsTest, OneProjectIsSerial) {
  verbs_.Hold("a");
  Connect();
  controller_.Order(Order("a"));
  verbs_.WaitRunning("a");
  controller_.Order(Order("b"));
  // Accepted durably while it waits.
  EXPECT_EQ(controller_.WaitEvent("b", 1).state(), v1::OPERATION_STATE_ACCEPTED);
  EXPECT_EQ(verbs_.Runs(), Ids({"a"}));
  verbs_.Release("a");
  controller_.WaitEnd("b");
  EXPECT_EQ(verbs_.Runs(), Ids({"a", "b"}));
}

TEST_F(OperationsTest, TwoProjectsAreParallel) {
  verbs_.Hold("a");
  verbs_.Hold("b");
  Connect();
  controller_.Order(Order("a", "one"));
  controller_.Order(Order("b", "two"));
  verbs_.WaitRunning("a");
  verbs_.WaitRunning("b");
  EXPECT_TRUE(verbs_.Runs("a"));
  verbs_.Release("a");
  verbs_.Release("b");
  controller_.WaitEnd("b");
}

TEST_F(OperationsTest, CancelEndsARunningVerb) {
  verbs_.Hold("a");
  Connect();
  controller_.Order(Order("a"));
  verbs_.WaitRunning("a");
  v1::ControllerMessage cancel;
  cancel.mutable_cancel_operation()->set_operation_id("a");
  cancel.mutable_cancel_operation()->set_epoch(1);
  controller_.Send(cancel);
  const auto end = controller_.WaitEnd("a");
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_FAILED);
  EXPECT_EQ(end.error().code(), v1::OPERATION_ERROR_CODE_CANCELED);
}

TEST_F(OperationsTest, CancelOfAWaitingOperationMeansNeverBegun) {
  verbs_.Hold("a");
  Connect();
  controller_.Order(Order("a"));
  verbs_.WaitRunning("a");
  controller_.Order(Order("b"));
  v1::ControllerMessage cancel;
  cancel.mutable_cancel_operation()->set_operation_id("b");
  cancel.mutable_cancel_operation()->set_epoch(1);
  controller_.Send(cancel);
  // Orders are taken one after the other: once this is accepted, the cancel was seen.
  controller_.Order(Order("c"));
  controller_.WaitEvent("c", 1);
  verbs_.Release("a");
  EXPECT_EQ(controller_.WaitEnd("b").state(), v1::OPERATION_STATE_REFUSED);
  controller_.WaitEnd("c");
  EXPECT_EQ(verbs_.Runs(), Ids({"a", "c"}));
}

TEST_F(OperationsTest, ProgressIsNumberedBelowTheEnd) {
  verbs_.SetProgress(50);
  verbs_.Hold("a");
  Connect();
  controller_.Order(Order("a"));
  const auto progress = controller_.WaitMessage(
      [](const v1::AgentMessage& message) { return message.operation_event().has_progress(); });
  EXPECT_GE(progress.operation_event().sequence(), 3U);
  verbs_.Release("a");
  const auto end = controller_.WaitMessage(
      [](const v1::AgentMessage& message) { return message.operation_event().has_end(); });
  EXPECT_GT(end.operation_event().sequence(), progress.operation_event().sequence());
}

TEST_F(OperationsTest, AfterARestartARunningOperationEndsAsExamined) {
  const Time began = clock_.Now();
  ASSERT_TRUE(journal_->Begin(Order("a"), began).ok());
  ASSERT_TRUE(journal_->Accept(Order("b"), began).ok());
  OpenJournal();
  clock_.Set(began + Millis(5000));
  verbs_.SetExamined(v1::OPERATION_STATE_SUCCEEDED);
  StartSession();
  const auto hello = controller_.WaitHello(1);
  EXPECT_EQ(hello.unacknowledged_operations_size(), 2);
  const auto end = controller_.WaitEnd("a");
  EXPECT_EQ(end.state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(FromProto(end.started_at()), began);
  const auto not_begun = controller_.WaitEnd("b");
  EXPECT_EQ(not_begun.state(), v1::OPERATION_STATE_INTERRUPTED);
  EXPECT_FALSE(not_begun.has_started_at());
  EXPECT_EQ(verbs_.Examined(), (std::map<std::string, Time>{{"a", began}}));
  EXPECT_TRUE(verbs_.Runs().empty());
}

TEST_F(OperationsTest, AStopCutsOffARunningVerbWithoutAnEnd) {
  verbs_.Hold("a");
  Connect();
  controller_.Order(Order("a"));
  controller_.WaitEvent("a", 2);
  verbs_.WaitRunning("a");
  EXPECT_TRUE(session_->Stop(Millis(1)));
  session_.reset();
  OpenJournal();
  const auto open = journal_->OpenOperations();
  ASSERT_EQ(open->size(), 1U);
  EXPECT_TRUE((*open)[0].started_at.has_value());
}

TEST_F(OperationsTest, AStopWaitsForAVerbThatEndsInTime) {
  verbs_.Hold("a");
  Connect();
  controller_.Order(Order("a"));
  verbs_.WaitRunning("a");
  std::thread release([this] { verbs_.Release("a"); });
  EXPECT_TRUE(session_->Stop(std::chrono::duration_cast<Millis>(kPatience)));
  release.join();
  EXPECT_TRUE(journal_->OpenOperations()->empty());
  EXPECT_EQ(journal_->EventsOf("a")->back().end().state(), v1::OPERATION_STATE_SUCCEEDED);
}

}  // namespace
}  // namespace drover::agent
