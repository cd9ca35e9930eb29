// Upgrades to the next major version, and clusters with the security plugin.
#include <gmock/gmock.h>

#include "tests/lab/roll_fixture.h"

namespace drover::lab {
namespace {

using testing::HasSubstr;
using testing::Not;

class MajorTest : public RollTest {};

TEST_F(MajorTest, FromTwoNineteenToThreeEight) {
  ASSERT_NO_FATAL_FAILURE(Bring("major", "2.19.1", {"3.8.0"}));
  Roll("3.8.0", {"--accept-no-return"});
}

class SecuredTest : public RollTest {
 protected:
  // The password is in no log, no event, no database and no process's arguments.
  void ExpectNoSecret() {
    const Outcome found =
        Execute({"grep", "-rlF", "--binary-files=text", kPassword, LabHome() + "/drover"});
    EXPECT_EQ(found.exit_code, 1) << "the password is in " << found.out << found.err;
    const Outcome events = Drover({"events", "-o", "ndjson"});
    EXPECT_THAT(events.out, Not(HasSubstr(kPassword)));
  }
  static constexpr char kPassword[] = "lab-Secret-7f3c91";
};

TEST_F(SecuredTest, RollsAndKeepsItsPasswordToItself) {
  ASSERT_NO_FATAL_FAILURE(
      Bring("secured", "2.19.3", {"2.19.4"}, {"--style", "env"}, "opensearch-security"));
  Roll("2.19.4");
  ExpectNoSecret();
}

using LongSecuredTest = SecuredTest;
TEST_F(LongSecuredTest, ToTheNextMajorVersion) {
  ASSERT_NO_FATAL_FAILURE(
      Bring("secured", "2.19.4", {"3.4.0"}, {"--style", "quoted"}, "opensearch-security"));
  Roll("3.4.0", {"--accept-no-return"});
  ExpectNoSecret();
}

}  // namespace
}  // namespace drover::lab
