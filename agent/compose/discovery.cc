#include "agent/compose/discovery.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>

#include "common/base/files.h"

namespace drover::agent {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 3;
constexpr size_t kMaxFolders = 5000;
constexpr size_t kMaxProjects = 200;
constexpr size_t kMaxEnvFile = 1024 * 1024;

// Compose's own order of preference.
constexpr const char* kFileNames[] = {"compose.yaml", "compose.yml", "docker-compose.yml",
                                      "docker-compose.yaml"};
constexpr const char* kOverrideNames[] = {"compose.override.yaml", "compose.override.yml",
                                          "docker-compose.override.yml",
                                          "docker-compose.override.yaml"};

bool IsFile(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> result;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    if (end > begin) result.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

std::vector<std::string> AbsoluteAll(const std::string& folder,
                                     const std::vector<std::string>& paths) {
  std::vector<std::string> result;
  for (const std::string& path : paths) {
    result.push_back(!path.empty() && path[0] == '/' ? path : folder + "/" + path);
  }
  return result;
}

std::vector<std::string> DefaultFiles(const std::string& folder) {
  std::vector<std::string> result;
  for (const char* name : kFileNames) {
    if (!IsFile(folder + "/" + name)) continue;
    result.push_back(folder + "/" + name);
    break;
  }
  if (result.empty()) return result;
  for (const char* name : kOverrideNames) {
    if (!IsFile(folder + "/" + name)) continue;
    result.push_back(folder + "/" + name);
    break;
  }
  return result;
}

// The value of a COMPOSE_… setting in the environment or in the folder's `.env`.
std::string Setting(const Variables& variables, const std::string& name) {
  const auto value = variables.Find(name);
  return value.ok() && *value ? (*value)->text : "";
}

// The last top-level `name:` of the files, where it is a plain text; empty otherwise.
std::string WrittenName(const std::vector<std::string>& files, const Variables& variables) {
  std::string result;
  for (const std::string& path : files) {
    const StatusOr<std::string> text = ReadFile(path);
    if (!text.ok() || text->find("name") == std::string::npos) continue;
    try {
      const YAML::Node root = YAML::Load(*text);
      if (!root.IsMap() || !root["name"].IsDefined() || !root["name"].IsScalar()) continue;
      const auto name =
          variables.Interpolate(TracedText::Of(root["name"].Scalar(), ByteOrigin::kFixed, 0));
      if (name.ok() && !name->text.empty()) result = name->text;
    } catch (const YAML::Exception&) {
      // Reported when the project's files are loaded.
    }
  }
  return result;
}

ProjectPlace PlaceOfFolder(const std::string& folder, const Variables::Environment& environment) {
  Variables variables(environment);
  const StatusOr<std::string> env_text = ReadFile(folder + "/.env", kMaxEnvFile);
  if (env_text.ok()) variables.AddFile(*env_text, ByteOrigin::kFixed);
  ProjectPlace place;
  place.working_dir = folder;
  const std::string chosen = Setting(variables, "COMPOSE_FILE");
  if (!chosen.empty()) {
    const std::string separator = Setting(variables, "COMPOSE_PATH_SEPARATOR");
    place.files = AbsoluteAll(folder, Split(chosen, separator.empty() ? ':' : separator[0]));
  } else {
    place.files = DefaultFiles(folder);
  }
  place.name = Setting(variables, "COMPOSE_PROJECT_NAME");
  if (place.name.empty()) place.name = WrittenName(place.files, variables);
  if (place.name.empty()) {
    place.name = NormalizeProjectName(fs::path(folder).filename().string());
  }
  return place;
}

class Finder {
 public:
  Finder(const Policy& policy, const Variables::Environment& environment)
      : environment_(environment), roots_(policy.ResolvedRoots()) {}

  void Containers(const std::vector<ContainerSummary>& containers) {
    std::map<std::pair<std::string, std::string>, const ContainerSummary*> latest;
    for (const ContainerSummary& container : containers) {
      const std::string name = Label(container.labels, kProjectLabel);
      const std::string folder = Label(container.labels, kWorkingDirLabel);
      if (name.empty() || folder.empty()) continue;
      if (Label(container.labels, kOneOffLabel) == "True") continue;
      // The Engine lists the newest container first.
      latest.emplace(std::pair(name, folder), &container);
    }
    for (const auto& [key, container] : latest) {
      const StatusOr<std::string> folder = ResolvePath(key.second);
      if (!folder.ok() || !Allowed(*folder)) continue;
      Add(PlaceOfContainer(key.first, key.second, *container));
      taken_.insert(*folder);
    }
  }

  void Folders() {
    for (const std::string& root : roots_) Walk(root, 0);
  }

  std::vector<ProjectPlace> Result() {
    std::stable_sort(places_.begin(), places_.end(),
                     [](const auto& a, const auto& b) { return a.name < b.name; });
    for (size_t i = 1; i < places_.size(); ++i) {
      if (places_[i].name != places_[i - 1].name || !places_[i].error.empty()) continue;
      places_[i].error = "The projects in " + places_[i - 1].working_dir + " and " +
                         places_[i].working_dir + " have the same name " + places_[i].name +
                         "; give one of them another (name: or COMPOSE_PROJECT_NAME)";
    }
    return std::move(places_);
  }

 private:
  bool Allowed(const std::string& folder) const {
    return std::any_of(roots_.begin(), roots_.end(),
                       [&folder](const std::string& root) { return LiesUnder(folder, root); });
  }

  ProjectPlace PlaceOfContainer(const std::string& name, const std::string& folder,
                                const ContainerSummary& container) const {
    ProjectPlace place;
    place.name = name;
    place.working_dir = folder;
    place.made_by = Label(container.labels, kVersionLabel);
    place.files = AbsoluteAll(folder, Split(Label(container.labels, kConfigFilesLabel), ','));
    const bool there = std::all_of(place.files.begin(), place.files.end(), IsFile);
    if (place.files.empty() || !there) place.files = DefaultFiles(folder);
    const std::string env_files = Label(container.labels, kEnvironmentFileLabel);
    for (const std::string& path : AbsoluteAll(folder, Split(env_files, ','))) {
      if (IsFile(path)) place.env_files.push_back(path);
    }
    return place;
  }

  void Add(ProjectPlace place) {
    if (places_.size() >= kMaxProjects) return;
    if (!IsProjectName(place.name)) {
      place.error = "The project in " + place.working_dir + " has a name that Compose would not " +
                    "allow; set name: in its file";
    } else if (place.files.empty()) {
      place.error = "There is no Compose file in " + place.working_dir;
    }
    places_.push_back(std::move(place));
  }

  void Walk(const std::string& folder, int depth) {
    if (++folders_ > kMaxFolders) return;
    if (taken_.count(folder) == 0 && !DefaultFiles(folder).empty()) {
      taken_.insert(folder);
      Add(PlaceOfFolder(folder, environment_));
    }
    if (depth >= kMaxDepth) return;
    std::error_code error;
    std::vector<std::string> below;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      std::error_code ignored;
      if (it->is_symlink(ignored) || !it->is_directory(ignored)) continue;
      if (it->path().filename().string()[0] == '.') continue;
      below.push_back(it->path().string());
    }
    std::sort(below.begin(), below.end());
    for (const std::string& next : below) Walk(next, depth + 1);
  }

  const Variables::Environment& environment_;
  const std::vector<std::string> roots_;
  std::vector<ProjectPlace> places_;
  std::set<std::string> taken_;
  size_t folders_ = 0;
};

}  // namespace

std::string Label(const std::map<std::string, std::string>& labels, const std::string& name) {
  const auto it = labels.find(name);
  return it == labels.end() ? "" : it->second;
}

std::string NormalizeProjectName(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const bool kept = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ||
                      lower == '-' || lower == '_';
    if (kept && !(result.empty() && (lower == '-' || lower == '_'))) result += lower;
  }
  return result;
}

std::vector<ProjectPlace> DiscoverProjects(const Policy& policy,
                                           const std::vector<ContainerSummary>& containers,
                                           const Variables::Environment& environment) {
  Finder finder(policy, environment);
  finder.Containers(containers);
  finder.Folders();
  return finder.Result();
}

}  // namespace drover::agent
