#include "agent/policy/policy.h"

#include <fnmatch.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <optional>
#include <regex>

#include "agent/docker/image_reference.h"

namespace drover::agent {
namespace {

const std::string kDocument = "the document";

std::string At(const std::string& path, const YAML::Mark& mark) {
  if (mark.is_null()) return path;
  return path + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

std::string Shown(const YAML::Node& node) {
  if (node.IsScalar()) return "\"" + node.Scalar() + "\"";
  if (node.IsSequence()) return "a list";
  if (node.IsMap()) return "a map";
  return "nothing";
}

std::string Join(const std::vector<std::string>& words) {
  std::string result;
  for (const std::string& word : words) result += (result.empty() ? "" : ", ") + word;
  return result;
}

bool IsPattern(const std::string& text) {
  static const std::regex pattern("[A-Za-z0-9*][A-Za-z0-9._:/*-]*");
  return std::regex_match(text, pattern);
}

bool IsAbsolute(const std::string& text) { return !text.empty() && text[0] == '/'; }

bool IsVerbOrAll(const std::string& text) {
  const std::vector<std::string>& known = PolicyVerbs();
  return text == "all" || std::find(known.begin(), known.end(), text) != known.end();
}

}  // namespace

// The value of one key of the file at `path`.
class Policy::Value {
 public:
  Value(const std::string& path, const std::string& key, const YAML::Node& node)
      : path_(path), key_(key), node_(node) {}

  Status Wrong(const YAML::Node& node, const std::string& expected) const {
    return InvalidArgument(At(path_, node.Mark()) + ": " + key_ + " is " + Shown(node) +
                           "; expected " + expected);
  }

  // A list of texts that `good` accepts; `kind` names them in the plural, `expected` one of them.
  StatusOr<std::vector<std::string>> List(const std::string& kind, const std::string& expected,
                                          bool (*good)(const std::string&)) const {
    std::vector<std::string> result;
    if (!node_.IsSequence()) return Wrong(node_, "a list of " + kind);
    for (const YAML::Node& entry : node_) {
      if (!entry.IsScalar() || !good(entry.Scalar())) return Wrong(entry, expected);
      result.push_back(entry.Scalar());
    }
    return result;
  }

  StatusOr<std::vector<std::string>> Verbs() const {
    const std::string known = Join(PolicyVerbs());
    if (node_.IsScalar() && node_.Scalar() == "all") return PolicyVerbs();
    DROVER_ASSIGN_OR_RETURN(
        std::vector<std::string> verbs,
        List("verbs (" + known + ") or all", "one of " + known + " or all", IsVerbOrAll));
    if (std::find(verbs.begin(), verbs.end(), "all") != verbs.end()) return PolicyVerbs();
    return verbs;
  }

  StatusOr<Millis> StopTime() const {
    const std::optional<Millis> limit =
        node_.IsScalar() ? ParseDuration(node_.Scalar()) : std::nullopt;
    if (!limit || *limit == Millis(0)) return Wrong(node_, "a duration, as 90s or 5m");
    return *limit;
  }

 private:
  const std::string& path_;
  const std::string& key_;
  const YAML::Node& node_;
};

const std::vector<std::string>& PolicyVerbs() {
  static const std::vector<std::string> verbs = {
      "PullImage",  "SetImage",      "RestoreFile",    "StopService",    "UpService", "DownProject",
      "CopyVolume", "RestoreVolume", "SetAsideVolume", "RemoveLeftover", "Rehearse"};
  return verbs;
}

Policy Policy::DenyAll(const std::string& why) {
  Policy policy;
  policy.nothing_because_ = why;
  return policy;
}

Status Policy::Take(const std::string& key, const Value& value) {
  if (key == "project_roots") {
    DROVER_ASSIGN_OR_RETURN(
        project_roots_,
        value.List("absolute paths", "an absolute path, as /srv/opensearch", IsAbsolute));
  } else if (key == "images") {
    DROVER_ASSIGN_OR_RETURN(images_,
                            value.List("repository patterns",
                                       "a repository without tag, as registry.lab:5000/opensearch "
                                       "or docker.io/opensearchproject/*",
                                       IsPattern));
    for (const std::string& image : images_) {
      normalized_images_.push_back(image == "*" ? "*" : NormalizeRepository(image));
    }
  } else if (key == "verbs") {
    DROVER_ASSIGN_OR_RETURN(const std::vector<std::string> verbs, value.Verbs());
    verbs_ = {verbs.begin(), verbs.end()};
  } else {
    DROVER_ASSIGN_OR_RETURN(max_stop_time_, value.StopTime());
  }
  return OkStatus();
}

StatusOr<Policy> Policy::Parse(const std::string& text, const std::string& path) {
  Policy policy;
  policy.path_ = path;
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return policy;
    if (!root.IsMap()) return Value(path, kDocument, root).Wrong(root, "keys and values");
    std::set<std::string> seen;
    for (const auto& entry : root) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
      const std::string where = At(path, entry.first.Mark());
      if (!seen.insert(key).second) return InvalidArgument(where + ": " + key + " is there twice");
      if (key != "project_roots" && key != "images" && key != "verbs" && key != "max_stop_time") {
        return InvalidArgument(where + ": unknown key \"" + key +
                               "\"; expected project_roots, images, verbs or max_stop_time");
      }
      const YAML::Node node = entry.second;
      DROVER_RETURN_IF_ERROR(policy.Take(key, Value(path, key, node)));
    }
  } catch (const YAML::Exception& error) {
    return InvalidArgument(At(path, error.mark) + ": " + error.msg);
  }
  return policy;
}

