#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <future>

#include "tests/unit/opensearch/helpers.h"

namespace drover::opensearch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kGreen[] = R"({"cluster_name":"c","status":"green","timed_out":false,
  "number_of_nodes":3,"number_of_data_nodes":2,"active_primary_shards":4,"active_shards":8,
  "relocating_shards":1,"initializing_shards":2,"unassigned_shards":3,
  "delayed_unassigned_shards":5,"number_of_pending_tasks":6,"number_of_in_flight_fetch":7})";
constexpr char kTimedOut[] = R"({"status":"yellow","timed_out":true,"number_of_nodes":2})";

Reply Root(const std::string& name) {
  return {200, R"({"name":")" + name + R"(","cluster_name":"c","cluster_uuid":"u"})"};
}

// A node that says who it is and answers its health by `health`.
HttpServer::Handler Node(const std::string& name, std::function<Reply()> health) {
  return [name, health = std::move(health)](const SeenRequest& seen) {
    return seen.target == "/" ? Root(name) : health();
  };
}

TEST(AwaitHealth, AsksTheClusterToWait) {
  HttpServer server(Node("os-1", [] { return Reply{200, kGreen}; }));
  const auto health =
      ApiOf(SpecOf({server.url()}))->AwaitHealth({3, "green", true, true}, Millis(1500), {});
  ASSERT_TRUE(health.ok()) << health.status();
  EXPECT_EQ(health->status, "green");
  EXPECT_FALSE(health->timed_out);
  EXPECT_EQ(health->nodes, 3);
  EXPECT_EQ(health->data_nodes, 2);
  EXPECT_EQ(health->active_primary_shards, 4);
  EXPECT_EQ(health->active_shards, 8);
  EXPECT_EQ(health->relocating, 1);
  EXPECT_EQ(health->initializing, 2);
  EXPECT_EQ(health->unassigned, 3);
  EXPECT_EQ(health->delayed_unassigned, 5);
  EXPECT_EQ(health->pending_tasks, 6);
  EXPECT_EQ(health->in_flight_fetch, 7);
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_THAT(server.requests()[0].target,
              AllOf(HasSubstr("/_cluster/health?wait_for_events=languid&timeout="),
                    HasSubstr("&wait_for_nodes=3&wait_for_status=green"
                              "&wait_for_no_initializing_shards=true"
                              "&wait_for_no_relocating_shards=true")));
}

TEST(AwaitHealth, TakesATimeOutForAnAnswer) {
  HttpServer server(Node("os-1", [] { return Reply{408, kTimedOut}; }));
  const auto health = ApiOf(SpecOf({server.url()}))->AwaitHealth({3, ""}, Millis(50), {});
  ASSERT_TRUE(health.ok()) << health.status();
  EXPECT_TRUE(health->timed_out);
  EXPECT_EQ(health->status, "yellow");
  EXPECT_EQ(health->nodes, 2);
}

TEST(AwaitHealth, GoesOnElsewhereWhereTheEndpointDies) {
  std::promise<void> die;
  auto died = die.get_future().share();
  HttpServer first(Node("os-1", [&] {
    died.wait();
    return Reply{200, "", true};
  }));
  HttpServer second(Node("os-2", [] { return Reply{200, kGreen}; }));
  auto api = ApiOf(SpecOf({first.url(), second.url()}));
  auto call = std::async(std::launch::async, [&] {
    return api->AwaitHealth({3, "green"}, Millis(30'000), {});
  });
  ASSERT_TRUE(first.Await("GET /_cluster/health", 1));
  EXPECT_EQ(second.Count("GET /_cluster/health"), 0);
  die.set_value();
  const auto health = call.get();
  ASSERT_TRUE(health.ok()) << health.status();
  EXPECT_EQ(health->status, "green");
  EXPECT_EQ(second.Count("GET /_cluster/health"), 1);
}

TEST(AwaitHealth, DoesNotAskANodeThatIsAboutToStop) {
  HttpServer first(Node("os-1", [] { return Reply{200, kGreen}; }));
  HttpServer second(Node("os-2", [] { return Reply{200, kGreen}; }));
  auto api = ApiOf(SpecOf({first.url(), second.url()}));
  ASSERT_TRUE(api->AwaitHealth({2, ""}, Millis(1000), {"os-1"}).ok());
  EXPECT_EQ(first.Count("GET /_cluster/health"), 0);
  EXPECT_EQ(second.Count("GET /_cluster/health"), 1);
  ASSERT_TRUE(api->AwaitHealth({2, ""}, Millis(1000), {"os-2"}).ok());
  EXPECT_EQ(first.Count("GET /_cluster/health"), 1);
}

TEST(AwaitHealth, AsksANodeThatIsAboutToStopWhereThereIsNoOther) {
  HttpServer only(Node("os-1", [] { return Reply{200, kGreen}; }));
  EXPECT_TRUE(ApiOf(SpecOf({only.url()}))->AwaitHealth({1, ""}, Millis(1000), {"os-1"}).ok());
}

TEST(AwaitHealth, WaitsThroughATimeWithoutAnyEndpoint) {
  std::atomic<int> asked{0};
  HttpServer server(Node("os-1", [&] {
    return ++asked < 3 ? Reply{503, "OpenSearch Security not initialized."} : Reply{200, kGreen};
  }));
  const auto health = ApiOf(SpecOf({server.url()}))->AwaitHealth({3, "green"}, Millis(20'000), {});
  ASSERT_TRUE(health.ok()) << health.status();
  EXPECT_EQ(asked, 3);
}

TEST(AwaitHealth, IsUnavailableInTheEnd) {
  const auto health =
      ApiOf(SpecOf({RefusingUrl(), RefusingUrl()}))->AwaitHealth({3, ""}, Millis(300), {});
  EXPECT_EQ(health.status().code(), StatusCode::kUnavailable);
}

TEST(AwaitHealth, DoesNotWaitForWhatNoTimeMends) {
  HttpServer server(Node("os-1", [] { return Reply{401, ""}; }));
  const auto health = ApiOf(SpecOf({server.url()}))->AwaitHealth({3, ""}, Millis(60'000), {});
  EXPECT_EQ(health.status().code(), StatusCode::kUnauthenticated);
}

}  // namespace
}  // namespace drover::opensearch
