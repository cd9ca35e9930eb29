// The controller's settings: embedded defaults, then /etc/drover/controller.yaml, then flags.
#ifndef DROVER_CONTROLLER_CONFIG_CONFIG_H_
#define DROVER_CONTROLLER_CONFIG_CONFIG_H_

#include <optional>
#include <string>
#include <vector>

#include "common/base/log.h"
#include "common/base/status.h"

namespace drover::config {

struct Config {
  std::string data_folder = "/var/lib/drover";
  // Where the controller listens for agents and for operators with a certificate.
  std::string agent_listen = "0.0.0.0:7441";
  // What agents dial; empty: this machine's name and the port of agent_listen.
  std::string agent_address;
  std::string control_socket = "/run/drover/control.sock";
  // Members of this group may use the socket; where there is no such group, root alone.
  std::string control_group = "drover";
  // Of a new authority; empty: a random one.
  std::string fleet;
  LogLevel log_level = LogLevel::kInfo;
  // gRPC server reflection, for debugging with generic clients.
  bool reflection = false;
  // Only a flag, for one start: this controller commands although agents have obeyed another one.
  bool take_over = false;
};

inline constexpr char kDefaultConfigPath[] = "/etc/drover/controller.yaml";

// `text` over the defaults. INVALID_ARGUMENT names `file_name`, line and column, the wrong value
// and what was expected; an unknown key is one.
StatusOr<Config> ParseConfig(const std::string& text, const std::string& file_name);

enum class Command { kServe, kBackUp, kRestore };

// What main does with the command line.
struct CommandLine {
  Config config;
  Command command = Command::kServe;
  std::string file;    // of the backup
  bool force = false;  // of the backup: replace the file
  // Set where the program has nothing to run: help, version or a wrong flag; with the exit code.
  std::optional<int> exit_code;
};

// Reads the flags and the file they name; a file that was not named by a flag may be missing.
// Prints help, version and errors itself.
CommandLine ReadCommandLine(int argc, const char* const* argv, const std::string& version);

// The names of agent_address and the machine, for the controller's certificate.
struct Address {
  std::string host;
  std::string port;
};
// "host:port", "1.2.3.4:7441", "[::1]:7441". INVALID_ARGUMENT for anything else.
StatusOr<Address> SplitAddress(const std::string& address);

}  // namespace drover::config

#endif  // DROVER_CONTROLLER_CONFIG_CONFIG_H_
