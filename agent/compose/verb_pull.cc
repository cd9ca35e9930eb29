#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/compose/compose_verbs.h"
#include "agent/compose/outcome.h"
#include "agent/docker/image_reference.h"
#include "common/base/files.h"

namespace drover::agent {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;

constexpr Millis kProgressInterval{200};
constexpr Millis kRehearsalPull{30 * 60 * 1000};

std::string CliConfigPath() {
  if (const char* folder = std::getenv("DOCKER_CONFIG"); folder != nullptr && *folder != '\0') {
    return std::string(folder) + "/config.json";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr && *home != '\0' ? home : "/root") + "/.docker/config.json";
}

// Whether the docker CLI holds, or may hold, credentials for `registry`. Their values are not read.
bool CliHasCredentials(const std::string& registry) {
  const StatusOr<std::string> text = ReadFile(CliConfigPath(), 1024 * 1024);
  if (!text.ok()) return text.status().code() != StatusCode::kNotFound;
  try {
    const json config = json::parse(*text);
    if (!config.value("credsStore", std::string()).empty()) return true;
    if (config.value("credHelpers", json::object()).contains(registry)) return true;
    const json entries = config.value("auths", json::object());
    for (const auto& [name, entry] : entries.items()) {
      const bool is_hub = registry == "docker.io" && name.find("docker.io") != std::string::npos;
      if (is_hub || name.find(registry) != std::string::npos) return true;
    }
    return false;
  } catch (const json::exception&) {
    return true;  // the CLI says what is wrong with it
  }
}

// Sums the layers of one pull and reports them, a few times a second at most.
class PullMeter {
 public:
  explicit PullMeter(const HostVerbs::Progress& progress) : progress_(progress) {}

  void Take(const PullStatus& status) {
    if (status.layer.empty()) return;
    Layer& layer = layers_[status.layer];
    if (status.status == "Downloading") {
      layer = {status.current, status.total, false};
    } else if (status.status == "Pull complete" || status.status == "Already exists") {
      layer.current = layer.total;
      layer.done = true;
    } else if (status.status == "Download complete") {
      layer.current = layer.total;
    }
    const auto now = steady_clock::now();
    if (now - last_ < kProgressInterval) return;
    last_ = now;
    Report();
  }

 private:
  struct Layer {
    int64_t current = 0;
    int64_t total = 0;
    bool done = false;
  };

  void Report() {
    v1::OperationProgress progress;
    size_t done = 0;
    int64_t current = 0;
    int64_t total = 0;
    for (const auto& [id, layer] : layers_) {
      done += layer.done ? 1 : 0;
      current += layer.current;
      total += layer.total;
    }
    progress.set_current_bytes(current);
    progress.set_total_bytes(total);
    progress.set_text(std::to_string(done) + " of " + std::to_string(layers_.size()) +
                      " layers pulled");
    if (progress_) progress_(progress);
  }

  const HostVerbs::Progress& progress_;
  std::map<std::string, Layer> layers_;
  steady_clock::time_point last_{};
};

}  // namespace

v1::PullImageResult ComposeVerbs::PullResult(const std::string& image,
                                             const ImageDetail& detail) const {
  v1::PullImageResult result;
  result.set_image_id(detail.id);
  const auto wanted = ParseImageReference(image);
  for (const std::string& entry : detail.repo_digests) {
    const auto reference = ParseImageReference(entry);
    if (!reference.ok() || !wanted.ok()) continue;
    if (reference->Repository() == wanted->Repository()) result.set_digest(reference->digest);
  }
  if (wanted.ok() && !wanted->digest.empty()) result.set_digest(wanted->digest);
  return result;
}

// Without credentials the Engine pulls by itself and tells bytes; with them the CLI, which alone
// knows how to get them.
StatusOr<v1::OperationEnd> ComposeVerbs::Pull(const Job& job) {
  const std::string& image = job.order.verb().pull_image().image();
  DROVER_ASSIGN_OR_RETURN(const ImageReference reference, ParseImageReference(image));
  const StatusOr<ImageDetail> before = parts_.engine->InspectImage(image);
  if (!before.ok() && before.status().code() != StatusCode::kNotFound) return before.status();
  const bool pinned_and_present = before.ok() && !reference.digest.empty();
  if (!pinned_and_present) {
    DROVER_RETURN_IF_ERROR(CliHasCredentials(reference.registry) ? PullByCli(job, image)
                                                                 : PullByEngine(job, image));
  }
  const StatusOr<ImageDetail> after = parts_.engine->InspectImage(image);
  if (!after.ok()) {
    return Annotate(after.status(), "The image " + image + " was pulled but cannot be inspected");
  }
  v1::OperationEnd end = Succeeded();
  *end.mutable_pull_image() = PullResult(image, *after);
  end.mutable_pull_image()->set_was_present(before.ok() && before->id == after->id);
  return end;
}

Status ComposeVerbs::PullFor(const std::string& image, const Progress& progress,
                             const StopRequest& stop) {
  v1::StartOperation order;
  order.mutable_verb()->mutable_pull_image()->set_image(image);
  return Pull({order, progress, stop, steady_clock::now() + kRehearsalPull}).status();
}

Status ComposeVerbs::PullByEngine(const Job& job, const std::string& image) {
  PullMeter meter(job.progress);
  const Status pulled =
      parts_.engine->PullImage(image, {job.deadline, &job.stop.canceled},
                               [&meter](const PullStatus& status) { meter.Take(status); });
  if (pulled.ok()) return pulled;
  switch (pulled.code()) {
    case StatusCode::kAborted:
      return VerbError(v1::OPERATION_ERROR_CODE_CANCELED, "Pulling " + image + " was canceled");
    case StatusCode::kDeadlineExceeded:
      return VerbError(v1::OPERATION_ERROR_CODE_DEADLINE_PASSED,
                       "Pulling " + image + " was not done by the order's deadline");
    case StatusCode::kUnavailable:
    case StatusCode::kInvalidArgument:
      return pulled;
    default:
      return PullFailure(image, Message(pulled));
  }
}

Status ComposeVerbs::PullByCli(const Job& job, const std::string& image) {
  RunOptions options = OptionsOf(job);
  PullMeter meter(job.progress);
  options.on_line = [&meter](OutputStream, const std::string& line) {
    const size_t colon = line.find(": ");
    if (colon != std::string::npos) meter.Take({line.substr(0, colon), line.substr(colon + 2)});
  };
  const StatusOr<CommandResult> result = parts_.compose->Pull(image, options);
  const Status failure = CommandFailure("docker pull " + image, result);
  if (failure.ok() || !result.ok() || result->canceled || result->timed_out) return failure;
  const std::vector<std::string> lines = LastLines(*result);
  return PullFailure(image, lines.empty() ? "it said nothing" : lines.back(), lines);
}

}  // namespace drover::agent
