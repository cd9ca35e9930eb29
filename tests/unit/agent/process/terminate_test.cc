#include "agent/process/terminate.h"

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>

extern char** environ;

namespace drover::agent {
namespace {

class TerminateTest : public testing::Test {
 protected:
  void SetUp() override {
    char program[] = "sleep", limit[] = "60";
    char* argv[] = {program, limit, nullptr};
    ASSERT_EQ(posix_spawnp(&pid_, program, nullptr, nullptr, argv, environ), 0);
  }
  void TearDown() override {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_t pid_ = 0;
};

TEST_F(TerminateTest, EndsTheProcess) {
  const Status sent = Terminate(pid_, [] { return true; });
  ASSERT_TRUE(sent.ok()) << sent;
  int status = 0;
  ASSERT_EQ(waitpid(pid_, &status, 0), pid_);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  EXPECT_EQ(Terminate(pid_, [] { return true; }).code(), StatusCode::kNotFound) << "it is gone";
  pid_ = 0;
}

TEST_F(TerminateTest, LeavesAnotherProcessAlone) {
  EXPECT_EQ(Terminate(pid_, [] { return false; }).code(), StatusCode::kNotFound);
  EXPECT_EQ(waitpid(pid_, nullptr, WNOHANG), 0) << "it runs";
}

}  // namespace
}  // namespace drover::agent
