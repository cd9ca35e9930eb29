// `drover`: gives the command line the process it runs in.
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "controller/cli/app.h"

namespace {

drover::cli::TerminalSize Size() {
  winsize size{};
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
      return {size.ws_col, size.ws_row};
    }
  }
  return {};
}

// One thread takes the signals that end a program, so that a watch can say goodbye. Without a
// watch, or the second time, they do what they always do.
void TakeSignals(sigset_t signals, drover::cli::Interrupts& interrupts) {
  while (true) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) return;
    if (interrupts.Trigger()) continue;
    if (isatty(STDOUT_FILENO) != 0) {
      // A hidden cursor would outlive the program.
      const char kShowCursor[] = "\x1b[?25h";
      [[maybe_unused]] const ssize_t n = write(STDOUT_FILENO, kShowCursor, sizeof(kShowCursor) - 1);
    }
    std::signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    std::raise(number);
  }
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  // Before the first thread, so that all inherit it.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  drover::cli::Interrupts interrupts;
  std::thread([&] { TakeSignals(signals, interrupts); }).detach();

  // gRPC's own log lines would stand between ours.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  drover::SystemClock clock;
  drover::cli::Environment env{};
  env.in = &std::cin;
  env.out = &std::cout;
  env.err = &std::cerr;
  env.in_is_terminal = isatty(STDIN_FILENO) != 0;
  env.out_is_terminal = isatty(STDOUT_FILENO) != 0;
  env.err_is_terminal = isatty(STDERR_FILENO) != 0;
  env.size = &Size;
  env.variable = [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value == nullptr ? "" : value);
  };
  env.clock = &clock;
  env.interrupts = &interrupts;
  env.version = DROVER_VERSION;
  const drover::cli::Exit exit =
      drover::cli::Run(std::vector<std::string>(argv + 1, argv + argc), env);
  std::cout.flush();
  // The signal thread still uses what lives here, so nothing is destroyed.
  std::_Exit(std::cout.good() ? static_cast<int>(exit)
                              : static_cast<int>(drover::cli::Exit::kError));
}
