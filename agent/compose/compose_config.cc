#include "agent/compose/compose_config.h"

#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace drover::agent {
namespace {

using nlohmann::json;

std::string Plain(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "";
  return value.dump();
}

ResolvedService FromJson(const json& object, const std::set<std::string>& keys) {
  ResolvedService result;
  result.image = Plain(object.value("image", json()));
  result.hostname = Plain(object.value("hostname", json()));
  result.stop_grace_period = ParseComposeDuration(Plain(object.value("stop_grace_period", json())));
  const json environment = object.value("environment", json());
  if (!environment.is_object()) return result;
  for (const auto& [name, value] : environment.items()) {
    if (keys.count(name) > 0 && !value.is_null()) result.environment[name] = Plain(value);
  }
  return result;
}

std::string Plain(const YAML::Node& node) {
  return node.IsDefined() && node.IsScalar() ? node.Scalar() : std::string();
}

// A map, or a list of "NAME=value".
void TakeEnvironment(const YAML::Node& node, const std::set<std::string>& keys,
                     std::map<std::string, std::string>* result) {
  if (!node.IsDefined()) return;
  if (node.IsMap()) {
    for (const auto& entry : node) {
      const std::string name = Plain(entry.first);
      if (keys.count(name) > 0 && entry.second.IsScalar()) (*result)[name] = entry.second.Scalar();
    }
  }
  if (node.IsSequence()) {
    for (const YAML::Node& entry : node) {
      const std::string text = Plain(entry);
      const size_t equals = text.find('=');
      if (equals == std::string::npos) continue;
      const std::string name = text.substr(0, equals);
      if (keys.count(name) > 0) (*result)[name] = text.substr(equals + 1);
    }
  }
}

ResolvedService FromYaml(const YAML::Node& node, const std::set<std::string>& keys) {
  ResolvedService result;
  result.image = Plain(node["image"]);
  result.hostname = Plain(node["hostname"]);
  result.stop_grace_period = ParseComposeDuration(Plain(node["stop_grace_period"]));
  TakeEnvironment(node["environment"], keys, &result.environment);
  return result;
}

}  // namespace

std::optional<Millis> ParseComposeDuration(const std::string& text) {
  if (text.empty()) return std::nullopt;
  double millis = 0;
  const char* at = text.c_str();
  while (*at != '\0') {
    char* end = nullptr;
    const double number = std::strtod(at, &end);
    if (end == at || number < 0) return std::nullopt;
    const std::string rest(end);
    double unit = 0;
    size_t length = 1;
    if (rest.rfind("ms", 0) == 0) {
      unit = 1;
      length = 2;
    } else if (rest.rfind("us", 0) == 0) {
      unit = 0.001;
      length = 2;
    } else if (rest.rfind('h', 0) == 0) {
      unit = 3'600'000;
    } else if (rest.rfind('m', 0) == 0) {
      unit = 60'000;
    } else if (rest.rfind('s', 0) == 0) {
      unit = 1000;
    } else {
      return std::nullopt;
    }
    millis += number * unit;
    at = end + length;
  }
  if (millis > 1e12) return std::nullopt;
  return Millis(static_cast<int64_t>(millis));
}

StatusOr<ResolvedConfig> ParseComposeConfig(const std::string& text,
                                            const std::set<std::string>& environment_keys) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string::npos && text[first] == '{';
  ResolvedConfig config;
  try {
    if (is_json) {
      const json root = json::parse(text);
      const json services = root.value("services", json::object());
      for (const auto& [name, service] : services.items()) {
        config.services[name] = FromJson(service, environment_keys);
      }
      return config;
    }
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) return Internal("Compose printed no configuration");
    const YAML::Node services = root["services"];
    if (!services.IsDefined() || !services.IsMap()) return config;
    for (const auto& entry : services) {
      config.services[entry.first.Scalar()] = FromYaml(entry.second, environment_keys);
    }
    return config;
  } catch (const json::exception& error) {
    return Internal(std::string("Compose printed a configuration that is not JSON: ") +
                    error.what());
  } catch (const YAML::Exception& error) {
    return Internal(std::string("Compose printed a configuration that is not YAML: ") +
                    error.what());
  }
}

}  // namespace drover::agent
