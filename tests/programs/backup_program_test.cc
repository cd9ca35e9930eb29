// A backup of a running controller, started on "another machine" while the old one still runs.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/programs/programs.h"

namespace drover::programs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class BackupProgramTest : public ProgramsTest {
 protected:
  Outcome Controller(const Arguments& command, const std::string& name) const {
    Arguments argv = ControllerCommand(name, port_);
    argv.insert(argv.begin() + 1, command.begin(), command.end());
    return Execute(argv);
  }

  const int port_ = FreePort();
  const int other_port_ = FreePort();
};

TEST_F(BackupProgramTest, TheAgentsObeyTheRestoredControllerAndTheOldOneStops) {
  const auto old = StartController("data", port_);
  Join("h1", "data", port_);
  auto agent = StartAgent("h1");
  const std::string of_old = AwaitObeyed("h1", "0");

  const Outcome backup = Controller({"backup", File("backup")}, "data");
  ASSERT_EQ(backup.exit_code, 0) << backup.text;
  EXPECT_THAT(backup.text, HasSubstr("authority"));
  EXPECT_THAT(Controller({"backup", File("backup")}, "data").text, HasSubstr("--force"));
  const Outcome restored = Controller({"restore", File("backup")}, "new");
  ASSERT_EQ(restored.exit_code, 0) << restored.text;
  agent.reset();

  const auto fresh = StartController("new", other_port_);
  PointAgentAt("h1", other_port_);
  agent = StartAgent("h1");
  AwaitObeyed("h1", of_old);
  EXPECT_THAT(Drover("new", {"host", "ls"}).text, HasSubstr("h1"));
  agent.reset();

  PointAgentAt("h1", port_);
  agent = StartAgent("h1");
  old->AwaitLog("another controller took over");
}

TEST_F(BackupProgramTest, ADataFolderWithoutItsDatabaseIsNoNewFleet) {
  StartController("data", port_);
  std::filesystem::remove(File("data/drover.db"));
  const Outcome refused = Execute(ControllerCommand("data", port_));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.text,
              AllOf(HasSubstr("drover.db is gone"), HasSubstr("drover-controller restore"),
                    HasSubstr("drover cluster adopt")));
}

}  // namespace
}  // namespace drover::programs
