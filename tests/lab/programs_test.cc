// The programs that go onto other people's machines are one file each and need nothing beside it.
#include <gmock/gmock.h>

#include "tests/lab/lab_fixture.h"

namespace drover::lab {
namespace {

using testing::StartsWith;

class ProgramsTest : public LabTest {
 protected:
  // What `program` prints in a container whose image holds that one file.
  Outcome RunAlone(const std::string& program, const std::string& argument) {
    const std::string image = "alone-" + program;
    const std::string tar = LabHome() + "/" + image + ".tar";
    const std::string folder = Program(program).substr(0, Program(program).rfind('/'));
    EXPECT_EQ(Execute({"tar", "-C", folder, "-cf", tar, program}).exit_code, 0);
    MustLab({"host", "exec", "h1", "--", "docker", "import", tar, image});
    const Outcome outcome = Lab({"host", "exec", "h1", "--", "docker", "run", "--rm",
                                 "--network=none", image, "/" + program, argument});
    Lab({"host", "exec", "h1", "--", "docker", "rmi", "--force", image});
    Execute({"rm", "-f", tar});
    return outcome;
  }
};

TEST_F(ProgramsTest, DroverRunsFromScratch) {
  const Outcome outcome = RunAlone("drover", "version");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("drover 0."));
}

TEST_F(ProgramsTest, AgentRunsFromScratch) {
  const Outcome outcome = RunAlone("drover-agent", "--version");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("drover-agent 0."));
}

}  // namespace
}  // namespace drover::lab
