#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>

#include "agent/process/command_runner.h"

extern char** environ;

namespace drover::agent {
namespace {

using std::chrono::steady_clock;

constexpr size_t kMaxLine = 8 * 1024;
// How often the cancel flag is looked at while a command runs.
constexpr Millis kCancelTick{50};
// How long after its end output is waited for that a grandchild still holds open.
constexpr Millis kLingerAfterExit{300};

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { Reset(); }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void Reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// One output stream: the pipe's reading end, the unfinished line, the kept tail.
class Stream {
 public:
  Stream(OutputStream which, const RunOptions& options, std::string* kept, bool* truncated)
      : which_(which), options_(options), kept_(kept), truncated_(truncated) {}

  Fd& fd() { return fd_; }

  // Reads what is there; closes the pipe at its end.
  void Drain() {
    std::array<char, 16 * 1024> buffer;
    for (int round = 0; round < 16; ++round) {
      const ssize_t n = read(fd_.get(), buffer.data(), buffer.size());
      if (n > 0) {
        Take(buffer.data(), static_cast<size_t>(n));
        continue;
      }
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      fd_.Reset();
      return;
    }
  }

  void Finish() {
    fd_.Reset();
    if (!line_.empty()) EmitLine();
  }

 private:
  void Take(const char* data, size_t size) {
    kept_->append(data, size);
    if (kept_->size() > options_.capture_limit) {
      kept_->erase(0, kept_->size() - options_.capture_limit);
      *truncated_ = true;
    }
    if (!options_.on_line) return;
    for (size_t i = 0; i < size; ++i) {
      if (data[i] == '\n' || data[i] == '\r') {
        if (!line_.empty()) EmitLine();
        continue;
      }
      line_ += data[i];
      if (line_.size() >= kMaxLine) EmitLine();
    }
  }

  void EmitLine() {
    std::string line;
    line.swap(line_);
    if (options_.on_line) options_.on_line(which_, line);
  }

