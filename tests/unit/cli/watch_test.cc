// Watching a rollout: exit codes, events, detaching, losing and finding the controller.
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/unit/cli/fake_control.h"

namespace drover::cli {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

v1::WatchRolloutResponse Message(v1::RolloutState state, std::vector<uint64_t> sequences = {}) {
  v1::WatchRolloutResponse message;
  message.mutable_rollout()->set_id("7f3c9a1e");
  message.mutable_rollout()->set_state(state);
  message.mutable_rollout()->add_next_commands("drover host ls");
  for (const uint64_t sequence : sequences) {
    message.mutable_rollout()->set_sequence(sequence);
    v1::Event& event = *message.add_events();
    event.set_sequence(sequence);
    event.set_kind("member.step");
    event.set_text("event " + std::to_string(sequence));
  }
  return message;
}

class WatchTest : public CliTest {
 protected:
  using Writer = grpc::ServerWriter<v1::WatchRolloutResponse>;

  WatchTest() {
    rollouts_.get = [](const v1::GetRolloutRequest&, v1::GetRolloutResponse& response) {
      response.mutable_rollout()->set_id("7f3c9a1e");
      return grpc::Status::OK;
    };
  }

  // The stream holds these messages, then ends.
  void Send(std::vector<v1::WatchRolloutResponse> messages) {
    rollouts_.watch = [messages](grpc::ServerContext*, const v1::WatchRolloutRequest&,
                                 Writer* writer) {
      for (const v1::WatchRolloutResponse& message : messages) writer->Write(message);
      return grpc::Status::OK;
    };
  }

  // The stream says that the rollout runs, calls `then` and stays open until it is cancelled.
  void SendAndHang(std::function<void()> then) {
    rollouts_.watch = [then](grpc::ServerContext* context, const v1::WatchRolloutRequest&,
                             Writer* writer) {
      writer->Write(Message(v1::ROLLOUT_STATE_ROLLING, {1}));
      then();
      while (!context->IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      return grpc::Status::CANCELLED;
    };
  }
};

TEST_F(WatchTest, TheEndGivesTheExitCode) {
  const std::vector<std::pair<v1::RolloutState, Exit>> wanted = {
      {v1::ROLLOUT_STATE_SUCCEEDED, Exit::kOk},
      {v1::ROLLOUT_STATE_FAILED, Exit::kFailed},
      {v1::ROLLOUT_STATE_PAUSED, Exit::kPaused},
      {v1::ROLLOUT_STATE_ROLLED_BACK, Exit::kRolledBack},
      {v1::ROLLOUT_STATE_ABORTED, Exit::kAborted}};
  for (const auto& [state, exit] : wanted) {
    Send({Message(v1::ROLLOUT_STATE_ROLLING), Message(state)});
    const Result result = Run({"rollout", "watch", "7f3c"});
    EXPECT_EQ(result.exit, exit) << v1::RolloutState_Name(state);
    EXPECT_TRUE(Has(result.err, "drover host ls")) << result.err;
  }
}

TEST_F(WatchTest, OneLineAnEventWithoutATerminal) {
  Send({Message(v1::ROLLOUT_STATE_ROLLING, {1, 2}), Message(v1::ROLLOUT_STATE_SUCCEEDED, {3})});
  const Result result = Run({"rollout", "watch", "7f3c"});
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3);
  EXPECT_TRUE(Has(result.out, "event 2\n"));
  EXPECT_FALSE(Has(result.out, "\x1b"));
}

TEST_F(WatchTest, NdjsonIsOneObjectALineAndNothingElse) {
  Send({Message(v1::ROLLOUT_STATE_ROLLING, {1, 2}), Message(v1::ROLLOUT_STATE_FAILED, {3})});
  const Result result = Run({"rollout", "watch", "7f3c", "-o", "ndjson"});
  EXPECT_EQ(result.exit, Exit::kFailed);
  std::istringstream lines(result.out);
  std::vector<int> sequences;
  for (std::string line; std::getline(lines, line);) {
    sequences.push_back(nlohmann::json::parse(line)["sequence"].get<int>());
  }
  EXPECT_EQ(sequences, (std::vector<int>{1, 2, 3}));
}

TEST_F(WatchTest, TheTerminalGetsAScreenAndItsCursorBack) {
  env_.out_is_terminal = true;
  Send({Message(v1::ROLLOUT_STATE_ROLLING, {1}), Message(v1::ROLLOUT_STATE_SUCCEEDED, {2})});
  const Result result = Run({"rollout", "watch", "7f3c"});
  EXPECT_EQ(result.exit, Exit::kOk);
  EXPECT_TRUE(Has(result.out, "\x1b[?25l"));
  EXPECT_TRUE(Has(result.out, "SUCCEEDED"));
  EXPECT_EQ(result.out.substr(result.out.size() - 6), "\x1b[?25h");
  EXPECT_FALSE(Has(result.out, "event 1"));
}

TEST_F(WatchTest, CtrlCDetachesAndSaysHowToLookAgain) {
  // The command may not listen yet when the server already answers.
  SendAndHang([this] {
    while (!interrupts_.Trigger()) std::this_thread::yield();
  });
  const Result result = Run({"rollout", "watch", "7f3c"});
  EXPECT_EQ(result.exit, Exit::kWatchEnded);
  EXPECT_TRUE(Has(result.err, "detached")) << result.err;
  EXPECT_TRUE(Has(result.err, "drover rollout watch 7f3c9a1e")) << result.err;
  EXPECT_FALSE(interrupts_.Trigger());
}

TEST_F(WatchTest, TimeoutEndsTheWatchNotTheRollout) {
  SendAndHang([] {});
  const Result result = Run({"rollout", "watch", "7f3c", "--timeout", "100ms"});
  EXPECT_EQ(result.exit, Exit::kWatchEnded);
  EXPECT_TRUE(Has(result.err, "the rollout goes on")) << result.err;
}

TEST_F(WatchTest, ALostStreamGoesOnWithoutAGap) {
  std::vector<uint64_t> since;
  rollouts_.watch = [&](grpc::ServerContext*, const v1::WatchRolloutRequest& request,
                        Writer* writer) {
    since.push_back(request.since_sequence());
    if (since.size() == 1) {
      writer->Write(Message(v1::ROLLOUT_STATE_ROLLING, {1, 2}));
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "restarting");
    }
    writer->Write(Message(v1::ROLLOUT_STATE_SUCCEEDED, {2, 3}));
    return grpc::Status::OK;
  };
  const Result result = Run({"rollout", "watch", "7f3c"});
  EXPECT_EQ(result.exit, Exit::kOk) << result.err;
  EXPECT_EQ(since, (std::vector<uint64_t>{0, 2}));
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3) << result.out;
  EXPECT_TRUE(Has(result.err, "connection to the controller lost; connecting again, try 1 of 10"))
      << result.err;
  EXPECT_TRUE(Has(result.err, "connected again"));
}

