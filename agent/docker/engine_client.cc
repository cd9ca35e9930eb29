#include <cstdlib>
#include <mutex>
#include <optional>

#include "agent/docker/engine.h"
#include "agent/docker/engine_http.h"
#include "agent/docker/engine_json.h"
#include "agent/docker/image_reference.h"
#include "agent/docker/log_frames.h"
#include "agent/docker/tar_names.h"

namespace drover::agent {
namespace {

using std::chrono::steady_clock;

constexpr Millis kCallTimeout{15'000};
// The API of Engine 20.10; each later one still speaks it or says what it asks for at least.
constexpr char kWantedApi[] = "1.41";
// Making and starting a container writes to the disk.
constexpr Millis kContainerTimeout{60'000};
constexpr size_t kMaxEventLine = 256 * 1024;

CallLimits Within(Millis timeout) { return {steady_clock::now() + timeout, nullptr}; }

std::string Escaped(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                       (byte >= 'A' && byte <= 'Z') || c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      result += c;
    } else {
      result += '%';
      result += kHex[byte >> 4];
      result += kHex[byte & 15];
    }
  }
  return result;
}

// "1.41" < "1.100".
bool OlderApi(const std::string& a, const std::string& b) {
  const auto minor = [](const std::string& version) {
    const size_t dot = version.find('.');
    return dot == std::string::npos ? 0L : std::strtol(version.c_str() + dot + 1, nullptr, 10);
  };
  return minor(a) < minor(b);
}

Status Refusal(int code, const std::string& body) {
  const std::string message = ParseErrorMessage(body);
  if (code == 404) return NotFound(message);
  return Internal(message);
}

// Seconds with nine decimals, as the Engine reads points in time.
std::string EngineTimestamp(Time t) {
  const int64_t millis = ToUnixMillis(t);
  std::string fraction = std::to_string(millis % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(millis / 1000) + "." + fraction + "000000";
}

// Cuts a byte stream into lines.
class Lines {
 public:
  void Feed(const std::string& bytes) { pending_ += bytes; }
  // The next whole line that is not empty.
  std::optional<std::string> Next() {
    for (;;) {
      const size_t end = pending_.find('\n');
      if (end == std::string::npos) return std::nullopt;
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      while (!line.empty() && line.back() == '\r') line.pop_back();
      if (!line.empty()) return line;
    }
  }
  size_t pending_size() const { return pending_.size(); }

 private:
  std::string pending_;
};

class HttpEventStream final : public EventStream {
 public:
  explicit HttpEventStream(std::unique_ptr<HttpExchange> exchange)
      : exchange_(std::move(exchange)) {}

  StatusOr<EngineEvent> Next(Millis timeout) override {
    const CallLimits limits = Within(timeout);
    for (;;) {
      if (const std::optional<std::string> line = lines_.Next()) return ParseEvent(*line);
      DROVER_ASSIGN_OR_RETURN(const std::string piece, exchange_->Read(limits));
      if (piece.empty()) return Unavailable("The Docker Engine ended its stream of events");
      lines_.Feed(piece);
      if (lines_.pending_size() > kMaxEventLine)
        return Internal("An event of the Engine is too long");
    }
  }

 private:
  std::unique_ptr<HttpExchange> exchange_;
  Lines lines_;
};

class EngineClient final : public Engine {
 public:
  explicit EngineClient(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  StatusOr<EngineInfo> Info() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (info_) return *info_;
    }
    const CallLimits limits = Within(kCallTimeout);
    DROVER_ASSIGN_OR_RETURN(const std::string text, GetUnversioned("/version", limits));
    DROVER_ASSIGN_OR_RETURN(const VersionAnswer version, ParseVersion(text));
    EngineInfo info;
    info.version = version.version;
    info.api_version = kWantedApi;
    if (OlderApi(version.api_version, info.api_version)) info.api_version = version.api_version;
    if (OlderApi(info.api_version, version.min_api_version)) {
      info.api_version = version.min_api_version;
    }
    DROVER_ASSIGN_OR_RETURN(const std::string about,
                            GetUnversioned("/v" + info.api_version + "/info", limits));
    DROVER_ASSIGN_OR_RETURN(info.root_dir, ParseRootDir(about));
    const std::lock_guard<std::mutex> lock(mutex_);
    info_ = info;
    return info;
  }

  StatusOr<std::vector<ContainerSummary>> ListContainers(
      const std::vector<std::string>& labels) override {
    DROVER_ASSIGN_OR_RETURN(const std::string text, Get("/containers/json?all=1&filters=" +
                                                        Escaped(FiltersJson({{"label", labels}}))));
    return ParseContainerList(text);
  }

  StatusOr<ContainerDetail> InspectContainer(const std::string& id) override {
    DROVER_ASSIGN_OR_RETURN(const std::string text, Get("/containers/" + Escaped(id) + "/json"));
    return ParseContainer(text);
  }

  StatusOr<ImageDetail> InspectImage(const std::string& reference) override {
    // The path keeps its slashes and colons; the reference's grammar has nothing else to escape.
    DROVER_ASSIGN_OR_RETURN(const ImageReference checked, ParseReferenceOrId(reference));
    (void)checked;
    DROVER_ASSIGN_OR_RETURN(const std::string text, Get("/images/" + reference + "/json"));
    return ParseImage(text);
  }

  StatusOr<std::vector<std::string>> ListImageFolder(const std::string& reference,
                                                     const std::string& folder,
                                                     const CallLimits& limits) override {
    DROVER_ASSIGN_OR_RETURN(const ImageReference checked, ParseReferenceOrId(reference));
    (void)checked;
    DROVER_ASSIGN_OR_RETURN(auto created, Open("POST", "/containers/create", limits,
                                               UnstartedContainerJson(reference)));
    DROVER_ASSIGN_OR_RETURN(const std::string text, ReadAll(*created, limits));
    DROVER_ASSIGN_OR_RETURN(const std::string id, ParseCreated(text));
    const auto names = ReadFolder(id, folder, limits);
    // Whatever came of the look, and however much of its time it took.
    RemoveContainer(id).IgnoreError();
    return names;
  }

  StatusOr<std::string> CreateContainer(const NewContainer& container) override {
    DROVER_ASSIGN_OR_RETURN(const ImageReference checked, ParseReferenceOrId(container.image));
    (void)checked;
    const CallLimits limits = Within(kContainerTimeout);
    DROVER_ASSIGN_OR_RETURN(
        auto created, Open("POST", "/containers/create?name=" + Escaped(container.name), limits,
                           NewContainerJson(container)));
    DROVER_ASSIGN_OR_RETURN(const std::string text, ReadAll(*created, limits));
    return ParseCreated(text);
  }

  Status StartContainer(const std::string& id) override {
    return Open("POST", "/containers/" + Escaped(id) + "/start", Within(kContainerTimeout))
        .status();
  }

  Status RemoveContainer(const std::string& id) override {
    const Status removed =
        Open("DELETE", "/containers/" + Escaped(id) + "?v=1&force=1", Within(kContainerTimeout))
            .status();
    return removed.code() == StatusCode::kNotFound ? OkStatus() : removed;
  }

  StatusOr<std::vector<EngineEvent>> PastEvents(const std::string& container_id, Time since,
                                                Time until) override {
    const std::string filters =
        FiltersJson({{"type", {"container"}}, {"container", {container_id}}});
    DROVER_ASSIGN_OR_RETURN(const std::string text, Get("/events?since=" + EngineTimestamp(since) +
                                                        "&until=" + EngineTimestamp(until) +
                                                        "&filters=" + Escaped(filters)));
    Lines lines;
    lines.Feed(text + "\n");
    std::vector<EngineEvent> result;
    while (const std::optional<std::string> line = lines.Next()) {
      DROVER_ASSIGN_OR_RETURN(EngineEvent event, ParseEvent(*line));
      result.push_back(std::move(event));
    }
    return result;
  }

  StatusOr<std::vector<ContainerProcess>> ListProcesses(const std::string& id) override {
    // The Engine runs the host's ps and keeps the lines of the container's processes.
    DROVER_ASSIGN_OR_RETURN(
        const std::string text,
        Get("/containers/" + Escaped(id) + "/top?ps_args=" + Escaped("-eo pid,ppid,comm")));
    return ParseProcesses(text);
  }

  StatusOr<std::unique_ptr<EventStream>> WatchSignals(const std::string& id) override {
    return Watch(
        {{"type", {"container"}}, {"container", {id}}, {"event", {"kill", "die", "destroy"}}});
  }

  StatusOr<std::unique_ptr<EventStream>> WatchContainers(const std::string& label) override {
    return Watch({{"type", {"container"}},
                  {"label", {label}},
                  {"event",
                   {"create", "start", "restart", "die", "stop", "oom", "pause", "unpause",
                    "rename", "destroy", "health_status"}}});
  }

  Status ReadLog(const ContainerDetail& container, uint32_t lines, bool follow, Time since,
                 const CallLimits& limits,
                 const std::function<bool(const std::string&)>& sink) override {
    std::string target = "/containers/" + Escaped(container.id) +
                         "/logs?stdout=1&stderr=1&tail=" + std::to_string(lines) +
                         (follow ? "&follow=1" : "");
    if (since != Time{}) target += "&since=" + EngineTimestamp(since);
    DROVER_ASSIGN_OR_RETURN(auto exchange, Open("GET", target, limits));
    LogFrames frames(container.tty);
    for (;;) {
      DROVER_ASSIGN_OR_RETURN(const std::string piece, exchange->Read(limits));
      if (piece.empty()) return OkStatus();
      const std::string payload = frames.Feed(piece);
      if (!payload.empty() && !sink(payload)) return OkStatus();
    }
  }

  Status PullImage(const std::string& reference, const CallLimits& limits,
                   const std::function<void(const PullStatus&)>& progress) override {
    DROVER_ASSIGN_OR_RETURN(const ImageReference image, ParseImageReference(reference));
    std::string tag = image.digest.empty() ? image.tag : image.digest;
    if (tag.empty()) tag = "latest";
    DROVER_ASSIGN_OR_RETURN(
        auto exchange,
        Open("POST", "/images/create?fromImage=" + Escaped(image.name) + "&tag=" + Escaped(tag),
             limits));
    Lines lines;
    for (;;) {
      DROVER_ASSIGN_OR_RETURN(const std::string piece, exchange->Read(limits));
      lines.Feed(piece.empty() ? "\n" : piece);
      while (const std::optional<std::string> line = lines.Next()) {
        DROVER_ASSIGN_OR_RETURN(const PullStatus entry, ParsePullEntry(*line));
        progress(entry);
      }
      if (piece.empty()) return OkStatus();
    }
  }

 private:
  StatusOr<std::unique_ptr<EventStream>> Watch(
      const std::map<std::string, std::vector<std::string>>& filters) {
    DROVER_ASSIGN_OR_RETURN(
        auto exchange,
        Open("GET", "/events?filters=" + Escaped(FiltersJson(filters)), Within(kCallTimeout)));
    return std::unique_ptr<EventStream>(std::make_unique<HttpEventStream>(std::move(exchange)));
  }

  static StatusOr<ImageReference> ParseReferenceOrId(const std::string& reference) {
    if (reference.rfind("sha256:", 0) == 0 &&
        reference.find_first_not_of("0123456789abcdef", 7) == std::string::npos) {
      return ImageReference{};
    }
    return ParseImageReference(reference);
  }

  // A request with the version agreed upon. Where the Engine was replaced by one that does not
  // speak it, the version is agreed upon anew, once.
  StatusOr<std::unique_ptr<HttpExchange>> Open(const std::string& method, const std::string& target,
                                               const CallLimits& limits,
                                               const std::string& json = "") {
    for (bool again = false;; again = true) {
      DROVER_ASSIGN_OR_RETURN(const EngineInfo info, Info());
      auto exchange = std::make_unique<HttpExchange>();
      const Status begun = exchange->Begin(
          socket_path_, {method, "/v" + info.api_version + target, {}, json}, limits);
      if (!begun.ok()) {
        if (begun.code() == StatusCode::kUnavailable) Forget();
        return begun;
      }
      const int code = exchange->status_code();
      if (code < 300) return exchange;
      std::string body;
      for (;;) {
        const StatusOr<std::string> piece = exchange->Read(limits);
        if (!piece.ok() || piece->empty() || body.size() > 64 * 1024) break;
        body += *piece;
      }
      const bool version_refused = code == 400 && body.find("client version") != std::string::npos;
      if (!version_refused || again) return Refusal(code, body);
      Forget();
    }
  }

  StatusOr<std::string> Get(const std::string& target) {
    const CallLimits limits = Within(kCallTimeout);
    DROVER_ASSIGN_OR_RETURN(auto exchange, Open("GET", target, limits));
    return ReadAll(*exchange, limits);
  }

  static StatusOr<std::string> ReadAll(HttpExchange& exchange, const CallLimits& limits) {
    std::string body;
    for (;;) {
      DROVER_ASSIGN_OR_RETURN(const std::string piece, exchange.Read(limits));
      if (piece.empty()) return body;
      body += piece;
      if (body.size() > 32 * 1024 * 1024) return Internal("The Docker Engine's answer is too long");
    }
  }

  StatusOr<std::vector<std::string>> ReadFolder(const std::string& container,
                                                const std::string& folder,
                                                const CallLimits& limits) {
    DROVER_ASSIGN_OR_RETURN(
        auto exchange,
        Open("GET", "/containers/" + Escaped(container) + "/archive?path=" + Escaped(folder),
             limits));
    TarNames names;
    for (;;) {
      DROVER_ASSIGN_OR_RETURN(const std::string piece, exchange->Read(limits));
      if (piece.empty()) break;
      names.Feed(piece);
      if (!names.ok()) return Internal("The Docker Engine's archive of " + folder + " is no tar");
    }
    return std::vector<std::string>(names.names().begin(), names.names().end());
  }

  StatusOr<std::string> GetUnversioned(const std::string& target, const CallLimits& limits) {
    DROVER_ASSIGN_OR_RETURN(const HttpAnswer answer,
                            Exchange(socket_path_, {"GET", target, {}, {}}, limits));
    if (answer.status_code >= 300) return Refusal(answer.status_code, answer.body);
    return answer.body;
  }

  void Forget() {
    const std::lock_guard<std::mutex> lock(mutex_);
    info_.reset();
  }

  const std::string socket_path_;
  std::mutex mutex_;
  std::optional<EngineInfo> info_;
};

}  // namespace

std::unique_ptr<Engine> MakeEngineClient(const std::string& socket_path) {
  return std::make_unique<EngineClient>(socket_path);
}

StatusOr<std::string> EngineSocketPath() {
  const char* host = std::getenv("DOCKER_HOST");
  const std::string text = host == nullptr ? "" : host;
  if (text.empty()) return std::string("/var/run/docker.sock");
  if (text.rfind("unix://", 0) != 0 || text.size() <= 7) {
    return InvalidArgument("DOCKER_HOST is \"" + text +
                           "\"; the agent drives the Engine of its own host by a unix socket: set "
                           "it to unix:///path or leave it out");
  }
  return text.substr(7);
}

}  // namespace drover::agent
