#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "controller/api/control_server.h"
#include "drover/control/v1/event.grpc.pb.h"
#include "drover/control/v1/fleet.grpc.pb.h"
#include "drover/control/v1/rollout.grpc.pb.h"
#include "drover/control/v1/snapshot.grpc.pb.h"
#include "tests/unit/api/served.h"

namespace drover::api {
namespace {

namespace pb = drover::control::v1;
using rollout::Phase;
using ::testing::HasSubstr;

rollout::Record Line(const std::string& text) { return {"test.line", "", "", text, {}}; }

class ControlStreamsTest : public ::testing::Test {
 protected:
  Served served;
  std::unique_ptr<pb::FleetService::Stub> fleet = pb::FleetService::NewStub(served.channel);
  std::unique_ptr<pb::RolloutService::Stub> rollouts = pb::RolloutService::NewStub(served.channel);
  std::unique_ptr<pb::SnapshotService::Stub> snapshots =
      pb::SnapshotService::NewStub(served.channel);
  std::unique_ptr<pb::EventService::Stub> events = pb::EventService::NewStub(served.channel);
  grpc::ClientContext context;

  std::unique_ptr<grpc::ClientReader<pb::WatchRolloutResponse>> Watch(const std::string& id,
                                                                      uint64_t since = 0) {
    pb::WatchRolloutRequest request;
    request.set_id(id);
    request.set_since_sequence(since);
    return rollouts->WatchRollout(&context, request);
  }
};

TEST_F(ControlStreamsTest, ARolloutIsWatchedToItsEnd) {
  rollout::Rollout rollout = TestRollout();
  served.coordinator.Commit(rollout, {Line("one")});
  const auto reader = Watch("7f3c");
  pb::WatchRolloutResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.rollout().id(), "7f3c9a1e");
  ASSERT_EQ(message.events_size(), 1);
  EXPECT_EQ(message.events(0).text(), "one");

