#include "agent/docker/engine_json.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

namespace drover::agent {
namespace {

using nlohmann::json;

// Absent, null and of another type are all the default: the Engine leaves out what it lacks.
std::string Text(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

int64_t Number(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number() ? it->get<int64_t>() : 0;
}

bool Flag(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_boolean() && it->get<bool>();
}

const json& Object(const json& object, const char* key) {
  static const json empty = json::object();
  const auto it = object.find(key);
  return it != object.end() && (it->is_object() || it->is_array()) ? *it : empty;
}

std::vector<std::string> Texts(const json& object, const char* key) {
  std::vector<std::string> result;
  for (const json& entry : Object(object, key)) {
    if (entry.is_string()) result.push_back(entry.get<std::string>());
  }
  return result;
}

std::map<std::string, std::string> TextMap(const json& object, const char* key) {
  std::map<std::string, std::string> result;
  for (const auto& [name, value] : Object(object, key).items()) {
    if (value.is_string()) result[name] = value.get<std::string>();
  }
  return result;
}

// Runs `parse` on the document and turns what nlohmann throws into a status.
template <typename T, typename Parse>
StatusOr<T> Parsed(const std::string& text, const char* what, const Parse& parse) {
  try {
    return parse(json::parse(text));
  } catch (const json::exception& error) {
    return Internal(std::string("The Docker Engine's answer about ") + what +
                    " is not the JSON its API promises: " + error.what());
  }
}

std::string WithoutSlash(const std::string& name) {
  return !name.empty() && name[0] == '/' ? name.substr(1) : name;
}

std::vector<ContainerPort> Ports(const json& network_settings) {
  std::vector<ContainerPort> result;
  for (const auto& [port, bindings] : Object(network_settings, "Ports").items()) {
    if (!bindings.is_array()) continue;
    for (const json& binding : bindings) {
      ContainerPort entry;
      entry.host_ip = Text(binding, "HostIp");
      entry.host_port =
          static_cast<uint32_t>(std::strtoul(Text(binding, "HostPort").c_str(), nullptr, 10));
      entry.container_port = static_cast<uint32_t>(std::strtoul(port.c_str(), nullptr, 10));
      result.push_back(entry);
    }
  }
  return result;
}

// What another container needs to live where this one does.
void AddSurroundings(const json& object, ContainerDetail* result) {
  const json& host = Object(object, "HostConfig");
  result->user = Text(Object(object, "Config"), "User");
  result->network_mode = Text(host, "NetworkMode");
  result->extra_hosts = Texts(host, "ExtraHosts");
  result->dns = Texts(host, "Dns");
  for (const json& limit : Object(host, "Ulimits")) {
    result->ulimits.push_back({Text(limit, "Name"), Number(limit, "Soft"), Number(limit, "Hard")});
  }
  for (const auto& [name, network] :
       Object(Object(object, "NetworkSettings"), "Networks").items()) {
    result->networks.push_back({name, Text(network, "IPAddress")});
  }
}

ContainerDetail ToDetail(const json& object) {
  const json& state = Object(object, "State");
  const json& config = Object(object, "Config");
  ContainerDetail result;
  result.id = Text(object, "Id");
  result.name = WithoutSlash(Text(object, "Name"));
  result.image = Text(config, "Image");
  result.image_id = Text(object, "Image");
  result.state = Text(state, "Status");
  result.health = Text(Object(state, "Health"), "Status");
  if (result.health == "none") result.health.clear();
  result.error = Text(state, "Error");
  result.exit_code = static_cast<int>(Number(state, "ExitCode"));
  result.restart_count = static_cast<int>(Number(object, "RestartCount"));
  result.oom_killed = Flag(state, "OOMKilled");
  result.tty = Flag(config, "Tty");
  result.restart_policy = Text(Object(Object(object, "HostConfig"), "RestartPolicy"), "Name");
  result.hostname = Text(config, "Hostname");
  result.created_at = ParseEngineTime(Text(object, "Created"));
  result.started_at = ParseEngineTime(Text(state, "StartedAt"));
  result.finished_at = ParseEngineTime(Text(state, "FinishedAt"));
  result.labels = TextMap(config, "Labels");
  result.environment = Texts(config, "Env");
  for (const json& mount : Object(object, "Mounts")) {
    result.mounts.push_back({Text(mount, "Type"), Text(mount, "Name"), Text(mount, "Source"),
                             Text(mount, "Destination"), Flag(mount, "RW")});
  }
  result.ports = Ports(Object(object, "NetworkSettings"));
  AddSurroundings(object, &result);
  return result;
}

}  // namespace

StatusOr<VersionAnswer> ParseVersion(const std::string& text) {
  return Parsed<VersionAnswer>(text, "its version", [](const json& object) {
    return VersionAnswer{Text(object, "Version"), Text(object, "ApiVersion"),
                         Text(object, "MinAPIVersion")};
  });
}

StatusOr<std::string> ParseRootDir(const std::string& text) {
  return Parsed<std::string>(text, "itself",
                             [](const json& object) { return Text(object, "DockerRootDir"); });
}

StatusOr<std::vector<ContainerSummary>> ParseContainerList(const std::string& text) {
  using List = std::vector<ContainerSummary>;
  return Parsed<List>(text, "containers", [](const json& array) {
    List result;
    for (const json& object : array) {
      ContainerSummary entry;
      entry.id = Text(object, "Id");
      const std::vector<std::string> names = Texts(object, "Names");
      if (!names.empty()) entry.name = WithoutSlash(names[0]);
      entry.image = Text(object, "Image");
      entry.image_id = Text(object, "ImageID");
      entry.state = Text(object, "State");
      entry.labels = TextMap(object, "Labels");
      result.push_back(std::move(entry));
    }
    return result;
  });
}

StatusOr<ContainerDetail> ParseContainer(const std::string& text) {
  return Parsed<ContainerDetail>(text, "a container", ToDetail);
}

StatusOr<std::vector<ContainerProcess>> ParseProcesses(const std::string& text) {
  using List = std::vector<ContainerProcess>;
  return Parsed<List>(text, "a container's processes", [](const json& object) {
    const std::vector<std::string> titles = Texts(object, "Titles");
    const auto column = [&titles](const char* title) {
      return static_cast<size_t>(std::find(titles.begin(), titles.end(), title) - titles.begin());
    };
    const size_t pid = column("PID"), parent = column("PPID"), name = column("COMMAND");
    List result;
    for (const json& row : Object(object, "Processes")) {
      const auto cell = [&row](size_t at) {
        return at < row.size() && row[at].is_string() ? row[at].get<std::string>() : "";
      };
      result.push_back({std::strtoll(cell(pid).c_str(), nullptr, 10),
                        std::strtoll(cell(parent).c_str(), nullptr, 10), cell(name)});
    }
    return result;
  });
}

StatusOr<ImageDetail> ParseImage(const std::string& text) {
  return Parsed<ImageDetail>(text, "an image", [](const json& object) {
    ImageDetail result;
    result.id = Text(object, "Id");
    result.repo_tags = Texts(object, "RepoTags");
    result.repo_digests = Texts(object, "RepoDigests");
    result.bytes = static_cast<uint64_t>(std::max<int64_t>(0, Number(object, "Size")));
    result.last_tagged = ParseEngineTime(Text(Object(object, "Metadata"), "LastTagTime"));
    return result;
  });
}

StatusOr<std::string> ParseCreated(const std::string& text) {
  return Parsed<std::string>(text, "a new container",
                             [](const json& object) { return Text(object, "Id"); });
}

std::string UnstartedContainerJson(const std::string& image) {
  // Labelled, so that one that a crash left behind can be told from others.
  const json body = {{"Image", image},
                     {"Cmd", {"true"}},
                     {"NetworkDisabled", true},
                     {"Labels", {{"drover.look", "unstarted"}}}};
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string NewContainerJson(const NewContainer& container) {
  json mounts = json::array();
  for (const ContainerMount& mount : container.mounts) {
    mounts.push_back({{"Type", mount.type},
                      {"Source", mount.type == "volume" ? mount.name : mount.source},
                      {"Target", mount.destination},
                      {"ReadOnly", true}});
  }
  json ulimits = json::array();
  for (const ContainerLimit& limit : container.ulimits) {
    ulimits.push_back({{"Name", limit.name}, {"Soft", limit.soft}, {"Hard", limit.hard}});
  }
  const json host = {{"Mounts", mounts},
                     {"NetworkMode", container.network},
                     {"Memory", container.memory_bytes},
                     {"Ulimits", ulimits},
                     {"ExtraHosts", container.extra_hosts},
                     {"Dns", container.dns},
                     {"RestartPolicy", {{"Name", "no"}}},
                     {"SecurityOpt", {"no-new-privileges"}}};
  json body = {{"Image", container.image},
               {"Env", container.environment},
               {"Labels", container.labels},
               {"HostConfig", host}};
  if (!container.user.empty()) body["User"] = container.user;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

StatusOr<EngineEvent> ParseEvent(const std::string& text) {
  return Parsed<EngineEvent>(text, "an event", [](const json& object) {
    const json& actor = Object(object, "Actor");
    EngineEvent result;
    result.type = Text(object, "Type");
    result.action = Text(object, "Action");
    result.id = Text(actor, "ID");
    result.attributes = TextMap(actor, "Attributes");
    result.time = FromUnixMillis(Number(object, "timeNano") / 1'000'000);
    return result;
  });
}

StatusOr<PullStatus> ParsePullEntry(const std::string& text) {
  try {
    const json object = json::parse(text);
    const std::string error = Text(object, "error");
    if (!error.empty()) return Internal(error);
    const json& detail = Object(object, "progressDetail");
    return PullStatus{Text(object, "id"), Text(object, "status"), Number(detail, "current"),
                      Number(detail, "total")};
  } catch (const json::exception& error) {
    return Internal(std::string("The Docker Engine's pull answer is not JSON: ") + error.what());
  }
}

std::string ParseErrorMessage(const std::string& text) {
  try {
    const std::string message = Text(json::parse(text), "message");
    if (!message.empty()) return message;
  } catch (const json::exception&) {
    // A proxy's page or a broken answer: its own text says most.
  }
  return text.substr(0, 500);
}

std::string FiltersJson(const std::map<std::string, std::vector<std::string>>& filters) {
  return json(filters).dump(-1, ' ', false, json::error_handler_t::replace);
}

Time ParseEngineTime(const std::string& text) {
  std::tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr || parts.tm_year < 70) return Time{};
  int64_t millis = static_cast<int64_t>(timegm(&parts)) * 1000;
  if (*rest == '.') {
    int64_t scale = 100;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, scale /= 10) millis += (*rest - '0') * scale;
  }
  if (*rest == '+' || *rest == '-') {
    const int64_t sign = *rest == '-' ? 1 : -1;
    const int64_t hours = std::strtol(rest + 1, nullptr, 10);
    const int64_t minutes = std::strlen(rest) >= 6 ? std::strtol(rest + 4, nullptr, 10) : 0;
    millis += sign * (hours * 60 + minutes) * 60'000;
  }
  return FromUnixMillis(millis);
}

}  // namespace drover::agent
