// The controller's machine is gone for good in the middle of an upgrade, and another one goes on.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/lab/fault_fixture.h"

namespace drover::lab {
namespace {

using testing::HasSubstr;

class LongAdoptTest : public FaultTest {
 protected:
  // Nothing of the old controller is left: neither its data nor its authority. Each agent joins the
  // new one as its host's owner does it, `drover-agent join --force`.
  void ReplaceController() {
    KillController();
    std::filesystem::remove_all(LabHome() + "/drover/controller");
    MustLab({"drover", "up"});
    const Outcome apply = Drover({"cluster", "apply", LabHome() + "/clusters/" + kName + ".yaml"});
    ASSERT_EQ(apply.exit_code, 0) << apply.out << apply.err;
  }

  // ExpectUpgraded, but for what the old controller's events would say.
  void ExpectAllAtTheTarget() {
    const json found = ExpectKept();
    EXPECT_EQ(found["health"], "green");
    EXPECT_EQ(found["versions"]["after"].size(), 3u);
    for (const auto& [node, version] : found["versions"]["after"].items()) {
      EXPECT_EQ(version, to_) << node;
    }
    EXPECT_EQ(found["snapshot"]["state"], "SUCCESS") << found["snapshot"];
  }
};

TEST_F(LongAdoptTest, AnotherControllerGoesOnFromTheSnapshot) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  feed().Await("the first member's join", Step("JOINED"));
  ASSERT_TRUE(std::filesystem::exists(LabHome() + "/drover/controller"));
  ASSERT_NO_FATAL_FAILURE(ReplaceController());

  const Outcome adopt = Drover({"cluster", "adopt", kName, "--yes"});

  EXPECT_EQ(adopt.exit_code, 0) << adopt.out << adopt.err;
  EXPECT_THAT(adopt.Text(), HasSubstr("drover-"));
  ExpectAllAtTheTarget();
}

// An upgrade that has ended is adopted once more: every member is where it is to be.
TEST_F(LongAdoptTest, AnUpgradeThatHasEndedIsFoundDone) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  EXPECT_EQ(AwaitEnd(), 0);
  ASSERT_NO_FATAL_FAILURE(ReplaceController());

  const Outcome adopt = Drover({"cluster", "adopt", kName, "--yes"});

  EXPECT_EQ(adopt.exit_code, 0) << adopt.out << adopt.err;
  ExpectAllAtTheTarget();
}

}  // namespace
}  // namespace drover::lab
