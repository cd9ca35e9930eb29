#include "controller/config/config.h"

#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include "common/base/files.h"

namespace drover::config {
namespace {

const std::map<std::string, LogLevel> kLogLevels = {{"debug", LogLevel::kDebug},
                                                    {"info", LogLevel::kInfo},
                                                    {"warning", LogLevel::kWarning},
                                                    {"error", LogLevel::kError}};

constexpr char kKnownKeys[] =
    "data_folder, agent_listen, agent_address, control_socket, control_group, fleet, log_level, "
    "reflection";

std::string Where(const std::string& file_name, const YAML::Mark& mark) {
  return file_name + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

Status Wrong(const std::string& file_name, const YAML::Node& node, const std::string& key,
             const std::string& expected) {
  return InvalidArgument(Where(file_name, node.Mark()) + ": " + key + ": '" +
                         (node.IsScalar() ? node.Scalar() : "(not a single value)") +
                         "' is wrong; expected " + expected);
}

Status SetKey(const std::string& file_name, const std::string& key, const YAML::Node& key_node,
              const YAML::Node& value, Config* config) {
  const std::map<std::string, std::string*> texts = {
      {"data_folder", &config->data_folder},     {"agent_listen", &config->agent_listen},
      {"agent_address", &config->agent_address}, {"control_socket", &config->control_socket},
      {"control_group", &config->control_group}, {"fleet", &config->fleet}};
  if (const auto it = texts.find(key); it != texts.end()) {
    if (!value.IsScalar()) return Wrong(file_name, value, key, "a text");
    *it->second = value.Scalar();
  } else if (key == "log_level") {
    const auto level = value.IsScalar() ? kLogLevels.find(value.Scalar()) : kLogLevels.end();
    if (level == kLogLevels.end()) {
      return Wrong(file_name, value, key, "debug, info, warning or error");
    }
    config->log_level = level->second;
  } else if (key == "reflection") {
    if (!value.IsScalar() || !YAML::convert<bool>::decode(value, config->reflection)) {
      return Wrong(file_name, value, key, "true or false");
    }
  } else {
    return InvalidArgument(Where(file_name, key_node.Mark()) + ": unknown key '" + key +
                           "'; expected one of " + kKnownKeys);
  }
  return OkStatus();
}

Status CheckConfig(const Config& config, const std::string& file_name) {
  if (config.data_folder.empty() || config.data_folder.front() != '/') {
    return InvalidArgument(file_name + ": data_folder '" + config.data_folder +
                           "' is wrong; expected an absolute path");
  }
  if (config.control_socket.empty() || config.control_socket.front() != '/') {
    return InvalidArgument(file_name + ": control_socket '" + config.control_socket +
                           "' is wrong; expected an absolute path");
  }
  if (const auto address = SplitAddress(config.agent_listen); !address.ok()) {
    return Annotate(address.status(), file_name + ": agent_listen");
  }
  if (!config.agent_address.empty()) {
    if (const auto address = SplitAddress(config.agent_address); !address.ok()) {
      return Annotate(address.status(), file_name + ": agent_address");
    }
  }
  return OkStatus();
}

StatusOr<Config> ParseDocument(const YAML::Node& document, const std::string& file_name) {
  Config config;
  if (!document || document.IsNull()) return config;
  if (!document.IsMap()) {
    return InvalidArgument(Where(file_name, document.Mark()) +
                           ": expected keys and values: " + kKnownKeys);
  }
  for (const auto& entry : document) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    DROVER_RETURN_IF_ERROR(SetKey(file_name, key, entry.first, entry.second, &config));
  }
  DROVER_RETURN_IF_ERROR(CheckConfig(config, file_name));
  return config;
}

struct Flags {
  std::string config_path = kDefaultConfigPath;
  std::optional<std::string> data_folder, listen, socket, advertise, log_level;
  bool take_over = false;
};

StatusOr<Config> Combine(const Flags& flags, bool path_was_given) {
  Config config;
  StatusOr<std::string> text = ReadFile(flags.config_path);
  if (text.ok()) {
    DROVER_ASSIGN_OR_RETURN(config, ParseConfig(*text, flags.config_path));
  } else if (path_was_given || text.status().code() != StatusCode::kNotFound) {
    return text.status();
  }
  if (flags.data_folder) config.data_folder = *flags.data_folder;
  if (flags.listen) config.agent_listen = *flags.listen;
  if (flags.socket) config.control_socket = *flags.socket;
  if (flags.advertise) config.agent_address = *flags.advertise;
  config.take_over = flags.take_over;
  if (flags.log_level) config.log_level = kLogLevels.at(*flags.log_level);
  DROVER_RETURN_IF_ERROR(CheckConfig(config, "command line"));
  if (config.agent_address.empty()) {
    char name[256] = {};
    if (::gethostname(name, sizeof(name) - 1) != 0) return Internal("this machine has no name");
    DROVER_ASSIGN_OR_RETURN(const Address listen, SplitAddress(config.agent_listen));
    config.agent_address = std::string(name) + ":" + listen.port;
  }
  return config;
}

}  // namespace

StatusOr<Config> ParseConfig(const std::string& text, const std::string& file_name) {
  try {
    return ParseDocument(YAML::Load(text), file_name);
  } catch (const YAML::Exception& e) {
    return InvalidArgument(Where(file_name, e.mark) + ": this is not YAML: " + e.msg);
  }
}

CommandLine ReadCommandLine(int argc, const char* const* argv, const std::string& version) {
  CommandLine out;
  Flags flags;
  CLI::App app("Keeps Drover's rollouts and talks to agents and clusters.", "drover-controller");
  app.set_version_flag("--version", "drover-controller " + version);
  const CLI::Option* path =
      app.add_option("--config", flags.config_path, "settings file")->capture_default_str();
  app.add_option("--data-folder", flags.data_folder, "database, authority, keys");
  app.add_option("--listen", flags.listen, "address for agents: IP:PORT");
  app.add_option("--advertise", flags.advertise, "what agents dial: HOST:PORT");
  app.add_option("--socket", flags.socket, "unix socket for the drover command");
  app.add_flag("--take-over", flags.take_over,
               "command the agents although another controller did so since this one stopped; only "
               "where that one is gone for good");
  app.add_option("--log-level", flags.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  app.fallthrough();
  CLI::App* const backup = app.add_subcommand(
      "backup",
      "Write one file with everything a controller needs to start elsewhere, while this one runs "
      "or "
      "not. The file holds the key of the fleet's authority: who has it can admit agents and "
      "operators. Keep it like a private key.");
  backup->add_option("file", out.file, "new file (mode 0600)")->required();
  backup->add_flag("--force", out.force, "replace the file");
  CLI::App* const restore = app.add_subcommand(
      "restore",
      "Make the data folder from a backup; it must be empty. The controller that is started on it "
      "commands the agents: stop the old one first.");
  restore->add_option("file", out.file, "made by drover-controller backup")->required();
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    out.exit_code = code == 0 ? 0 : 2;
    return out;
  }
  if (backup->parsed()) out.command = Command::kBackUp;
  if (restore->parsed()) out.command = Command::kRestore;
  StatusOr<Config> config = Combine(flags, path->count() > 0);
  if (!config.ok()) {
    std::cerr << "drover-controller: " << Message(config.status()) << "\n";
    out.exit_code = 2;
    return out;
  }
  out.config = std::move(*config);
  return out;
}

StatusOr<Address> SplitAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  Address out;
  if (colon != std::string::npos) {
    out.host = address.substr(0, colon);
    out.port = address.substr(colon + 1);
  }
  if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']') {
    out.host = out.host.substr(1, out.host.size() - 2);
  }
  const bool is_port = !out.port.empty() && out.port.size() <= 5 &&
                       out.port.find_first_not_of("0123456789") == std::string::npos &&
                       std::stoi(out.port) <= 65535;
  if (out.host.empty() || !is_port) {
    return InvalidArgument("'" + address + "' is not an address; expected HOST:PORT");
  }
  return out;
}

}  // namespace drover::config
