#include "tests/programs/programs.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "agent/process/command_runner.h"
#include "common/base/status.h"

namespace drover::programs {
namespace {

using std::chrono::steady_clock;

constexpr Millis kPatience{20'000};
constexpr Millis kLook{20};

std::string OneLine(const std::string& text) {
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) line += (line.empty() ? "" : " ") + word;
  return line;
}

}  // namespace

Outcome Execute(const Arguments& argv) {
  agent::RunOptions options;
  options.deadline = steady_clock::now() + kPatience;
  agent::PosixCommandRunner runner;
  const auto result = runner.Run({argv, {}, ""}, options);
  if (!result.ok()) {
    ADD_FAILURE() << argv.front() << ": " << Message(result.status());
    return {};
  }
  EXPECT_FALSE(result->timed_out) << argv.front() << " did not end";
  return {result->exit_status, OneLine(result->out + " " + result->err)};
}

std::string Program(const std::string& name) {
  return std::string(DROVER_BINARY_DIR) + "/bin/" + name;
}

int FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

void WaitUntil(const std::string& what, const std::function<bool()>& condition) {
  const auto end = steady_clock::now() + kPatience;
  while (!condition()) {
    if (steady_clock::now() > end) {
      ADD_FAILURE() << what << ": not within " << FormatDuration(kPatience);
      return;
    }
    std::this_thread::sleep_for(kLook);
  }
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Daemon::Daemon(const Arguments& argv, std::string log_path) : log_path_(std::move(log_path)) {
  Arguments command = argv;
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
  EXPECT_EQ(error, 0) << argv.front() << ": " << std::strerror(error);
  if (error != 0) pid_ = -1;
}

Daemon::~Daemon() {
  if (pid_ <= 0 || HasEnded()) return;
  ::kill(pid_, SIGTERM);
  const auto end = steady_clock::now() + Millis(10'000);
  while (!HasEnded()) {
    if (steady_clock::now() > end) ::kill(pid_, SIGKILL);
    std::this_thread::sleep_for(kLook);
  }
}

bool Daemon::HasEnded() {
  int status = 0;
  if (!exit_code_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return exit_code_.has_value();
}

void Daemon::AwaitLog(const std::string& text) {
  const auto said = [&] { return Log().find(text) != std::string::npos; };
  WaitUntil("`" + text + "` in " + log_path_, [&] { return said() || HasEnded(); });
  if (!said()) ADD_FAILURE() << log_path_ << ":\n" << Log();
}

int Daemon::AwaitExit() {
  WaitUntil("the end of what logs to " + log_path_, [this] { return HasEnded(); });
  return exit_code_.value_or(-1);
}

void Daemon::Kill() {
  ::kill(pid_, SIGKILL);
  AwaitExit();
}

std::string ProgramsTest::Empty() const {
  std::ofstream(File("empty.yaml")).flush();
  return File("empty.yaml");
}

Arguments ProgramsTest::ControllerCommand(const std::string& name, int port,
                                          const std::string& socket) const {
  const std::string address = "127.0.0.1:" + std::to_string(port);
  return {Program("drover-controller"),  "--config=" + Empty(),
          "--data-folder=" + File(name), "--socket=" + Socket(socket.empty() ? name : socket),
          "--listen=" + address,         "--advertise=" + address};
}

std::unique_ptr<Daemon> ProgramsTest::StartController(const std::string& name, int port,
                                                      const Arguments& more) {
  Arguments argv = ControllerCommand(name, port);
  argv.insert(argv.end(), more.begin(), more.end());
  auto daemon = std::make_unique<Daemon>(argv, File("log" + std::to_string(++daemons_)));
  daemon->AwaitLog("serves agents");
  return daemon;
}

Outcome ProgramsTest::Drover(const std::string& controller, const Arguments& arguments) const {
  Arguments argv = {Program("drover"), "--address", "unix://" + Socket(controller)};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return Execute(argv);
}

void ProgramsTest::Join(const std::string& name, const std::string& controller, int port,
                        const Arguments& more) {
  const Outcome made = Drover(controller, {"token", "create", "-o", "json"});
  ASSERT_EQ(made.exit_code, 0) << made.text;
  const size_t at = made.text.find("DROVER-1-");
  ASSERT_NE(at, std::string::npos) << made.text;
  const std::string token = made.text.substr(at, made.text.find_first_of("\" ", at) - at);
  Arguments argv = {Program("drover-agent"),
                    "--state-dir",
                    File(name),
                    "join",
                    "--token",
                    token,
                    "--name",
                    name,
                    "127.0.0.1:" + std::to_string(port)};
  argv.insert(argv.end(), more.begin(), more.end());
  const Outcome joined = Execute(argv);
  ASSERT_EQ(joined.exit_code, 0) << joined.text;
}

std::unique_ptr<Daemon> ProgramsTest::StartAgent(const std::string& name) {
  return std::make_unique<Daemon>(
      Arguments{Program("drover-agent"), "--state-dir", File(name), "--policy", Empty()},
      File("log" + std::to_string(++daemons_)));
}

std::string ProgramsTest::AwaitObeyed(const std::string& name, const std::string& before) const {
  std::string epoch;
  WaitUntil(name + " to obey another controller than the one of epoch " + before, [&] {
    const std::string text =
        Execute({Program("drover-agent"), "--state-dir", File(name), "status"}).text;
    const size_t at = text.find("epoch ");
    epoch = at == std::string::npos ? "0" : text.substr(at + 6, text.find(',', at) - at - 6);
    return epoch != "0" && epoch != before;
  });
  return epoch;
}

void ProgramsTest::PointAgentAt(const std::string& name, int port) {
  const std::string path = File(name) + "/identity.json";
  std::string text = ReadText(path);
  const size_t at = text.find("127.0.0.1:");
  ASSERT_NE(at, std::string::npos) << text;
  const size_t end = text.find('"', at);
  text.replace(at, end - at, "127.0.0.1:" + std::to_string(port));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

}  // namespace drover::programs
