// Hosts whose clocks are an hour off. A host's agent, its Engine and its node share one clock and
// cannot be moved alone on this machine: the controller's is moved instead, so that every host is
// off by as much in the other direction.
#include <gmock/gmock.h>

#include <iostream>

#include "tests/lab/fault_fixture.h"

namespace drover::lab {
namespace {

class ClockFaultTest : public FaultTest {
 protected:
  void TearDown() override {
    FaultTest::TearDown();
    // A certificate of another time is of no use to the next case.
    if (!IsSkipped()) Lab({"drover", "down"});
  }

  void UpgradeWithControllersClock(const std::string& seconds) {
    MustLab({"drover", "down"});
    MustLab({"drover", "controller", "start", "--bin", Program(""), "--clock-shift", seconds});
    MustLab({"drover", "up"});
    ASSERT_NO_FATAL_FAILURE(Begin());

    EXPECT_EQ(AwaitEnd(), 0);
    ExpectUpgraded();
    int refused = 0;
    for (const json& event : feed().Events()) {
      refused += event["kind"] == "operation.ended" && event["fields"]["state"] == "FAILED" ? 1 : 0;
    }
    EXPECT_EQ(refused, 0);
    std::cout << Drover({"host", "ls"}).out;
  }
};

TEST_F(ClockFaultTest, EveryHostIsAnHourBehind) { UpgradeWithControllersClock("3600"); }

class LongClockFaultTest : public ClockFaultTest {};

TEST_F(LongClockFaultTest, EveryHostIsAnHourAhead) { UpgradeWithControllersClock("-3600"); }

}  // namespace
}  // namespace drover::lab
