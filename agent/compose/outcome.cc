#include "agent/compose/outcome.h"

#include <algorithm>
#include <cctype>
#include <regex>

#include "absl/strings/cord.h"
#include "common/rpc/limits.h"

namespace drover::agent {
namespace {

constexpr char kPayload[] = "drover.agent.v1.OperationError";

bool HasAny(const std::string& text, const std::vector<std::string>& needles) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(needles.begin(), needles.end(), [&lower](const std::string& needle) {
    return lower.find(needle) != std::string::npos;
  });
}

bool SaysDiskFull(const std::string& words) {
  return HasAny(words, {"no space left on device", "disk quota exceeded"});
}

bool SaysEngineDown(const std::string& words) {
  return HasAny(words, {"cannot connect to the docker daemon", "couldn't connect to docker daemon",
                        "is the docker daemon running", "error during connect",
                        "error while fetching server api version"});
}

bool SaysNoImage(const std::string& words) {
  return HasAny(words, {"manifest unknown", "manifest for", "not found", "name unknown",
                        "repository does not exist", "pull access denied", "no such image",
                        "no matching manifest", "invalid reference format"});
}

bool SaysNoRegistry(const std::string& words) {
  return HasAny(words, {"connection refused",
                        "no such host",
                        "i/o timeout",
                        "tls handshake",
                        "client.timeout",
                        "deadline exceeded",
                        "server misbehaving",
                        "network is unreachable",
                        "no route to host",
                        "connection reset",
                        "x509",
                        "http response to https client",
                        "unauthorized",
                        "no basic auth",
                        "toomanyrequests",
                        "service unavailable",
                        "bad gateway",
                        "unexpected eof",
                        ": eof",
                        "received unexpected http status",
                        "temporary failure in name resolution"});
}

v1::OperationErrorCode CodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kPermissionDenied:
      return v1::OPERATION_ERROR_CODE_POLICY_DENIED;
    case StatusCode::kUnavailable:
      return v1::OPERATION_ERROR_CODE_ENGINE_DOWN;
    case StatusCode::kDeadlineExceeded:
      return v1::OPERATION_ERROR_CODE_DEADLINE_PASSED;
    case StatusCode::kAborted:
      return v1::OPERATION_ERROR_CODE_CANCELED;
    case StatusCode::kResourceExhausted:
      return v1::OPERATION_ERROR_CODE_DISK_FULL;
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
      return v1::OPERATION_ERROR_CODE_INVALID_PROJECT;
    default:
      return v1::OPERATION_ERROR_CODE_INTERNAL;
  }
}

}  // namespace

Status VerbError(v1::OperationErrorCode code, const std::string& message,
                 const std::vector<std::string>& output) {
  v1::OperationError error;
  error.set_code(code);
  error.set_message(ValidUtf8(message));
  for (const std::string& line : output) error.add_output(line);
  Status status = FailedPrecondition(message);
  status.SetPayload(kPayload, absl::Cord(error.SerializeAsString()));
  return status;
}

v1::OperationError ToOperationError(const Status& status) {
  v1::OperationError error;
  if (const auto payload = status.GetPayload(kPayload)) {
    if (error.ParseFromString(std::string(*payload))) return error;
  }
  error.set_code(CodeOf(status));
  error.set_message(ValidUtf8(Message(status)));
  return error;
}

Status AsVerbError(v1::OperationErrorCode code, const Status& status) {
  if (status.GetPayload(kPayload)) return status;
  return VerbError(code, Message(status));
}

std::string ValidUtf8(const std::string& bytes) {
  std::string result;
  size_t at = 0;
  while (at < bytes.size()) {
    const auto lead = static_cast<unsigned char>(bytes[at]);
    size_t length = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : 0;
    if (lead >= 0xE0 && lead < 0xF0) length = 3;
    if (lead >= 0xF0 && lead < 0xF5) length = 4;
    bool whole = length > 0 && at + length <= bytes.size();
    for (size_t i = 1; whole && i < length; ++i) {
      whole = (static_cast<unsigned char>(bytes[at + i]) & 0xC0) == 0x80;
    }
    if (!whole) {
      result += '?';
      ++at;
      continue;
    }
    result.append(bytes, at, length);
    at += length;
  }
  return result;
}