TEST_F(WatchTest, AStreamThatEndsTooEarlyIsOpenedAgain) {
  int calls = 0;
  rollouts_.watch = [&](grpc::ServerContext*, const v1::WatchRolloutRequest&, Writer* writer) {
    writer->Write(++calls < 3 ? Message(v1::ROLLOUT_STATE_ROLLING)
                              : Message(v1::ROLLOUT_STATE_ABORTED));
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"rollout", "watch", "7f3c"}).exit, Exit::kAborted);
  EXPECT_EQ(calls, 3);
}

TEST_F(WatchTest, AControllerThatStaysAwayIsGivenUp) {
  env_.retry_first = Millis(1);
  int calls = 0;
  rollouts_.watch = [&](grpc::ServerContext*, const v1::WatchRolloutRequest&, Writer*) {
    ++calls;
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "restarting");
  };
  const Result result = Run({"rollout", "watch", "7f3c"});
  EXPECT_EQ(result.exit, Exit::kError);
  EXPECT_TRUE(Has(result.err, "try 10 of 10")) << result.err;
  EXPECT_GT(calls, 1);
}

TEST_F(WatchTest, OtherErrorsAreNotTriedAgain) {
  rollouts_.watch = [](grpc::ServerContext*, const v1::WatchRolloutRequest&, Writer*) {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "no rollout 7f3c; there is 11112222");
  };
  const Result result = Run({"rollout", "watch", "7f3c"});
  EXPECT_EQ(result.exit, Exit::kError);
  EXPECT_EQ(result.err, "error: no rollout 7f3c; there is 11112222\n");
}

TEST_F(WatchTest, ResumeWatchesPastThePauseItEnded) {
  rollouts_.resume = [](const v1::ResumeRolloutRequest&, v1::ResumeRolloutResponse& response) {
    *response.mutable_rollout() = Message(v1::ROLLOUT_STATE_PAUSED, {7}).rollout();
    return grpc::Status::OK;
  };
  Send({Message(v1::ROLLOUT_STATE_PAUSED, {7}), Message(v1::ROLLOUT_STATE_ROLLING, {8}),
        Message(v1::ROLLOUT_STATE_SUCCEEDED, {9})});
  EXPECT_EQ(Run({"rollout", "resume", "7f3c", "--watch"}).exit, Exit::kOk);
  Send({Message(v1::ROLLOUT_STATE_PAUSED, {7}), Message(v1::ROLLOUT_STATE_PAUSED, {8})});
  EXPECT_EQ(Run({"rollout", "resume", "7f3c", "--watch"}).exit, Exit::kPaused);
}

TEST_F(WatchTest, ResumeNamesTheMemberToSkip) {
  std::string skip;
  rollouts_.resume = [&](const v1::ResumeRolloutRequest& request, v1::ResumeRolloutResponse&) {
    skip = request.skip();
    return grpc::Status::OK;
  };
  EXPECT_EQ(Run({"rollout", "resume", "7f3c", "--skip", "os-2"}).exit, Exit::kOk);
  EXPECT_EQ(skip, "os-2");
}

TEST_F(WatchTest, AWatchCanGoThroughPauses) {
  Send({Message(v1::ROLLOUT_STATE_PAUSED, {7}), Message(v1::ROLLOUT_STATE_SUCCEEDED, {9})});
  EXPECT_EQ(Run({"rollout", "watch", "7f3c", "--through-pauses"}).exit, Exit::kOk);
}

}  // namespace
}  // namespace drover::cli
