// Orders out, events in, acknowledgements out.
#include <gtest/gtest.h>

#include "controller/fleet/convert.h"
#include "tests/unit/fleet/fleet_fixture.h"

namespace drover::fleet {
namespace {

namespace pb = drover::agent::v1;

class OrderTest : public FleetTest {
 protected:
  rollout::OperationOrder Order(const std::string& id, const std::string& host = "h1") {
    return {OperationId(id), host, "search", rollout::StopService{"os", Millis(5000)},
            clock_.Now() + Millis(60'000)};
  }
};

TEST_F(OrderTest, StartAndCancelReachTheAgentWithTheEpoch) {
  const auto agent = ConnectHost("h1");
  ASSERT_TRUE(gateway_->Start(Order("r/m/stop/1")).ok());
  const pb::ControllerMessage start = agent->Read();
  ASSERT_TRUE(start.has_start_operation());
  EXPECT_EQ(start.start_operation().operation_id(), "r/m/stop/1");
  EXPECT_EQ(start.start_operation().epoch(), kEpoch);
  EXPECT_EQ(start.start_operation().verb().stop_service().service(), "os");
  ASSERT_TRUE(gateway_->Cancel("h1", OperationId("r/m/stop/1")).ok());
  const pb::ControllerMessage cancel = agent->Read();
  EXPECT_EQ(cancel.cancel_operation().operation_id(), "r/m/stop/1");
  EXPECT_EQ(cancel.cancel_operation().epoch(), kEpoch);
}

TEST_F(OrderTest, StartSaysWhyItCannot) {
  const Status none = gateway_->Start(Order("a"));
  EXPECT_EQ(none.code(), StatusCode::kNotFound);
  const auto agent = ConnectHost("h1");
  EnrollHost("h2");
  const Status unknown = gateway_->Start(Order("a", "h3"));
  EXPECT_EQ(unknown.code(), StatusCode::kNotFound);
  EXPECT_NE(Message(unknown).find("h1, h2"), std::string::npos);
  EXPECT_EQ(gateway_->Start(Order("a", "h2")).code(), StatusCode::kUnavailable);
  ASSERT_TRUE(gateway_->CordonHost("h1").ok());
  const Status cordoned = gateway_->Start(Order("a"));
  EXPECT_EQ(cordoned.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(Message(cordoned).find("drover host uncordon h1"), std::string::npos);
  EXPECT_TRUE(gateway_->Cancel("h1", OperationId("a")).ok());
  ASSERT_TRUE(gateway_->RevokeHost("h1").ok());
  EXPECT_EQ(gateway_->Start(Order("a")).code(), StatusCode::kFailedPrecondition);
}

// The host's clock is an hour ahead: what it says of times is the controller's time from here on.
TEST_F(OrderTest, EndsHaveTheControllersTime) {
  const auto agent = ConnectHost("h1");
  const Time ahead = clock_.Now() + Millis(3'600'000);
  pb::AgentMessage report;
  *report.mutable_report()->mutable_host_time() = ToProto(ahead);
  ASSERT_TRUE(agent->Send(report));
  pb::AgentMessage event;
  event.mutable_operation_event()->set_operation_id("op");
  event.mutable_operation_event()->set_sequence(1);
  pb::OperationEnd* end = event.mutable_operation_event()->mutable_end();
  end->set_state(pb::OPERATION_STATE_SUCCEEDED);
  *end->mutable_started_at() = ToProto(ahead - Millis(500));
  *end->mutable_ended_at() = ToProto(ahead);
  ASSERT_TRUE(agent->Send(event));

  const OperationEvent seen = listener_.events.Get();

  EXPECT_LT(seen.end.ended_at, clock_.Now() + Millis(10'000));
  EXPECT_GT(seen.end.ended_at, clock_.Now() - Millis(10'000));
  EXPECT_EQ(seen.end.ended_at - seen.end.started_at, Millis(500));
}

TEST_F(OrderTest, EventsComeInOrderAndAreAcknowledged) {
  const auto agent = ConnectHost("h1");
  for (uint64_t sequence = 1; sequence <= 50; ++sequence) {
    ASSERT_TRUE(agent->SendEvent("op", sequence));
  }
  for (uint64_t sequence = 1; sequence <= 50; ++sequence) {
    EXPECT_EQ(listener_.events.Get(sequence - 1).sequence, sequence);
    gateway_->Acknowledge("h1", OperationId("op"), sequence);
  }
  // Coalesced: there may be fewer messages than events, but they grow and the last one is there.
  uint64_t known = 0;
  while (known < 50) {
    const pb::ControllerMessage message = agent->Read();
    ASSERT_EQ(message.ack_events().acks_size(), 1);
    EXPECT_EQ(message.ack_events().acks(0).operation_id(), "op");
    ASSERT_GT(message.ack_events().acks(0).sequence(), known);
    known = message.ack_events().acks(0).sequence();
  }
  EXPECT_EQ(known, 50u);
}

TEST_F(OrderTest, AcknowledgingWithoutAConnectionIsNoError) {
  EnrollHost("h1");
  gateway_->Acknowledge("h1", OperationId("op"), 1);
  gateway_->Acknowledge("nobody", OperationId("op"), 1);
}

TEST_F(OrderTest, AgentThatDoesNotReadIsEndedInsteadOfBufferedFor) {
  const auto agent = ConnectHost("h1");
  rollout::OperationOrder large = Order("a");
  large.verb = rollout::PullImage{"os", std::string(100'000, 'x')};
  Status status;
  for (size_t i = 0; i < 4 * Session::kMaxQueued && status.ok(); ++i)
    status = gateway_->Start(large);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(listener_.log.Get(1), "lost h1");
}

}  // namespace
}  // namespace drover::fleet
