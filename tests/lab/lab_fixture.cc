#include "tests/lab/lab_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "agent/process/command_runner.h"
#include "common/base/status.h"

namespace drover::lab {
namespace {

constexpr int kNoEngine = 77;

std::string LabProgram() { return std::string(DROVER_SOURCE_DIR) + "/tests/lab/lab"; }

std::string Joined(const Arguments& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

bool IsAsWanted(const std::string& name, const std::string& version) {
  const Outcome status = Lab({"cluster", "status", name});
  if (status.exit_code != 0) return false;
  const json found = status.Json();
  if (found["health"]["status"] != "green" || found["nodes"].size() != 3) return false;
  for (const json& node : found["nodes"]) {
    if (node["version"] != version) return false;
  }
  return true;
}

}  // namespace

std::string Outcome::Text() const {
  std::istringstream words(out + " " + err);
  std::string text;
  for (std::string word; words >> word;) text += (text.empty() ? "" : " ") + word;
  return text;
}

json Outcome::Json() const {
  json value = json::parse(out, nullptr, false);
  if (!value.is_discarded()) return value;
  ADD_FAILURE() << command << " printed no JSON: " << out << err;
  return {};
}

Outcome Execute(const Arguments& argv, const Variables& variables, Millis limit) {
  agent::Command command{argv, variables, ""};
  agent::RunOptions options;
  options.deadline = std::chrono::steady_clock::now() + limit;
  agent::PosixCommandRunner runner;
  Outcome outcome;
  outcome.command = Joined(argv);
  auto result = runner.Run(command, options);
  if (!result.ok()) {
    ADD_FAILURE() << outcome.command << ": " << Message(result.status());
    return outcome;
  }
  EXPECT_FALSE(result->timed_out) << outcome.command << " did not end in time";
  outcome.exit_code = result->exit_status;
  outcome.out = std::move(result->out);
  outcome.err = std::move(result->err);
  return outcome;
}

Outcome Lab(const Arguments& arguments, const Variables& variables) {
  Arguments argv = {LabProgram()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return Execute(argv, variables);
}

Outcome MustLab(const Arguments& arguments, const Variables& variables) {
  Outcome outcome = Lab(arguments, variables);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.command << "\n" << outcome.out << outcome.err;
  return outcome;
}

Outcome Drover(const Arguments& arguments) {
  Arguments argv = {Program("drover"), "--address", "unix://" + LabHome() + "/drover/control.sock"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return Execute(argv);
}

std::string Program(const std::string& name) {
  return std::string(DROVER_BINARY_DIR) + "/bin/" + name;
}

std::string LabHome() {
  const char* home = std::getenv("LAB");
  return home != nullptr && *home != '\0' ? home : "/var/lib/drover-lab";
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << "cannot read " << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void WriteText(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.flush();
  EXPECT_TRUE(file) << "cannot write " << path;
}

void WaitUntil(const std::string& what, const std::function<bool()>& condition, Millis limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << what << ": not within " << FormatDuration(limit);
      return;
    }
    std::this_thread::sleep_for(Millis(50));
  }
}

Daemon::Daemon(const Arguments& argv, std::string log_path, const Variables& variables)
    : log_path_(std::move(log_path)) {
  Arguments command = {"/usr/bin/env"};
  for (const auto& [name, value] : variables) command.push_back(name + "=" + value);
  command.insert(command.end(), argv.begin(), argv.end());
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                   0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const int error = ::posix_spawn(&pid_, words.front(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(error, 0) << Joined(argv) << ": " << std::strerror(error);
  if (error != 0) pid_ = -1;
}

Daemon::~Daemon() { End(SIGTERM); }

int Daemon::End(int signal) {
  if (pid_ <= 0) return -1;
  ::kill(pid_, signal);
  int status = 0;
  const auto end = std::chrono::steady_clock::now() + Millis(10'000);
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > end) ::kill(pid_, SIGKILL);
    std::this_thread::sleep_for(Millis(20));
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string Daemon::Log() const { return ReadText(log_path_); }

void Daemon::AwaitLog(const std::string& text) const {
  const auto said = [&] { return Log().find(text) != std::string::npos; };
  WaitUntil("`" + text + "` in " + log_path_, said);
  if (!said()) ADD_FAILURE() << log_path_ << ":\n" << Log();
}

void EnsureLab() {
  MustLab({"up", "--hosts", "3"});
  MustLab(
      {"drover", "up", "--bin", std::string(DROVER_BINARY_DIR) + "/bin", "--hosts", "h1,h2,h3"});
}

void EnsureCluster(const std::string& name, const std::string& version, const Arguments& options) {
  if (IsAsWanted(name, version)) return;
  Lab({"down", "--cluster", name});
  MustLab({"images", version});
  Arguments up = {"cluster", "up", name, "--version", version, "--hosts", "h1,h2,h3"};
  up.insert(up.end(), options.begin(), options.end());
  if (MustLab(up).exit_code != 0) return;
  MustLab({"cluster", "seed", name, "--docs", "4000"});
}

std::string ClusterFile(const std::string& cluster, const std::string& name,
                        const std::string& from, const std::string& to) {
  std::string text = ReadText(LabHome() + "/clusters/" + cluster + ".yaml");
  const auto replace = [&text](const std::string& old, const std::string& fresh) {
    const size_t at = text.find(old);
    if (at == std::string::npos) {
      ADD_FAILURE() << "the cluster file has no `" << old << "`:\n" << text;
      return;
    }
    text.replace(at, old.size(), fresh);
  };
  replace("name: " + cluster + "\n", "name: " + name + "\n");
  if (!from.empty()) replace(from, to);
  const std::string path = LabHome() + "/" + name + ".yaml";
  WriteText(path, text);
  return path;
}

void LabTest::SetUp() {
  const Outcome check = Lab({"check"});
  if (check.exit_code == kNoEngine) GTEST_SKIP() << check.err;
  ASSERT_EQ(check.exit_code, 0) << check.err;
  ASSERT_FALSE(std::ifstream(LabHome() + "/demo"))
      << "the demo is up, and the tests need the lab for themselves: scripts/demo down";
  EnsureLab();
  ASSERT_FALSE(HasFailure()) << "the lab is not up";
}

}  // namespace drover::lab
