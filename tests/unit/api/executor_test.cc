#include "controller/api/executor.h"

#include <gtest/gtest.h>

#include <future>

namespace drover::api {
namespace {

TEST(ExecutorTest, RunsDelayedJobsInTheOrderOfTheirTime) {
  Executor executor(1, 10);
  std::promise<void> last;
  std::vector<int> order;
  ASSERT_TRUE(executor.Post(
      [&] {
        order.push_back(2);
        last.set_value();
      },
      Millis(30)));
  ASSERT_TRUE(executor.Post([&] { order.push_back(1); }));
  last.get_future().wait();
  executor.Shutdown();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(ExecutorTest, OneLongJobDoesNotHoldUpAnother) {
  Executor executor(2, 10);
  std::promise<void> release, ran;
  const auto released = release.get_future().share();
  ASSERT_TRUE(executor.Post([released] { released.wait(); }, Millis(20)));
  ASSERT_TRUE(executor.Post([&] { ran.set_value(); }, Millis(20)));
  EXPECT_EQ(ran.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  release.set_value();
}

TEST(ExecutorTest, ShutdownRunsWhatIsDueAndDropsTheRest) {
  Executor executor(1, 10);
  std::promise<void> release;
  const auto released = release.get_future().share();
  bool due = false, later = false;
  ASSERT_TRUE(executor.Post([released] { released.wait(); }));
  ASSERT_TRUE(executor.Post([&] { due = true; }));
  ASSERT_TRUE(executor.Post([&] { later = true; }, Millis(3'600'000)));
  release.set_value();
  executor.Shutdown();
  EXPECT_TRUE(due);
  EXPECT_FALSE(later);
  EXPECT_FALSE(executor.Post([] {}));
}

TEST(ExecutorTest, RefusesMoreThanItsLimit) {
  Executor executor(1, 2);
  std::promise<void> release, begun;
  const auto released = release.get_future().share();
  ASSERT_TRUE(executor.Post([&] {
    begun.set_value();
    released.wait();
  }));
  begun.get_future().wait();
  EXPECT_TRUE(executor.Post([] {}));
  EXPECT_TRUE(executor.Post([] {}));
  EXPECT_FALSE(executor.Post([] {}));
  release.set_value();
}

}  // namespace
}  // namespace drover::api
