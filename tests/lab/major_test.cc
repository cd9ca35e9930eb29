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

using LongMajorTest = MajorTest;

// Indexes that were made in 1.3 are read by 2.x and not by 3.x: they are written anew in between.
TEST_F(LongMajorTest, FromOneThreeByTwoNineteenWithAReindexToThreeEight) {
  ASSERT_NO_FATAL_FAILURE(Bring("path", "1.3.20", {"2.19.4", "3.8.0"}));
  Roll("2.19.4", {"--accept-no-return"});
  const Outcome refused = Drover({"upgrade", "path", "--to", "3.8.0", "--yes"});
  EXPECT_EQ(refused.exit_code, 2) << refused.out << refused.err;
  EXPECT_THAT(refused.Text(), HasSubstr("P9"));
  Arguments reindex = {"index", "reindex", "path", "lab-load", "--yes"};
  const json indices = MustLab({"cluster", "status", "path"}).Json()["indices"];
  for (const auto& [index, docs] : indices.items()) {
    if (index.starts_with("seed-")) reindex.push_back(index);
  }
  const Outcome done = Drover(reindex);
  ASSERT_EQ(done.exit_code, 0) << done.out << done.err;
  const json after = MustLab({"cluster", "status", "path"}).Json()["indices"];
  for (const auto& [index, docs] : indices.items()) {
    if (index.starts_with(".")) continue;
    EXPECT_EQ(after[index], docs) << index;
  }
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