std::string ShowableLine(const std::string& line) {
  static const std::regex named(
      "([A-Za-z0-9_.-]*(?:pass|secret|token|credential|private_key|apikey|api_key)"
      "[A-Za-z0-9_.-]*[\"']?\\s*[=:]\\s*)(\\S+)",
      std::regex::icase | std::regex::optimize);
  static const std::regex in_url("://[^/@ ]*@", std::regex::optimize);
  std::string shown;
  for (const char c : line.substr(0, rpc::kMaxErrorLineBytes)) {
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  const size_t first = shown.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  shown = shown.substr(first, shown.find_last_not_of(' ') - first + 1);
  shown = std::regex_replace(shown, named, "$1***");
  return ValidUtf8(std::regex_replace(shown, in_url, "://***@"));
}

std::vector<std::string> LastLines(const CommandResult& result) {
  std::vector<std::string> lines;
  for (const std::string* text : {&result.out, &result.err}) {
    size_t begin = 0;
    while (begin < text->size()) {
      const size_t end = std::min(text->find_first_of("\r\n", begin), text->size());
      std::string line = ShowableLine(text->substr(begin, end - begin));
      if (!line.empty()) lines.push_back(std::move(line));
      begin = end + 1;
    }
  }
  const size_t limit = rpc::kMaxErrorOutputLines;
  if (lines.size() > limit) lines.erase(lines.begin(), lines.end() - static_cast<long>(limit));
  return lines;
}

Status PullFailure(const std::string& image, const std::string& words,
                   const std::vector<std::string>& output) {
  const std::string shown = ShowableLine(words);
  if (SaysDiskFull(words)) {
    return VerbError(
        v1::OPERATION_ERROR_CODE_DISK_FULL,
        "The disk was full while pulling " + image + "; free some space (" + shown + ")", output);
  }
  if (SaysEngineDown(words)) {
    return VerbError(v1::OPERATION_ERROR_CODE_ENGINE_DOWN,
                     "The Docker Engine does not answer; start it (" + shown + ")", output);
  }
  // A missing image names its registry's address too, so the registry's failures come first.
  if (SaysNoRegistry(words)) {
    return VerbError(v1::OPERATION_ERROR_CODE_REGISTRY_UNREACHABLE,
                     "The registry of " + image +
                         " cannot be used from this host; check its address, network, certificate "
                         "and docker login (" +
                         shown + ")",
                     output);
  }
  if (SaysNoImage(words)) {
    return VerbError(v1::OPERATION_ERROR_CODE_IMAGE_NOT_FOUND,
                     "There is no image " + image +
                         " in its registry, or it may not be read; "
                         "check the name and the tag (" +
                         shown + ")",
                     output);
  }
  return VerbError(v1::OPERATION_ERROR_CODE_REGISTRY_UNREACHABLE,
                   "Pulling " + image + " failed: " + shown, output);
}

Status CommandFailure(const std::string& what, const StatusOr<CommandResult>& result) {
  if (!result.ok()) return AsVerbError(v1::OPERATION_ERROR_CODE_COMPOSE_FAILED, result.status());
  if (result->ok()) return OkStatus();
  const std::vector<std::string> lines = LastLines(*result);
  const std::string last = lines.empty() ? "it said nothing" : lines.back();
  if (result->canceled) {
    return VerbError(v1::OPERATION_ERROR_CODE_CANCELED, what + " was canceled", lines);
  }
  if (result->timed_out) {
    return VerbError(v1::OPERATION_ERROR_CODE_DEADLINE_PASSED,
                     what + " was not done by the order's deadline and was ended", lines);
  }
  const std::string all = result->out + result->err;
  if (SaysDiskFull(all)) {
    return VerbError(v1::OPERATION_ERROR_CODE_DISK_FULL,
                     what + " failed because the disk is full; free some space: " + last, lines);
  }
  if (SaysEngineDown(all)) {
    return VerbError(v1::OPERATION_ERROR_CODE_ENGINE_DOWN,
                     what + " failed because the Docker Engine does not answer: " + last, lines);
  }
  if (all.find("ContainerConfig") != std::string::npos) {
    return VerbError(v1::OPERATION_ERROR_CODE_COMPOSE_FAILED,
                     what +
                         " failed: docker-compose v1 cannot replace a container on this Engine; "
                         "install the docker compose plugin",
                     lines);
  }
  if (HasAny(all, {"port is already allocated", "address already in use"})) {
    return VerbError(v1::OPERATION_ERROR_CODE_COMPOSE_FAILED,
                     what +
                         " failed because a port is taken: by another container (docker ps), by a "
                         "program, or by no one where an Engine was killed while it started this "
                         "container; then start Docker on this host again: " +
                         last,
                     lines);
  }
  return VerbError(v1::OPERATION_ERROR_CODE_COMPOSE_FAILED,
                   what + " ended with status " + std::to_string(result->exit_status) + ": " + last,
                   lines);
}

}  // namespace drover::agent
