// Two controllers: on one data folder, on one socket, on a copy.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/programs/programs.h"

namespace drover::programs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kError = 1;
constexpr int kFenced = 3;

class TwoControllersTest : public ProgramsTest {
 protected:
  void Copy(const std::string& from, const std::string& to) const {
    std::filesystem::copy(File(from), File(to), std::filesystem::copy_options::recursive);
  }

  const int port_ = FreePort();
  const int other_port_ = FreePort();
};

TEST_F(TwoControllersTest, TheSecondOnTheSameDataFolderRefusesAndNamesTheFirst) {
  const auto first = StartController("data", port_);

  const Outcome refused = Execute(ControllerCommand("data", other_port_, "second"));

  EXPECT_EQ(refused.exit_code, kError);
  EXPECT_THAT(refused.text, AllOf(HasSubstr(File("data")), HasSubstr("in use"),
                                  HasSubstr("pid " + std::to_string(first->pid())),
                                  HasSubstr("stop that one first")));
  EXPECT_EQ(Drover("data", {"host", "ls"}).exit_code, 0);
}

TEST_F(TwoControllersTest, TheSecondOnTheSameSocketRefusesAndLeavesItAlone) {
  const auto first = StartController("data", port_);

  const Outcome refused = Execute(ControllerCommand("other", other_port_, "data"));

  EXPECT_EQ(refused.exit_code, kError);
  EXPECT_THAT(refused.text,
              AllOf(HasSubstr(Socket("data")), HasSubstr("in use"),
                    HasSubstr("pid " + std::to_string(first->pid())), HasSubstr("--socket")));
  EXPECT_EQ(Drover("data", {"host", "ls"}).exit_code, 0);
}

TEST_F(TwoControllersTest, ASocketThatAKilledControllerLeftIsNoHindrance) {
  StartController("data", port_)->Kill();
  ASSERT_TRUE(std::filesystem::exists(Socket("data")));
  const auto again = StartController("data", port_);
  EXPECT_EQ(Drover("data", {"host", "ls"}).exit_code, 0);
}

// The machine died, its data were put on another one; then it comes back.
TEST_F(TwoControllersTest, TheOneThatTheAgentsLeftStopsAtTheFirstAgentItSees) {
  StartController("data", port_);
  auto old = StartController("data", port_);
  Join("h1", "data", port_);
  old.reset();
  Copy("data", "copy");
  const auto copy = StartController("copy", other_port_);
  PointAgentAt("h1", other_port_);
  auto agent = StartAgent("h1");
  AwaitObeyed("h1", "0");

  agent.reset();
  old = StartController("data", port_);
  PointAgentAt("h1", port_);
  agent = StartAgent("h1");
  old->AwaitLog("another controller took over");

  const Outcome asked = Drover("data", {"host", "ls"});
  EXPECT_EQ(asked.exit_code, kError);
  EXPECT_THAT(asked.text, AllOf(HasSubstr("h1"), HasSubstr("--take-over")));
  EXPECT_EQ(old->AwaitExit(), kFenced);
  EXPECT_EQ(Drover("copy", {"host", "ls"}).exit_code, 0);

  const Outcome by_hand = Execute(ControllerCommand("data", port_));
  EXPECT_EQ(by_hand.exit_code, kFenced);
  EXPECT_THAT(by_hand.text,
              AllOf(HasSubstr("another controller commands"), HasSubstr("--take-over")));
}

TEST_F(TwoControllersTest, TheOperatorChoosesWhoTakesOverAndTheOtherStops) {
  auto first = StartController("data", port_);
  Join("h1", "data", port_);
  first.reset();
  Copy("data", "copy");
  const auto copy = StartController("copy", other_port_);
  PointAgentAt("h1", other_port_);
  auto agent = StartAgent("h1");
  const std::string of_copy = AwaitObeyed("h1", "0");
  agent.reset();

  first = StartController("data", port_, {"--take-over"});
  PointAgentAt("h1", port_);
  agent = StartAgent("h1");
  AwaitObeyed("h1", of_copy);
  agent.reset();

  PointAgentAt("h1", other_port_);
  agent = StartAgent("h1");
  copy->AwaitLog("another controller took over");
  EXPECT_EQ(copy->AwaitExit(), kFenced);
  EXPECT_EQ(Drover("data", {"host", "ls"}).exit_code, 0);
}

// Nothing was left of the old controller.
TEST_F(TwoControllersTest, AHostThatJoinsANewFleetObeysItsController) {
  {
    const auto lost = StartController("lost", port_);
    Join("h1", "lost", port_);
    const auto agent = StartAgent("h1");
    lost->AwaitLog("host h1 connected");
  }
  const auto fresh = StartController("fresh", other_port_);
  Join("h1", "fresh", other_port_, {"--force"});
  const auto agent = StartAgent("h1");
  fresh->AwaitLog("host h1 connected");
  agent->AwaitLog("this host has joined another fleet");
}

// The time from the restart to the connection of the agent, which a rollout's next action needs.
TEST_F(TwoControllersTest, AnAgentIsBackSoonAfterItsControllerWasKilled) {
  auto controller = StartController("data", port_);
  Join("h1", "data", port_);
  const auto agent = StartAgent("h1");
  controller->AwaitLog("host h1 connected");
  controller->Kill();
  controller = nullptr;
  // As systemd leaves it away, and longer.
  agent->AwaitLog("nothing listens");
  const auto began = std::chrono::steady_clock::now();
  controller = StartController("data", port_);
  controller->AwaitLog("host h1 connected");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

}  // namespace
}  // namespace drover::programs