Status Policy::Deny(const std::string& sentence) const {
  return PermissionDenied(nothing_because_.empty() ? sentence : nothing_because_);
}

Status Policy::AllowsVerb(const std::string& verb) const {
  if (verbs_.count(verb) > 0) return OkStatus();
  return Deny("The host's policy does not allow " + verb + "; add it to verbs in " + path_);
}

Status Policy::AllowsImage(const std::string& reference) const {
  const StatusOr<ImageReference> image = ParseImageReference(reference);
  if (!image.ok()) return image.status();
  const std::string repository = image->Repository();
  for (const std::string& pattern : normalized_images_) {
    if (pattern == "*" ||
        fnmatch(pattern.c_str(), repository.c_str(), FNM_PATHNAME | FNM_NOESCAPE) == 0) {
      return OkStatus();
    }
  }
  return Deny("The host's policy does not allow the image " + image->name + " (" + repository +
              "); add it to images in " + path_);
}

Status Policy::AllowsStopTime(Millis timeout) const {
  if (nothing_because_.empty() && timeout <= max_stop_time_) return OkStatus();
  return Deny("The host's policy allows a stop to take " + FormatDuration(max_stop_time_) +
              " at most, not " + FormatDuration(timeout) + "; change max_stop_time in " + path_);
}

Status Policy::AllowsPath(const std::string& path) const {
  const StatusOr<std::string> resolved = ResolvePath(path);
  if (!resolved.ok()) return Deny(Message(resolved.status()));
  for (const std::string& root : ResolvedRoots()) {
    if (LiesUnder(*resolved, root)) return OkStatus();
  }
  const std::string shown = *resolved == path ? path : path + " (that is " + *resolved + ")";
  return Deny(shown +
              " lies outside of what the host's policy allows; add its folder to "
              "project_roots in " +
              path_);
}

std::vector<std::string> Policy::ResolvedRoots() const {
  std::vector<std::string> result;
  for (const std::string& root : project_roots_) {
    StatusOr<std::string> resolved = ResolvePath(root);
    if (resolved.ok()) result.push_back(std::move(resolved).value());
  }
  return result;
}

std::vector<std::string> Policy::Summary() const {
  if (!nothing_because_.empty()) return {nothing_because_};
  const auto shown = [](const std::vector<std::string>& words) {
    return words.empty() ? std::string("none") : Join(words);
  };
  return {"project roots: " + shown(project_roots_), "images: " + shown(images_),
          "verbs: " + shown({verbs_.begin(), verbs_.end()}),
          "longest stop: " + FormatDuration(max_stop_time_)};
}

StatusOr<std::string> ResolvePath(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return NotFound(path + " does not exist or may not be read");
  std::string result(resolved);
  std::free(resolved);
  return result;
}

bool LiesUnder(const std::string& path, const std::string& root) {
  if (root == "/") return true;
  return path == root || path.rfind(root + "/", 0) == 0;
}

bool IsProjectName(const std::string& name) {
  static const std::regex pattern("[a-z0-9][a-z0-9_-]{0,127}");
  return std::regex_match(name, pattern);
}

bool IsServiceName(const std::string& name) {
  static const std::regex pattern("[a-zA-Z0-9._][a-zA-Z0-9._-]{0,127}");
  return std::regex_match(name, pattern);
}

}  // namespace drover::agent
