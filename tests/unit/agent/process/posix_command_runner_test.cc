#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "agent/process/command_runner.h"

namespace drover::agent {
namespace {

using std::chrono::steady_clock;

// Test programs are shell texts; the product itself never uses a shell.
Command Script(const std::string& text) { return {{"/bin/sh", "-c", text}, {}, ""}; }

CommandResult RunOk(const Command& command, const RunOptions& options = {}) {
  PosixCommandRunner runner;
  StatusOr<CommandResult> result = runner.Run(command, options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : CommandResult();
}

TEST(PosixCommandRunner, ReturnsOutputAndStatus) {
  const CommandResult result = RunOk({{"/bin/echo", "a b", "$HOME;"}, {}, ""});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "a b $HOME;\n");
  EXPECT_EQ(result.err, "");
  EXPECT_TRUE(result.ok());
}

TEST(PosixCommandRunner, FindsProgramsInThePath) {
  EXPECT_EQ(RunOk({{"true"}, {}, ""}).exit_status, 0);
}

TEST(PosixCommandRunner, ReportsExitStatusAndSignals) {
  EXPECT_EQ(RunOk(Script("exit 7")).exit_status, 7);
  EXPECT_EQ(RunOk(Script("kill -KILL $$")).exit_status, 128 + SIGKILL);
}

TEST(PosixCommandRunner, SaysWhenTheProgramOrFolderIsMissing) {
  PosixCommandRunner runner;
  const auto program = runner.Run({{"/nowhere/at-all"}, {}, ""}, {});
  EXPECT_EQ(program.status().code(), StatusCode::kNotFound) << program.status();
  const auto folder = runner.Run({{"/bin/true"}, {}, "/nowhere"}, {});
  EXPECT_EQ(folder.status().code(), StatusCode::kNotFound) << folder.status();
  EXPECT_NE(Message(folder.status()).find("/nowhere"), std::string::npos);
  EXPECT_EQ(runner.Run({{}, {}, ""}, {}).status().code(), StatusCode::kInvalidArgument);
}

TEST(PosixCommandRunner, SetsEnvironmentAndFolder) {
  ASSERT_EQ(setenv("DROVER_TEST_KEPT", "kept", 1), 0);
  ASSERT_EQ(setenv("DROVER_TEST_CHANGED", "old", 1), 0);
  Command command = Script("echo $DROVER_TEST_KEPT $DROVER_TEST_CHANGED $(pwd)");
  command.environment = {{"DROVER_TEST_CHANGED", "new"}};
  command.working_dir = "/usr";
  EXPECT_EQ(RunOk(command).out, "kept new /usr\n");
}

TEST(PosixCommandRunner, GivesNoInputAndNoOtherDescriptor) {
  int leaked[2];
  ASSERT_EQ(pipe(leaked), 0);  // without CLOEXEC, as a careless library would
  EXPECT_EQ(RunOk(Script("cat; ls /proc/self/fd | wc -l")).out, "4\n");  // 0, 1, 2 and ls's own
  close(leaked[0]);
  close(leaked[1]);
}

TEST(PosixCommandRunner, DrainsBothPipesHoweverMuchComes) {
  RunOptions options;
  options.capture_limit = 1000;
  size_t out_lines = 0;
  size_t err_lines = 0;
  options.on_line = [&](OutputStream stream, const std::string&) {
    ++(stream == OutputStream::kOut ? out_lines : err_lines);
  };
  // Far more than a pipe holds, on one stream and then on the other.
  const CommandResult result =
      RunOk(Script("seq 1 200000 >&2; seq 1 200000; seq 1 1000 >&2"), options);
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(out_lines, 200000u);
  EXPECT_EQ(err_lines, 201000u);
  EXPECT_EQ(result.out.size(), 1000u);
  EXPECT_TRUE(result.out_truncated);
  EXPECT_TRUE(result.err_truncated);
  EXPECT_EQ(result.out.substr(result.out.size() - 7), "200000\n");
}

TEST(PosixCommandRunner, CutsLinesAtEndsAndAtTheirLimit) {
  std::vector<std::string> lines;
  RunOptions options;
  options.on_line = [&](OutputStream, const std::string& line) { lines.push_back(line); };
  RunOk(Script("printf 'a\\rb\\r\\nc\\n\\nlast'; head -c 20000 /dev/zero | tr '\\0' x >&2"),
        options);
  std::vector<std::string> plain;
  size_t longest = 0;
  for (const std::string& line : lines) {
    if (line[0] != 'x') plain.push_back(line);
    longest = std::max(longest, line.size());
  }
  EXPECT_EQ(plain, (std::vector<std::string>{"a", "b", "c", "last"}));
  EXPECT_EQ(longest, 8u * 1024);
}

TEST(PosixCommandRunner, TermsAtTheDeadline) {
  RunOptions options;
  options.grace = Millis(5000);
  options.deadline = steady_clock::now() + Millis(400);
  const auto begun = steady_clock::now();
  const CommandResult result = RunOk({{"sleep", "30"}, {}, ""}, options);
  EXPECT_TRUE(result.timed_out);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.exit_status, 128 + SIGTERM);
  EXPECT_LT(steady_clock::now() - begun, Millis(3000));
}

TEST(PosixCommandRunner, KillsWhatIgnoresTerm) {
  RunOptions options;
  options.grace = Millis(200);
  options.deadline = steady_clock::now() + Millis(600);
  const auto begun = steady_clock::now();
  const CommandResult result =
      RunOk(Script("trap '' TERM; echo ready; while :; do sleep 1; done"), options);
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.exit_status, 128 + SIGKILL);
  EXPECT_EQ(result.out, "ready\n");
  EXPECT_LT(steady_clock::now() - begun, Millis(5000));
}

TEST(PosixCommandRunner, EndsTheWholeGroupWhenCanceled) {
  std::atomic<bool> cancel{false};
  RunOptions options;
  options.cancel = &cancel;
  options.grace = Millis(200);
  std::string child;
  options.on_line = [&](OutputStream, const std::string& line) {
    child = line;
    cancel = true;
  };
  const CommandResult result = RunOk(Script("(trap '' TERM; sleep 60) & echo $!; wait"), options);
  EXPECT_TRUE(result.canceled);
  EXPECT_FALSE(result.timed_out);
  // The group's members are gone or about to be: KILL cannot be ignored.
  const pid_t pid = static_cast<pid_t>(std::stol(child));
  const auto until = steady_clock::now() + Millis(5000);
  bool gone = false;
  while (!gone && steady_clock::now() < until) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
    std::string word;
    std::string state;
    status >> word >> word >> state;
    gone = !status || state == "Z" || state == "X";
    std::this_thread::yield();
  }
  EXPECT_TRUE(gone) << pid;
}

TEST(PosixCommandRunner, DoesNotWaitForAGrandchildThatKeepsThePipe) {
  const auto begun = steady_clock::now();
  const CommandResult result = RunOk(Script("sleep 20 & echo done"));
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "done\n");
  EXPECT_LT(steady_clock::now() - begun, Millis(5000));
}

TEST(PosixCommandRunner, RunsManyAtOnce) {
  PosixCommandRunner runner;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&runner, &good, i] {
      for (int j = 0; j < 10; ++j) {
        const std::string word = std::to_string(i * 100 + j);
        const auto result = runner.Run({{"/bin/echo", word}, {}, ""}, {});
        if (result.ok() && result->out == word + "\n") ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 80);
}

}  // namespace
}  // namespace drover::agent
