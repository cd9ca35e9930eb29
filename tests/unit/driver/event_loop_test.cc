#include "controller/driver/event_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "controller/driver/reactions.h"
#include "controller/driver/worker_pool.h"

namespace drover::driver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(EventLoopTest, RunsTasksInOrder) {
  SystemClock clock;
  EventLoop loop(clock);
  std::vector<int> seen;
  for (int i = 0; i < 3; ++i) loop.Post([&seen, i] { seen.push_back(i); });
  loop.Call<bool>([] { return true; }, false);
  EXPECT_THAT(seen, ElementsAre(0, 1, 2));
}

TEST(EventLoopTest, TimersRunWhenTheyAreDueAndInTheirOrder) {
  SystemClock clock;
  EventLoop loop(clock);
  const Time now = clock.Now();
  std::vector<int> seen;
  std::promise<void> last;
  loop.PostAt(now + Millis(40), [&] {
    seen.push_back(2);
    EXPECT_GE(clock.Now(), now + Millis(40));
    last.set_value();
  });
  loop.PostAt(now + Millis(10), [&] { seen.push_back(1); });
  last.get_future().wait();
  EXPECT_THAT(seen, ElementsAre(1, 2));
}

TEST(EventLoopTest, AfterStopCallsFallBack) {
  SystemClock clock;
  EventLoop loop(clock);
  loop.Stop();
  EXPECT_FALSE(loop.Post([] {}));
  EXPECT_EQ(loop.Call<int>([] { return 1; }, 2), 2);
}

TEST(WorkerPoolTest, JobsRunSideBySideUpToTheLimit) {
  WorkerPool pool(2);
  std::promise<void> first, second;
  std::shared_future<void> first_done = first.get_future().share();
  // The first job waits for the second: with one thread alone this would not end.
  std::promise<void> both;
  pool.Run([&] {
    second.get_future().wait();
    both.set_value();
  });
  pool.Run([&] { second.set_value(); });
  EXPECT_EQ(both.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST(WorkerPoolTest, StopWaitsForRunningJobsAndTakesNoMore) {
  WorkerPool pool(1);
  std::promise<void> begun;
  std::atomic<bool> ended{false};
  pool.Run([&] {
    begun.set_value();
    ended = true;
  });
  begun.get_future().wait();
  pool.Stop();
  EXPECT_TRUE(ended);
  bool ran = false;
  pool.Run([&] { ran = true; });
  EXPECT_FALSE(ran);
}

TEST(ReactionsTest, SummarisesAndForgets) {
  Reactions reactions;
  const RolloutId id("7f3c9a1e");
  EXPECT_EQ(reactions.TakeSummary(id), "");
  for (int i = 1; i <= 100; ++i) reactions.Add(id, i);
  EXPECT_THAT(reactions.TakeSummary(id), HasSubstr("n=100 p50=51.0 ms p99=99.0 ms"));
  EXPECT_EQ(reactions.TakeSummary(id), "");
}

}  // namespace
}  // namespace drover::driver
