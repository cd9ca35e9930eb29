// The built programs, run as processes of a test on loopback, in a folder of its own.
#ifndef DROVER_TESTS_PROGRAMS_PROGRAMS_H_
#define DROVER_TESTS_PROGRAMS_PROGRAMS_H_

#include <gtest/gtest.h>
#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

namespace drover::programs {

using Arguments = std::vector<std::string>;

struct Outcome {
  int exit_code = -1;
  std::string text;  // stdout and stderr, line breaks as spaces
};

// Runs `argv` to its end.
Outcome Execute(const Arguments& argv);
std::string Program(const std::string& name);
// A port of 127.0.0.1 that was free just now.
int FreePort();
// Asks until it holds; a failure of the test that names `what` after 20 s.
void WaitUntil(const std::string& what, const std::function<bool()>& condition);
std::string ReadText(const std::string& path);

// Runs beside the test until the object is gone; its output is in a file.
class Daemon {
 public:
  Daemon(const Arguments& argv, std::string log_path);
  ~Daemon();  // SIGTERM, after ten seconds SIGKILL
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  pid_t pid() const { return pid_; }
  std::string Log() const { return ReadText(log_path_); }
  // Returns once its output has `text` in it; a failure of the test where it ends without.
  void AwaitLog(const std::string& text);
  // Waits for its end by itself; -1 and a failure of the test where it goes on.
  int AwaitExit();
  // Ends it as a crash of its machine would.
  void Kill();

 private:
  bool HasEnded();

  const std::string log_path_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

class ProgramsTest : public ::testing::Test {
 protected:
  std::string File(const std::string& name) const { return folder_.File(name); }
  std::string Socket(const std::string& name) const { return File(name + ".sock"); }

  // A settings file without settings.
  std::string Empty() const;
  // The command line of a controller with the data folder `name`, and the socket of that name where
  // no other is given.
  Arguments ControllerCommand(const std::string& name, int port,
                              const std::string& socket = "") const;
  // Starts it and waits until it serves.
  std::unique_ptr<Daemon> StartController(const std::string& name, int port,
                                          const Arguments& more = {});
  Outcome Drover(const std::string& controller, const Arguments& arguments) const;
  // Enrols the host `name`, with a token of `controller`, whose agents dial `port`.
  void Join(const std::string& name, const std::string& controller, int port,
            const Arguments& more = {});
  std::unique_ptr<Daemon> StartAgent(const std::string& name);
  // Returns once the host's journal has another epoch than `before`: it has obeyed a controller
  // that it had not obeyed yet. Returns that epoch, as the agent's status shows it.
  std::string AwaitObeyed(const std::string& name, const std::string& before) const;
  // The enrolled host dials another port from its next start on.
  void PointAgentAt(const std::string& name, int port);

  drover::testing::TempFolder folder_;
  int daemons_ = 0;
};

}  // namespace drover::programs

#endif  // DROVER_TESTS_PROGRAMS_PROGRAMS_H_