  OutputStream which_;
  const RunOptions& options_;
  std::string* kept_;
  bool* truncated_;
  Fd fd_;
  std::string line_;
};

std::vector<std::string> MergedEnvironment(const Command& command) {
  std::map<std::string, std::string> merged;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const size_t equals = text.find('=');
    if (equals != std::string::npos) merged[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : command.environment) merged[name] = value;
  std::vector<std::string> result;
  result.reserve(merged.size());
  for (const auto& [name, value] : merged) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

Status SystemError(const std::string& what, int error) {
  const std::string message = what + ": " + std::strerror(error);
  if (error == ENOENT || error == ENOTDIR) return NotFound(message);
  if (error == EACCES || error == EPERM) return PermissionDenied(message);
  return Internal(message);
}

Status OpenPipe(Fd* reading, Fd* writing) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return SystemError("Could not make a pipe", errno);
  reading->Reset(ends[0]);
  writing->Reset(ends[1]);
  if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return SystemError("Could not set a pipe", errno);
  return OkStatus();
}

class SpawnSetup {
 public:
  SpawnSetup() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  StatusOr<pid_t> Spawn(const Command& command, int out, int err) {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_,
        static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, out, 1);
    posix_spawn_file_actions_adddup2(&actions_, err, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    if (!command.working_dir.empty()) {
      posix_spawn_file_actions_addchdir_np(&actions_, command.working_dir.c_str());
    }
    std::vector<std::string> arguments = command.argv;
    std::vector<std::string> environment = MergedEnvironment(command);
    const std::vector<char*> argv = Pointers(arguments);
    const std::vector<char*> envp = Pointers(environment);
    pid_t pid = -1;
    const int error =
        posix_spawnp(&pid, argv[0], &actions_, &attributes_, argv.data(), envp.data());
    if (error == 0) return pid;
    std::string what = "Could not run " + command.argv[0];
    if (!command.working_dir.empty()) what += " in " + command.working_dir;
    return SystemError(what, error);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// A running child: waits for its output and its end, signals its group.
class Child {
 public:
  Child(pid_t pid, const RunOptions& options, Stream* out, Stream* err, CommandResult* result)
      : pid_(pid), options_(options), out_(out), err_(err), result_(result) {
#ifdef SYS_pidfd_open
    // Missing before Linux 5.3: then its end is noticed by its pipes or by the tick.
    pidfd_.Reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
#endif
    if (options.deadline) {
      const auto left = *options.deadline - steady_clock::now();
      grace_ = std::min<steady_clock::duration>(options.grace, std::max(left / 2, left * 0));
      term_at_ = *options.deadline - grace_;
      kill_at_ = *options.deadline;
    }
  }

  void WaitToEnd() {
    while (!reaped_ || ((out_->fd().open() || err_->fd().open()) && !LingeredEnough())) {
      Signal();
      WaitForSomething();
      if (!reaped_) TryReap();
    }
    // A group member that outlived the program is not left behind after a cancel or a deadline.
    if (result_->timed_out || result_->canceled) kill(-pid_, SIGKILL);
    out_->Finish();
    err_->Finish();
  }

 private:
  bool LingeredEnough() const { return steady_clock::now() - reaped_at_ >= kLingerAfterExit; }

  void Signal() {
    if (reaped_) return;
    const auto now = steady_clock::now();
    if (!result_->canceled && options_.cancel != nullptr && options_.cancel->load()) {
      result_->canceled = true;
      term_at_ = now;
      const auto kill_at = now + options_.grace;
      kill_at_ = kill_at_ ? std::min(*kill_at_, kill_at) : kill_at;
    }
    if (!termed_ && term_at_ && now >= *term_at_) {
      termed_ = true;
      if (!result_->canceled) result_->timed_out = true;
      kill(-pid_, SIGTERM);
    }
    if (termed_ && kill_at_ && now >= *kill_at_) kill(-pid_, SIGKILL);
  }

  int TimeoutMillis() const {
    std::optional<SteadyTime> until;
    const auto now = steady_clock::now();
    const auto earlier = [&until](SteadyTime t) { until = until ? std::min(*until, t) : t; };
    if (reaped_) {
      earlier(reaped_at_ + kLingerAfterExit);
    } else {
      if (options_.cancel != nullptr && !result_->canceled) earlier(now + kCancelTick);
      if (!termed_ && term_at_) earlier(*term_at_);
      if (termed_ && kill_at_) earlier(std::max(*kill_at_, now + kCancelTick));
      if (!pidfd_.open()) {
        earlier(now + (out_->fd().open() || err_->fd().open() ? kCancelTick : Millis(5)));
      }
    }
    if (!until) return -1;
    const auto wait = std::chrono::ceil<Millis>(*until - now).count();
    return static_cast<int>(std::clamp<int64_t>(wait, 0, 60'000));
  }

  void WaitForSomething() {
    std::array<pollfd, 3> fds{};
    nfds_t count = 0;
    for (Stream* stream : {out_, err_}) {
      if (stream->fd().open()) fds[count++] = {stream->fd().get(), POLLIN, 0};
    }
    if (pidfd_.open() && !reaped_) fds[count++] = {pidfd_.get(), POLLIN, 0};
    if (poll(fds.data(), count, TimeoutMillis()) <= 0) return;
    for (const pollfd& entry : fds) {
      if (entry.revents == 0) continue;
      for (Stream* stream : {out_, err_}) {
        if (stream->fd().open() && entry.fd == stream->fd().get()) stream->Drain();
      }
    }
  }

  void TryReap() {
    int status = 0;
    const pid_t got = waitpid(pid_, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR)) return;
    reaped_ = true;
    reaped_at_ = steady_clock::now();
    if (got < 0) {
      result_->exit_status = 255;  // somebody else reaped it; its status is lost
    } else if (WIFSIGNALED(status)) {
      result_->exit_status = 128 + WTERMSIG(status);
    } else {
      result_->exit_status = WEXITSTATUS(status);
    }
  }

  const pid_t pid_;
  const RunOptions& options_;
  Stream* out_;
  Stream* err_;
  CommandResult* result_;
  Fd pidfd_;
  steady_clock::duration grace_{};
  std::optional<SteadyTime> term_at_;
  std::optional<SteadyTime> kill_at_;
  bool termed_ = false;
  bool reaped_ = false;
  SteadyTime reaped_at_;
};

}  // namespace

StatusOr<CommandResult> PosixCommandRunner::Run(const Command& command, const RunOptions& options) {
  if (command.argv.empty() || command.argv[0].empty()) {
    return InvalidArgument("A command without a program cannot be run");
  }
  CommandResult result;
  Stream out(OutputStream::kOut, options, &result.out, &result.out_truncated);
  Stream err(OutputStream::kErr, options, &result.err, &result.err_truncated);
  Fd out_write;
  Fd err_write;
  DROVER_RETURN_IF_ERROR(OpenPipe(&out.fd(), &out_write));
  DROVER_RETURN_IF_ERROR(OpenPipe(&err.fd(), &err_write));
  SpawnSetup setup;
  DROVER_ASSIGN_OR_RETURN(const pid_t pid, setup.Spawn(command, out_write.get(), err_write.get()));
  out_write.Reset();
  err_write.Reset();
  Child child(pid, options, &out, &err, &result);
  child.WaitToEnd();
  return result;
}

}  // namespace drover::agent
