#include <nlohmann/json.hpp>
#include <thread>

#include "tests/unit/cli/fake_control.h"

namespace drover::cli {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A log of five events, handed out two at a time.
class EventsTest : public CliTest {
 protected:
  EventsTest() {
    events_.list = [](const v1::ListEventsRequest& request, v1::ListEventsResponse& response) {
      uint64_t sequence = request.since_sequence();
      while (sequence < 5 && response.events_size() < 2) {
        response.add_events()->set_sequence(++sequence);
      }
      response.set_next_sequence(sequence);
      response.set_more(sequence < 5);
      return grpc::Status::OK;
    };
  }
};

TEST_F(EventsTest, AllPagesInOrder) {
  const Result result = Run({"events", "-o", "ndjson"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  std::istringstream lines(result.out);
  int expected = 0;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_EQ(nlohmann::json::parse(line)["sequence"], ++expected);
  }
  EXPECT_EQ(expected, 5);
}

TEST_F(EventsTest, SinceGoesOnAfterThat) {
  const Result result = Run({"events", "--since", "3", "-o", "json"});
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["events"].size(), 2U);
  EXPECT_EQ(json["next_sequence"], "5");
}

TEST_F(EventsTest, AServerThatDoesNotGoOnIsNotAskedForEver) {
  events_.list = [](const v1::ListEventsRequest&, v1::ListEventsResponse& response) {
    response.set_more(true);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"events"}).exit, Exit::kOk);
}

TEST_F(EventsTest, FollowGoesOnWhereTheListEndedAndAfterALoss) {
  std::vector<uint64_t> since;
  events_.watch = [&](grpc::ServerContext* context, const v1::WatchEventsRequest& request,
                      grpc::ServerWriter<v1::WatchEventsResponse>* writer) {
    since.push_back(request.since_sequence());
    v1::WatchEventsResponse message;
    message.mutable_event()->set_sequence(request.since_sequence() + 1);
    writer->Write(message);
    if (since.size() == 1) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "restarting");
    while (!interrupts_.Trigger()) std::this_thread::yield();
    while (!context->IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return grpc::Status::CANCELLED;
  };
  const Result result = Run({"events", "--follow", "-o", "ndjson"});
  EXPECT_EQ(result.exit, Exit::kWatchEnded);
  EXPECT_EQ(since, (std::vector<uint64_t>{5, 6}));
  EXPECT_TRUE(Has(result.err, "drover events --follow --since ")) << result.err;
}

TEST_F(EventsTest, FollowHasNoJson) {
  EXPECT_EQ(Run({"events", "--follow", "-o", "json"}).exit, Exit::kError);
}

}  // namespace
}  // namespace drover::cli