  rollout.phase = Phase::kSucceeded;
  rollout.outcome = {"3 of 3 members at 2.19.1"};
  served.coordinator.Commit(rollout, {Line("two")});
  pb::RolloutState state = message.rollout().state();
  std::vector<std::string> texts;
  while (reader->Read(&message)) {
    state = message.rollout().state();
    for (const auto& event : message.events()) texts.push_back(event.text());
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(state, pb::ROLLOUT_STATE_SUCCEEDED);
  EXPECT_EQ(texts, std::vector<std::string>{"two"});
  EXPECT_TRUE(Eventually([&] { return served.coordinator.Observers() == 0; }));
}

// Far more changes than a stream buffers, by a reader that does not read: no event is lost, the
// states between are left out.
TEST_F(ControlStreamsTest, ASlowWatcherMissesNoEvent) {
  constexpr int kChanges = 3000;
  rollout::Rollout rollout = TestRollout();
  rollout.reason = std::string(2000, 'x');
  served.coordinator.Commit(rollout, {});
  const auto reader = Watch("7f3c9a1e");
  pb::WatchRolloutResponse message;
  ASSERT_TRUE(reader->Read(&message));
  for (int i = 1; i <= kChanges; ++i) {
    if (i == kChanges) rollout.phase = Phase::kSucceeded;
    served.coordinator.Commit(rollout, {Line(std::to_string(i))});
  }
  int events_seen = 0, messages = 0;
  while (reader->Read(&message)) {
    ++messages;
    for (const auto& event : message.events()) {
      EXPECT_EQ(event.text(), std::to_string(++events_seen));
    }
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(events_seen, kChanges);
  EXPECT_LT(messages, kChanges);
}

TEST_F(ControlStreamsTest, WatchGoesOnAfterACursor) {
  rollout::Rollout rollout = TestRollout();
  rollout.phase = Phase::kFailed;
  served.coordinator.Commit(rollout, {Line("one"), Line("two"), Line("three")});
  const auto reader = Watch("7f3c9a1e", 2);
  pb::WatchRolloutResponse message;
  ASSERT_TRUE(reader->Read(&message));
  ASSERT_EQ(message.events_size(), 1);
  EXPECT_EQ(message.events(0).text(), "three");
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(ControlStreamsTest, AnUnknownRolloutIsNotWatched) {
  const auto reader = Watch("ffff");
  pb::WatchRolloutResponse message;
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ControlStreamsTest, AWatchEndsWhenTheControllerStops) {
  served.coordinator.Commit(TestRollout(), {});
  const auto reader = Watch("7f3c9a1e");
  pb::WatchRolloutResponse message;
  ASSERT_TRUE(reader->Read(&message));
  std::thread stopper([this] { served.Shutdown(); });
  EXPECT_FALSE(reader->Read(&message));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the controller is stopping");
  stopper.join();
  EXPECT_EQ(served.coordinator.Observers(), 0u);
}

TEST_F(ControlStreamsTest, ACancelledWatchUnsubscribes) {
  served.coordinator.Commit(TestRollout(), {});
  const auto reader = Watch("7f3c9a1e");
  pb::WatchRolloutResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(served.coordinator.Observers(), 1u);
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Eventually([this] { return served.coordinator.Observers() == 0; }));
}

// A reader that went away without a word while a message was being written.
TEST_F(ControlStreamsTest, ManyWatchersComeAndGo) {
  rollout::Rollout rollout = TestRollout();
  served.coordinator.Commit(rollout, {Line("0")});
  for (int i = 0; i < 50; ++i) {
    grpc::ClientContext own;
    pb::WatchRolloutRequest request;
    request.set_id("7f3c9a1e");
    const auto reader = rollouts->WatchRollout(&own, request);
    if (i % 2 == 0) {
      pb::WatchRolloutResponse message;
      EXPECT_TRUE(reader->Read(&message));
    }
    served.coordinator.Commit(rollout, {Line("more")});
    own.TryCancel();
    reader->Finish();
  }
  EXPECT_TRUE(Eventually([this] { return served.coordinator.Observers() == 0; }));
}

TEST_F(ControlStreamsTest, EventsAreWatchedWithoutAGap) {
  served.coordinator.Commit(TestRollout(), {Line("1"), Line("2")});
  pb::WatchEventsRequest request;
  request.set_since_sequence(1);
  const auto reader = events->WatchEvents(&context, request);
  pb::WatchEventsResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.event().sequence(), 2u);
  std::thread writer([this] {
    for (int i = 3; i <= 1000; ++i) {
      served.coordinator.Commit(TestRollout(), {Line(std::to_string(i))});
    }
  });
  for (uint64_t i = 3; i <= 1000; ++i) {
    ASSERT_TRUE(reader->Read(&message));
    ASSERT_EQ(message.event().sequence(), i);
  }
  writer.join();
  context.TryCancel();
  reader->Finish();
  EXPECT_TRUE(Eventually([this] { return served.coordinator.Observers() == 0; }));
}

TEST_F(ControlStreamsTest, HostsAreWatched) {
  served.fleet.Put({TestHost("h1"), false, {}, {}});
  const auto reader = fleet->WatchHosts(&context, {});
  pb::WatchHostsResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.host().name(), "h1");
  auto away = TestHost("h1");
  away.connected = false;
  served.fleet.Put({away, false, {}, {}});
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_FALSE(message.host().connected());
  context.TryCancel();
  reader->Finish();
  EXPECT_TRUE(Eventually([this] { return served.fleet.Observers() == 0; }));
}

pb::TailLogRequest LogRequest(const std::string& host) {
  pb::TailLogRequest request;
  request.set_host(host);
  request.set_project("search");
  request.set_service("opensearch");
  return request;
}

TEST_F(ControlStreamsTest, TheEndOfALog) {
  served.fleet.Put({TestHost("h1"), false, {}, {}});
  served.agents.log = {"a", "b", "c"};
  auto request = LogRequest("h1");
  request.set_lines(2);
  const auto reader = fleet->TailLog(&context, request);
  pb::TailLogResponse message;
  ASSERT_TRUE(reader->Read(&message));
  ASSERT_EQ(message.lines_size(), 2);
  EXPECT_EQ(message.lines(0), "b");
  EXPECT_TRUE(message.gap());
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(ControlStreamsTest, AFollowedLogDropsTheOldestForASlowReaderAndSaysSo) {
  served.fleet.Put({TestHost("h1"), false, {}, {}});
  auto request = LogRequest("h1");
  request.set_follow(true);
  const auto reader = fleet->TailLog(&context, request);
  const auto followed = [this] {
    const std::lock_guard lock(served.agents.mutex);
    return static_cast<bool>(served.agents.sink);
  };
  ASSERT_TRUE(Eventually(followed));
  const std::string padding(1000, '.');
  constexpr int kLines = 20'000;
  for (int i = 1; i <= kLines; ++i) {
    ASSERT_TRUE(served.agents.sink({{padding + std::to_string(i)}, false}));
  }
  served.agents.follow_done(OkStatus());
  pb::TailLogResponse message;
  bool gap = false;
  int lines = 0;
  std::string last;
  while (reader->Read(&message)) {
    gap = gap || message.gap();
    lines += message.lines_size();
    if (message.lines_size() > 0) last = message.lines(message.lines_size() - 1);
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_TRUE(gap);
  EXPECT_LT(lines, kLines);
  EXPECT_EQ(last, padding + std::to_string(kLines));
  EXPECT_TRUE(Eventually([this] { return !served.agents.sink({{"x"}, false}); }));
}

TEST_F(ControlStreamsTest, ALogThatIsNotThereNamesWhatIs) {
  served.fleet.Put({TestHost("h1"), false, {}, {}});
  auto away = TestHost("h2");
  away.connected = false;
  served.fleet.Put({away, false, {}, {}});
  const auto end = [this](const pb::TailLogRequest& request) {
    grpc::ClientContext own;
    const auto reader = fleet->TailLog(&own, request);
    pb::TailLogResponse message;
    EXPECT_FALSE(reader->Read(&message));
    return reader->Finish();
  };
  auto request = LogRequest("h1");
  request.set_service("nothing");
  EXPECT_EQ(end(request).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(end(request).error_message(), HasSubstr("there is opensearch"));
  request.set_project("other");
  EXPECT_THAT(end(request).error_message(), HasSubstr("there is search"));
  EXPECT_EQ(end(LogRequest("h2")).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(end(LogRequest("h3")).error_code(), grpc::StatusCode::NOT_FOUND);
}

rollout::SnapshotView Seen(const std::string& state, int done) {
  rollout::SnapshotView snapshot;
  snapshot.repository = "backups";
  snapshot.state = state;
  snapshot.shards_done = done;
  snapshot.shards_total = 20;
  return snapshot;
}

TEST_F(ControlStreamsTest, ASnapshotIsFollowedToItsEnd) {
  served.cluster_api->repository.exists = true;
  served.cluster_api->snapshots = {Seen("IN_PROGRESS", 5), Seen("IN_PROGRESS", 12),
                                   Seen("SUCCESS", 20)};
  ASSERT_TRUE(served.clusters.PutCluster({"search", "search repo=backups", {}}).ok());
  pb::CreateSnapshotRequest request;
  request.set_cluster("search");
  const auto reader = snapshots->CreateSnapshot(&context, request);
  std::vector<std::string> states;
  pb::CreateSnapshotResponse message;
  while (reader->Read(&message)) states.push_back(message.snapshot().state());
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(states, (std::vector<std::string>{"IN_PROGRESS", "IN_PROGRESS", "SUCCESS"}));
  EXPECT_EQ(message.snapshot().name(), "drover-20270115-080000");
}

TEST_F(ControlStreamsTest, ASnapshotThatEndsBadlyIsAnError) {
  served.cluster_api->repository.exists = true;
  auto partial = Seen("PARTIAL", 19);
  partial.failures = {"logs[0]: disk full"};
  served.cluster_api->snapshots = {partial};
  ASSERT_TRUE(served.clusters.PutCluster({"search", "search repo=backups", {}}).ok());
  pb::CreateSnapshotRequest request;
  request.set_cluster("search");
  request.set_name("mine");
  const auto reader = snapshots->CreateSnapshot(&context, request);
  pb::CreateSnapshotResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_FALSE(reader->Read(&message));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "snapshot mine ended as PARTIAL: logs[0]: disk full");
}

TEST_F(ControlStreamsTest, ASnapshotOfATakenNameIsNotBegun) {
  served.cluster_api->repository.exists = true;
  ASSERT_TRUE(served.clusters.PutCluster({"search", "search repo=backups", {}}).ok());
  pb::CreateSnapshotRequest request;
  request.set_cluster("search");
  request.set_name("taken");
  const auto reader = snapshots->CreateSnapshot(&context, request);
  pb::CreateSnapshotResponse message;
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::ALREADY_EXISTS);
}

}  // namespace
}  // namespace drover::api
