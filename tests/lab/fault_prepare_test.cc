// What fails before anything is stopped: the rollout ends as FAILED, and the cluster is as it was.
#include <gmock/gmock.h>

#include <filesystem>
#include <iostream>

#include "tests/lab/fault_fixture.h"

namespace drover::lab {
namespace {

using std::filesystem::perms;
using testing::AnyOf;
using testing::HasSubstr;

constexpr int kFailed = 4;

class PrepareFaultTest : public FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    for (const char* host : {"h1", "h2", "h3"}) ForgetImage(host);
  }

  // Returns why it failed.
  std::string ExpectFailedUntouched() {
    EXPECT_EQ(AwaitEnd(), kFailed);
    const std::string reason = Show()["reason"];
    std::cout << "FAILED " << reason << "\n";
    const json load = MustLab({"load", "stop", kName}).Json();
    EXPECT_EQ(load["verified"], load["acknowledged"]) << load;
    EXPECT_EQ(load["lost"], 0) << load;
    const json found = MustLab({"evidence", "compare", kName}).Json();
    EXPECT_TRUE(found["untouched"]) << found;
    EXPECT_FALSE(feed().Has(Step("STOP")));
    return reason;
  }

  // What failed left nothing behind that keeps the next try from its end.
  void ExpectTheNextTrySucceeds() {
    ASSERT_NO_FATAL_FAILURE(Begin());
    EXPECT_EQ(AwaitEnd(), 0);
    ExpectUpgraded();
  }
};

TEST_F(PrepareFaultTest, TheDiskIsFullWhileAHostPulls) {
  MustLab({"host", "disk", "h2", "full"});
  AtEnd room([] { Lab({"host", "disk", "h2", "free"}); });
  ASSERT_NO_FATAL_FAILURE(Begin());

  EXPECT_THAT(ExpectFailedUntouched(), testing::AllOf(HasSubstr("h2"), HasSubstr("no space left")));
}

TEST_F(PrepareFaultTest, TheSnapshotsFolderCannotBeWritten) {
  const std::string folder = LabHome() + "/snap/" + kName;
  const perms before = std::filesystem::status(folder).permissions();
  AtEnd writable([&] { std::filesystem::permissions(folder, before); });
  ASSERT_NO_FATAL_FAILURE(Begin());
  feed().Await("SNAPSHOTTING", State("SNAPSHOTTING"));
  std::filesystem::permissions(folder, perms::owner_read | perms::owner_exec);

  EXPECT_THAT(ExpectFailedUntouched(), HasSubstr("snapshot"));

  writable.Now();
  ExpectTheNextTrySucceeds();
}

class LongPrepareFaultTest : public PrepareFaultTest {};

TEST_F(LongPrepareFaultTest, TheRegistryGoesAwayDuringThePull) {
  for (const char* host : {"h1", "h2", "h3"}) MustLab({"host", "speed", host, "40mbit"});
  AtEnd again([] {
    Lab({"registry", "start"});
    for (const char* host : {"h1", "h2", "h3"}) Lab({"host", "speed", host, "full"});
  });
  ASSERT_NO_FATAL_FAILURE(Begin());
  feed().Await("SNAPSHOTTING", State("SNAPSHOTTING"));
  MustLab({"registry", "stop"});

  EXPECT_THAT(ExpectFailedUntouched(), HasSubstr("cannot pull"));

  again.Now();
  ExpectTheNextTrySucceeds();
}

}  // namespace
}  // namespace drover::lab
