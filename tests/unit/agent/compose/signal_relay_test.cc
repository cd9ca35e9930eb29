#include "agent/compose/signal_relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/compose/host_fixture.h"

namespace drover::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A host whose container has a shell as its main process, as images up to 2.14 do.
class SignalRelayTest : public HostTest {
 protected:
  SignalRelayTest() {
    engine_.processes["c1"] = {{100, 7, "opensearch-dock"}, {120, 100, "java"}, {130, 120, "ml"}};
    ComposeVerbs::Parts parts{&engine_, &compose_,           &policy_,
                              &clock_,  folder_.At("state"), Variables::Environment(),
                              Millis(1)};
    parts.terminate = [this](int64_t pid, const std::function<bool()>& is_still_it) {
      const std::lock_guard<std::mutex> lock(mutex_);
      tried_ = true;
      tried_or_not_.notify_all();
      if (refuse_) return PermissionDenied("process 120: not permitted");
      if (is_still_it()) ended_.push_back(pid);
      return OkStatus();
    };
    verbs_ = std::make_unique<ComposeVerbs>(parts);
    instead_ = [this](const std::string&) { return Stop(); };
  }

  // The Engine signals the main process; the container ends once its server has ended.
  StatusOr<CommandResult> Stop() {
    engine_.Signal({"container", "kill", "c1", {{"signal", "15"}}, clock_.now});
    std::unique_lock<std::mutex> lock(mutex_);
    const bool tried = tried_or_not_.wait_for(lock, std::chrono::seconds(expects_ ? 20 : 0),
                                              [this] { return tried_; });
    engine_.containers[0].state = "exited";
    engine_.containers[0].exit_code = tried && !refuse_ ? 143 : 137;
    return CommandResult();
  }

  v1::OperationEnd RunStop(const std::string& process) {
    v1::StartOperation order = StopOrder();
    order.mutable_verb()->mutable_stop_service()->set_process(process);
    return Run(order);
  }

  std::mutex mutex_;
  std::condition_variable tried_or_not_;
  bool tried_ = false;
  std::vector<int64_t> ended_;
  bool expects_ = true, refuse_ = false;
};

TEST_F(SignalRelayTest, TheServerBelowAShellGetsTheSignal) {
  const v1::OperationEnd end = RunStop("java");
  EXPECT_THAT(ended_, ElementsAre(120));
  EXPECT_EQ(end.stop_service().exit_code(), 143);
  EXPECT_EQ(end.stop_service().passed_on(), "SIGTERM passed on to java (process 120)");
}

TEST_F(SignalRelayTest, AServerThatIsTheMainProcessIsLeftToTheEngine) {
  engine_.processes["c1"] = {{100, 7, "java"}, {130, 100, "controller"}};
  expects_ = false;
  EXPECT_EQ(RunStop("java").stop_service().passed_on(), "");
  EXPECT_THAT(ended_, IsEmpty());
}

TEST_F(SignalRelayTest, WithoutAProcessNothingIsPassedOn) {
  expects_ = false;
  EXPECT_EQ(RunStop("").stop_service().passed_on(), "");
  EXPECT_THAT(ended_, IsEmpty());
}

TEST_F(SignalRelayTest, ARefusalIsSaid) {
  refuse_ = true;
  const v1::OperationEnd end = RunStop("java");
  EXPECT_THAT(
      end.stop_service().passed_on(),
      HasSubstr("could not be passed on to java (process 120): process 120: not permitted"));
  EXPECT_EQ(end.stop_service().exit_code(), 137);
}

}  // namespace
}  // namespace drover::agent
