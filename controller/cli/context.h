// Which controller to talk to, and with what identity.
#ifndef DROVER_CONTROLLER_CLI_CONTEXT_H_
#define DROVER_CONTROLLER_CLI_CONTEXT_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "controller/cli/options.h"

namespace drover::cli {

inline constexpr char kDefaultAddress[] = "unix:///run/drover/control.sock";

// `ca`, `certificate` and `key` are paths of PEM files; empty for a unix socket.
struct Target {
  // "unix:///path" or "host:port".
  std::string address;
  std::string ca;
  std::string certificate;
  std::string key;

  bool is_unix() const { return address.rfind("unix:", 0) == 0; }
  // The path of a unix socket.
  std::string socket_path() const;
};

struct Contexts {
  // The context for calls that choose none; may be empty.
  std::string current;
  std::map<std::string, Target> targets;
};

using Variables = std::function<std::string(const std::string&)>;

// $XDG_CONFIG_HOME/drover/contexts.yaml, else ~/.config/drover/contexts.yaml; empty without a home.
std::string ContextsPath(const Variables& variable);

// INVALID_ARGUMENT names path, line and column, the wrong value and what was expected.
StatusOr<Contexts> ParseContexts(const std::string& text, const std::string& path);

// By, in this order: --address, --context, DROVER_ADDRESS, the contexts file's `current`, the local
// socket. DROVER_CA, DROVER_CERTIFICATE and DROVER_KEY, and before them the options, replace the
// paths of certificate files.
StatusOr<Target> ChooseTarget(const GlobalOptions& options, const Variables& variable);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_CONTEXT_H_
