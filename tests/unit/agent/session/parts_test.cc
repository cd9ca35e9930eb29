// The small parts: backoff, executor, failures in words, identity, notification.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>

#include "agent/session/backoff.h"
#include "agent/session/failure.h"
#include "agent/session/identity.h"
#include "agent/session/keyed_executor.h"
#include "agent/session/notify.h"
#include "common/rpc/limits.h"

namespace drover::agent {
namespace {

constexpr std::chrono::seconds kPatience{20};

TEST(BackoffTest, DoublesFromFirstToMaximumWithFullJitter) {
  Backoff high([] { return 0.999; });
  EXPECT_EQ(high.Next(), Millis(199));
  EXPECT_EQ(high.Next(), Millis(399));
  for (int i = 0; i < 10; ++i) high.Next();
  EXPECT_EQ(high.Next(), Millis(9990));
  high.Reset();
  EXPECT_EQ(high.Next(), Millis(199));
  Backoff low([] { return 0.0; });
  EXPECT_EQ(low.Next(), Millis(0));
}

TEST(BackoffTest, SpreadsOverTheWindow) {
  Backoff backoff([] { return 0.5; });
  backoff.SetWindow(Millis(60'000));
  EXPECT_EQ(backoff.Next(), Millis(30'000));
}

Millis LongestDelay(Millis window) {
  Backoff backoff([] { return 0.9999; });
  backoff.SetWindow(window);
  Millis longest{0};
  for (int i = 0; i < 20; ++i) longest = std::max(longest, backoff.Next());
  return longest;
}

// A controller that was killed is found again by three agents in time for its next action.
TEST(BackoffTest, LongestDelayGrowsWithTheFleet) {
  EXPECT_EQ(LongestDelay(3 * rpc::kReconnectWindowPerAgent), Millis(1'499));
  EXPECT_EQ(LongestDelay(100 * rpc::kReconnectWindowPerAgent), Millis(3'199));
  EXPECT_EQ(LongestDelay(1'000 * rpc::kReconnectWindowPerAgent), Millis(9'999));
  EXPECT_EQ(LongestDelay(10'000 * rpc::kReconnectWindowPerAgent), Millis(79'992));
}

TEST(BackoffTest, IsSlowWhereItWasRefused) {
  Backoff backoff([] { return 0.0; });
  EXPECT_EQ(backoff.NextSlow(), Millis(5'000));
}

TEST(KeyedExecutorTest, IsBoundedAndDropsWhatWaitsAtItsEnd) {
  std::promise<void> gate;
  std::promise<void> began;
  std::atomic<int> ran{0};
  {
    KeyedExecutor executor(1, 2);
    EXPECT_TRUE(executor.Push("a", [&] {
      began.set_value();
      gate.get_future().wait();
    }));
    ASSERT_EQ(began.get_future().wait_for(kPatience), std::future_status::ready);
    EXPECT_TRUE(executor.Push("a", [&] { ++ran; }));
    EXPECT_TRUE(executor.Push("b", [&] { ++ran; }));
    EXPECT_FALSE(executor.Push("c", [&] { ++ran; }));
    executor.Stop();
    EXPECT_FALSE(executor.WaitIdle(Millis(1)));
    gate.set_value();
    EXPECT_TRUE(executor.WaitIdle(kPatience));
    EXPECT_FALSE(executor.Push("a", [&] { ++ran; }));
  }
  EXPECT_EQ(ran, 0);
}

TEST(KeyedExecutorTest, RunsEachKeyInOrderAndAllOfThem) {
  std::mutex mutex;
  std::map<std::string, std::vector<int>> seen;
  std::promise<void> done;
  std::atomic<int> left{300};
  KeyedExecutor executor(4, 1000);
  for (int i = 0; i < 100; ++i) {
    for (const char* key : {"a", "b", "c"}) {
      executor.Push(key, [&, key, i] {
        {
          std::lock_guard lock(mutex);
          seen[key].push_back(i);
        }
        if (--left == 0) done.set_value();
      });
    }
  }
  ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  for (const auto& [key, order] : seen) {
    EXPECT_EQ(order.size(), 100U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end())) << key;
  }
}

TEST(FailureTest, SaysWhatToDo) {
  const auto has = [](const Status& status, const char* part) {
    return ExplainFailure(status, "c:7441").text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(has(Unavailable("Failed to connect to remote host: Connection refused"),
                  "nothing listens at c:7441"));
  EXPECT_TRUE(has(Unavailable("Socket closed"), "suspect TLS"));
  EXPECT_TRUE(has(Unavailable("Ssl handshake failed: SSL_ERROR_SSL: error:0A000086:SSL "
                              "routines::certificate verify failed"),
                  "another authority"));
  EXPECT_TRUE(has(Unavailable("DNS resolution failed for c:7441"), "does not resolve"));
  EXPECT_FALSE(has(Unavailable(std::string(kConnectionLost) + "Socket closed"), "TLS"));
  EXPECT_TRUE(has(PermissionDenied("host is revoked"), "drover-agent join --force"));
  EXPECT_TRUE(ExplainFailure(PermissionDenied("x"), "c").refused);
  EXPECT_FALSE(ExplainFailure(Unavailable("x"), "c").refused);
}

class FolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/drover-parts-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    folder_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

using IdentityTest = FolderTest;

TEST_F(IdentityTest, IsSavedReadableByItsOwnerOnly) {
  const IdentityFile file(folder_ + "/identity.json");
  EXPECT_EQ(file.Load().status().code(), StatusCode::kNotFound);
  const HostIdentity identity{"id-1", "h1", "c:7441", "key\n", "chain\n", "ca\n"};
  ASSERT_TRUE(file.Save(identity).ok());
  EXPECT_EQ(*file.Load(), identity);
  struct stat seen {};
  ASSERT_EQ(::stat(file.path().c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777U, 0600U);
}

TEST_F(IdentityTest, ADamagedFileSaysWhatToDo) {
  const IdentityFile file(folder_ + "/identity.json");
  for (const char* text : {"", "{", "[]", "{\"host_id\":\"x\"}"}) {
    std::ofstream(file.path()) << text;
    EXPECT_EQ(file.Load().status().code(), StatusCode::kDataLoss) << text;
    EXPECT_NE(Message(file.Load().status()).find("join --force"), std::string::npos);
  }
}

TEST(RenewalTimeTest, IsBeforeTwoThirdsOfTheLife) {
  const Time begin = FromUnixMillis(0);
  EXPECT_EQ(RenewalTime(begin, FromUnixMillis(900), 0), FromUnixMillis(450));
  EXPECT_LT(RenewalTime(begin, FromUnixMillis(900), 0.999), FromUnixMillis(600));
}

using NotifyTest = FolderTest;

TEST_F(NotifyTest, WritesToTheSocketOfTheServiceManager) {
  ::unsetenv("NOTIFY_SOCKET");
  EXPECT_TRUE(NotifyServiceManager("READY=1").ok());
  const std::string path = folder_ + "/notify";
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  EXPECT_TRUE(NotifyServiceManager("READY=1").ok());
  ::unsetenv("NOTIFY_SOCKET");
  char text[64] = {};
  EXPECT_EQ(::recv(fd, text, sizeof(text), 0), 7);
  EXPECT_STREQ(text, "READY=1");
  ::close(fd);
}

}  // namespace
}  // namespace drover::agent
