#include "controller/cli/context.h"

#include <yaml-cpp/yaml.h>

#include "common/base/files.h"
#include "controller/cli/render/text.h"

namespace drover::cli {
namespace {

Status At(const std::string& path, const YAML::Mark& mark, const std::string& what) {
  return InvalidArgument(path + ":" + std::to_string(mark.line + 1) + ":" +
                         std::to_string(mark.column + 1) + ": " + what);
}

StatusOr<Target> ParseTarget(const YAML::Node& node, const std::string& name,
                             const std::string& path) {
  if (!node.IsMap()) {
    return At(path, node.Mark(), "context " + name + " must be a map with at least `address`");
  }
  Target target;
  const std::map<std::string, std::string*> fields = {{"address", &target.address},
                                                      {"ca", &target.ca},
                                                      {"certificate", &target.certificate},
                                                      {"key", &target.key}};
  for (const auto& entry : node) {
    const std::string key = entry.first.as<std::string>();
    const auto field = fields.find(key);
    if (field == fields.end()) {
      return At(path, entry.first.Mark(),
                "unknown key `" + key + "`; expected address, ca, certificate or key");
    }
    if (!entry.second.IsScalar()) {
      return At(path, entry.second.Mark(), "`" + key + "` must be a text");
    }
    *field->second = entry.second.as<std::string>();
  }
  if (target.address.empty()) {
    return At(path, node.Mark(), "context " + name + " has no `address`");
  }
  return target;
}

StatusOr<Contexts> ParseRoot(const YAML::Node& root, const std::string& path) {
  Contexts contexts;
  if (root.IsNull()) return contexts;
  if (!root.IsMap()) return At(path, root.Mark(), "expected a map with `current` and `contexts`");
  for (const auto& entry : root) {
    const std::string key = entry.first.as<std::string>();
    if (key == "current" && entry.second.IsScalar()) {
      contexts.current = entry.second.as<std::string>();
    } else if (key == "contexts" && entry.second.IsMap()) {
      for (const auto& context : entry.second) {
        const std::string name = context.first.as<std::string>();
        DROVER_ASSIGN_OR_RETURN(contexts.targets[name], ParseTarget(context.second, name, path));
      }
    } else {
      return At(path, entry.first.Mark(),
                "`" + key + "` is not expected here; the file has `current: NAME` and `contexts:`");
    }
  }
  return contexts;
}

StatusOr<Target> ByName(const Contexts& contexts, const std::string& name,
                        const std::string& path) {
  const auto found = contexts.targets.find(name);
  if (found != contexts.targets.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, target] : contexts.targets) names.push_back(known);
  return InvalidArgument("no context `" + name + "` in " + path + "; " +
                         (names.empty() ? "it names none" : "it has " + Join(names, ", ")));
}

StatusOr<Contexts> LoadContexts(const std::string& path) {
  if (path.empty()) return Contexts{};
  const StatusOr<std::string> text = ReadFile(path);
  if (!text.ok() && text.status().code() == StatusCode::kNotFound) return Contexts{};
  if (!text.ok()) return text.status();
  return ParseContexts(*text, path);
}

StatusOr<Target> Base(const GlobalOptions& options, const Variables& variable) {
  Target target;
  if (!options.address.empty()) {
    target.address = options.address;
    return target;
  }
  const std::string path = ContextsPath(variable);
  if (!options.context.empty()) {
    DROVER_ASSIGN_OR_RETURN(const Contexts contexts, LoadContexts(path));
    return ByName(contexts, options.context, path);
  }
  target.address = variable("DROVER_ADDRESS");
  if (!target.address.empty()) return target;
  DROVER_ASSIGN_OR_RETURN(const Contexts contexts, LoadContexts(path));
  if (!contexts.current.empty()) return ByName(contexts, contexts.current, path);
  target.address = kDefaultAddress;
  return target;
}

}  // namespace

std::string Target::socket_path() const {
  std::string path = address.substr(5);
  if (path.rfind("//", 0) == 0) path.erase(0, 2);
  return path;
}

std::string ContextsPath(const Variables& variable) {
  const std::string config = variable("XDG_CONFIG_HOME");
  if (!config.empty()) return config + "/drover/contexts.yaml";
  const std::string home = variable("HOME");
  return home.empty() ? "" : home + "/.config/drover/contexts.yaml";
}

StatusOr<Contexts> ParseContexts(const std::string& text, const std::string& path) {
  try {
    return ParseRoot(YAML::Load(text), path);
  } catch (const YAML::Exception& e) {
    return At(path, e.mark, e.msg);
  }
}

StatusOr<Target> ChooseTarget(const GlobalOptions& options, const Variables& variable) {
  DROVER_ASSIGN_OR_RETURN(Target target, Base(options, variable));
  const auto set = [&](std::string& field, const std::string& option, const char* name) {
    if (const std::string value = variable(name); !value.empty()) field = value;
    if (!option.empty()) field = option;
  };
  set(target.ca, options.ca, "DROVER_CA");
  set(target.certificate, options.certificate, "DROVER_CERTIFICATE");
  set(target.key, options.key, "DROVER_KEY");
  if (target.is_unix()) {
    if (target.socket_path().empty() || target.socket_path().front() != '/') {
      return InvalidArgument("address `" + target.address +
                             "`: expected unix:///absolute/path or host:port");
    }
    return target;
  }
  if (target.address.find(':') == std::string::npos ||
      target.address.find("://") != std::string::npos) {
    return InvalidArgument("address `" + target.address +
                           "`: expected unix:///absolute/path or host:port");
  }
  if (target.ca.empty() || target.certificate.empty() || target.key.empty()) {
    return InvalidArgument("address " + target.address +
                           " needs certificate files: give --ca, --certificate and --key (or "
                           "DROVER_CA, DROVER_CERTIFICATE, DROVER_KEY, or a context in " +
                           ContextsPath(variable) + ")");
  }
  return target;
}

}  // namespace drover::cli
