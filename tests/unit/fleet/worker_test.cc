#include "controller/fleet/worker.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "controller/fleet/token_bucket.h"

namespace drover::fleet {
namespace {

TEST(WorkerTest, RunsInOrderAndDrainsBeforeItStops) {
  Worker worker;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) worker.Run([&order, i] { order.push_back(i); });
  worker.Stop();
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(WorkerTest, DelayedTasksComeByTheirTime) {
  Worker worker;
  std::promise<std::vector<int>> done;
  std::vector<int> order;
  worker.RunAfter(Millis(20), [&] {
    order.push_back(2);
    done.set_value(order);
  });
  worker.RunAfter(Millis(1), [&] { order.push_back(1); });
  worker.Run([&] { order.push_back(0); });
  EXPECT_EQ(done.get_future().get(), (std::vector<int>{0, 1, 2}));
}

TEST(WorkerTest, StopDropsWhatIsNotDue) {
  Worker worker;
  bool ran = false;
  worker.RunAfter(Millis(3'600'000), [&ran] { ran = true; });
  worker.Stop();
  worker.Run([&ran] { ran = true; });
  worker.Stop();
  EXPECT_FALSE(ran);
}

TEST(TokenBucketTest, LetsABurstThroughAndThenOneEachRefill) {
  TokenBucket bucket(2, Millis(100));
  const Time now = FromUnixMillis(1'000'000);
  EXPECT_TRUE(bucket.Take(now));
  EXPECT_TRUE(bucket.Take(now));
  EXPECT_FALSE(bucket.Take(now));
  EXPECT_FALSE(bucket.Take(now + Millis(60)));
  EXPECT_TRUE(bucket.Take(now + Millis(120)));  // the 60 ms counted
  EXPECT_FALSE(bucket.Take(now + Millis(130)));
  EXPECT_FALSE(bucket.Take(now - Millis(10'000)));
  EXPECT_TRUE(bucket.Take(now + Millis(10'000)));
  EXPECT_TRUE(bucket.Take(now + Millis(10'000)));
  EXPECT_FALSE(bucket.Take(now + Millis(10'000)));
}

}  // namespace
}  // namespace drover::fleet
