#include "controller/driver/event_intake.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

namespace drover::driver {
namespace {

TEST(EventIntakeTest, AFullDiskLosesNoEventAndKeepsTheirOrder) {
  SystemClock clock;
  EventLoop loop(clock);
  EventIntake intake(loop, clock, Millis(1));
  std::string given;
  std::promise<void> done;
  int full = 3;
  loop.Post([&] {
    intake.Take([&]() -> Status {
      if (--full > 0) return Unavailable("database or disk is full");
      given += "a";
      return OkStatus();
    });
    EXPECT_EQ(intake.waiting(), 1u);
    intake.Take([&] {
      given += "b";
      return NotFound("its rollout has ended");
    });
    intake.Take([&] {
      given += "c";
      done.set_value();
      return OkStatus();
    });
    EXPECT_EQ(given, "");
  });
  done.get_future().wait();
  EXPECT_EQ(given, "abc");
  EXPECT_EQ(loop.Call<size_t>([&] { return intake.waiting(); }, 9), 0u);
}

TEST(EventIntakeTest, AControllerThatActsNoMoreKeepsNothing) {
  SystemClock clock;
  EventLoop loop(clock);
  EventIntake intake(loop, clock, Millis(1));
  const size_t waiting = loop.Call<size_t>(
      [&] {
        intake.Take([] { return FailedPrecondition("another controller commands"); });
        return intake.waiting();
      },
      9);
  EXPECT_EQ(waiting, 0u);
}

}  // namespace
}  // namespace drover::driver
