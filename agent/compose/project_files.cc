#include "agent/compose/project_files.h"

#include <unistd.h>

#include <optional>
#include <set>

#include "agent/policy/policy.h"
#include "common/base/files.h"
#include "common/crypto/crypto.h"

namespace drover::agent {
namespace {

constexpr size_t kMaxFile = 4 * 1024 * 1024;
constexpr size_t kMaxFiles = 100;
constexpr int kMaxNesting = 8;

std::string Absolute(const std::string& folder, const std::string& path) {
  return !path.empty() && path[0] == '/' ? path : folder + "/" + path;
}

std::string Folder(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string Position(const std::string& path, const YAML::Mark& mark) {
  if (mark.is_null()) return path;
  return path + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

// The value of `key` in a map without merge keys; undefined where it is not there.
YAML::Node Direct(const YAML::Node& map, const std::string& key) {
  if (!map.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
  for (const auto& entry : map) {
    if (entry.first.IsScalar() && entry.first.Scalar() == key) return entry.second;
  }
  return YAML::Node(YAML::NodeType::Undefined);
}

// The same, looking through `<<`.
YAML::Node Merged(const YAML::Node& map, const std::string& key, int depth = 0) {
  YAML::Node direct = Direct(map, key);
  if (direct.IsDefined() || depth > kMaxNesting) return direct;
  const YAML::Node bases = Direct(map, "<<");
  if (!bases.IsDefined()) return direct;
  if (bases.IsMap()) return Merged(bases, key, depth + 1);
  if (bases.IsSequence()) {
    for (const YAML::Node& base : bases) {
      YAML::Node found = Merged(base, key, depth + 1);
      if (found.IsDefined()) return found;
    }
  }
  return direct;
}

// A string, or each string of a list, or `field` of each map of a list.
std::vector<YAML::Node> Scalars(const YAML::Node& node, const std::string& field) {
  std::vector<YAML::Node> result;
  if (!node.IsDefined() || node.IsNull()) return result;
  if (node.IsScalar()) return {node};
  if (node.IsMap()) return Scalars(Direct(node, field), field);
  if (node.IsSequence()) {
    for (const YAML::Node& entry : node) {
      for (const YAML::Node& scalar : Scalars(entry, field)) result.push_back(scalar);
    }
  }
  return result;
}

class Loader {
 public:
  Loader(const ProjectPlace& place, const Variables::Environment& environment,
         const std::map<std::string, std::string>& replaced)
      : place_(place), environment_(environment), replaced_(replaced) {}

  StatusOr<ProjectFiles> Load() {
    result_.working_dir = place_.working_dir;
    std::vector<std::string> env_files = place_.env_files;
    const bool own_choice = !env_files.empty();
    if (!own_choice) env_files.push_back(place_.working_dir + "/.env");
    DROVER_RETURN_IF_ERROR(
        Group(place_.files, env_files, own_choice, {}, place_.working_dir, /*depth=*/0));
    return std::move(result_);
  }

 private:
  // Reads a file once; -1 where it is missing and may be.
  StatusOr<int> Read(const std::string& path, bool required) {
    const StatusOr<std::string> real = ResolvePath(path);
    if (!real.ok()) {
      if (required) return NotFound(path + " does not exist or may not be read");
      return -1;
    }
    if (const auto it = index_.find(*real); it != index_.end()) return it->second;
    if (result_.files.size() >= kMaxFiles) {
      return InvalidArgument("The project in " + place_.working_dir + " has too many files");
    }
    ProjectFile file;
    file.path = path;
    file.real_path = *real;
    if (const auto it = replaced_.find(*real); it != replaced_.end()) {
      file.text = it->second;
    } else {
      DROVER_ASSIGN_OR_RETURN(file.text, ReadFile(*real, kMaxFile));
    }
    file.sha256 = crypto::Sha256Hex(file.text);
    result_.files.push_back(std::move(file));
    const int index = static_cast<int>(result_.files.size()) - 1;
    index_[*real] = index;
    return index;
  }

  StatusOr<YAML::Node> ParseDocument(int file) {
    const ProjectFile& source = result_.files[static_cast<size_t>(file)];
    try {
      YAML::Node root = YAML::Load(source.text);
      if (root.IsMap()) return root;
      return InvalidArgument(source.path + ":1:1: a Compose file is a map with `services`");
    } catch (const YAML::Exception& error) {
      return InvalidArgument(Position(source.path, error.mark) + ": " + error.msg);
    }
  }

  Status Group(const std::vector<std::string>& paths, const std::vector<std::string>& env_files,
               bool env_required, const std::vector<int>& outer_env, const std::string& folder,
               int depth) {
    if (depth > kMaxNesting) return InvalidArgument(paths[0] + ": include goes too deep");
    FileGroup group{{}, Variables(environment_)};
    std::vector<int> env = outer_env;
    group.variables.AddFixed("COMPOSE_PROJECT_NAME", place_.name);
    for (const std::string& path : paths) {
      DROVER_ASSIGN_OR_RETURN(const int file, Read(path, true));
      DROVER_ASSIGN_OR_RETURN(YAML::Node root, ParseDocument(file));
      group.documents.push_back({file, root});
    }
    // A later env file wins over an earlier one; AddFile lets the first one win.
    for (auto it = env_files.rbegin(); it != env_files.rend(); ++it) {
      DROVER_ASSIGN_OR_RETURN(const int file, Read(*it, env_required));
      if (file >= 0) env.push_back(file);
    }
    for (const int file : env) {
      group.variables.AddFile(result_.files[static_cast<size_t>(file)].text, file);
    }
    const size_t index = result_.groups.size();
    result_.groups.push_back(std::move(group));
    for (size_t i = 0; i < result_.groups[index].documents.size(); ++i) {
      const ComposeDocument document = result_.groups[index].documents[i];
      DROVER_RETURN_IF_ERROR(PulledInByServices(index, document, folder));
      DROVER_RETURN_IF_ERROR(Includes(index, document, folder, env, depth));
    }
    return OkStatus();
  }

  StatusOr<std::string> Resolve(size_t group, const YAML::Node& node, const std::string& folder) {
    const TracedText text = TracedText::Of(node.Scalar(), ByteOrigin::kFixed, 0);
    DROVER_ASSIGN_OR_RETURN(const TracedText path,
                            result_.groups[group].variables.Interpolate(text));
    return Absolute(folder, path.text);
  }

  Status PulledInByServices(size_t group, const ComposeDocument& document,
                            const std::string& folder) {
    const YAML::Node services = Direct(document.root, "services");
    if (!services.IsMap()) return OkStatus();
    for (const auto& entry : services) {
      for (const YAML::Node& node : Scalars(Merged(entry.second, "env_file"), "path")) {
        DROVER_ASSIGN_OR_RETURN(const std::string path, Resolve(group, node, folder));
        DROVER_RETURN_IF_ERROR(Read(path, false).status());
      }
      const YAML::Node extends = Merged(entry.second, "extends");
      const YAML::Node file = extends.IsMap() ? Direct(extends, "file") : YAML::Node();
      if (!file.IsDefined() || !file.IsScalar()) continue;
      DROVER_RETURN_IF_ERROR(Extended(group, document.file, file, folder));
    }
    return OkStatus();
  }

  // Relative to the project's folder or, where it is not there, to the file that extends.
  Status Extended(size_t group, int from, const YAML::Node& node, const std::string& folder) {
    const std::string own = Folder(result_.files[static_cast<size_t>(from)].path);
    DROVER_ASSIGN_OR_RETURN(std::string path, Resolve(group, node, folder));
    if (!ResolvePath(path).ok()) {
      DROVER_ASSIGN_OR_RETURN(path, Resolve(group, node, own));
    }
    DROVER_ASSIGN_OR_RETURN(const int file, Read(path, true));
    if (!result_.extended.emplace(std::pair(from, node.Scalar()), file).second) return OkStatus();
    if (result_.extended_roots.count(file) > 0) return OkStatus();
    DROVER_ASSIGN_OR_RETURN(YAML::Node root, ParseDocument(file));
    result_.extended_roots.emplace(file, root);
    return PulledInByServices(group, {file, root}, Folder(path));
  }

  Status Includes(size_t group, const ComposeDocument& document, const std::string& folder,
                  const std::vector<int>& env, int depth) {
    const YAML::Node include = Direct(document.root, "include");
    if (!include.IsDefined() || !include.IsSequence()) return OkStatus();
    for (const YAML::Node& entry : include) {
      std::vector<std::string> paths;
      for (const YAML::Node& node : Scalars(entry, "path")) {
        DROVER_ASSIGN_OR_RETURN(std::string path, Resolve(group, node, folder));
        paths.push_back(std::move(path));
      }
      if (paths.empty()) continue;
      std::string inner_folder = Folder(paths[0]);
      const YAML::Node chosen = Direct(entry, "project_directory");
      if (chosen.IsDefined() && chosen.IsScalar()) {
        DROVER_ASSIGN_OR_RETURN(inner_folder, Resolve(group, chosen, folder));
      }
      std::vector<std::string> env_files;
      for (const YAML::Node& node : Scalars(Direct(entry, "env_file"), "path")) {
        DROVER_ASSIGN_OR_RETURN(std::string path, Resolve(group, node, folder));
        env_files.push_back(std::move(path));
      }
      const bool named = !env_files.empty();
      if (!named) env_files.push_back(inner_folder + "/.env");
      DROVER_RETURN_IF_ERROR(Group(paths, env_files, named, env, inner_folder, depth + 1));
    }
    return OkStatus();
  }

  const ProjectPlace& place_;
  const Variables::Environment& environment_;
  const std::map<std::string, std::string>& replaced_;
  ProjectFiles result_;
  std::map<std::string, int> index_;
};

struct Found {
  int file = 0;
  YAML::Node node;
};

// The image of `service` in one document, through merge keys and `extends`.
std::optional<Found> ImageIn(const ProjectFiles& files, int file, const YAML::Node& root,
                             const std::string& service, int depth) {
  if (depth > kMaxNesting) return std::nullopt;
  const YAML::Node definition = Direct(Direct(root, "services"), service);
  if (!definition.IsDefined()) return std::nullopt;
  const YAML::Node image = Merged(definition, "image");
  if (image.IsDefined() && !image.IsNull()) return Found{file, image};
  const YAML::Node extends = Merged(definition, "extends");
  if (!extends.IsDefined()) return std::nullopt;
  if (extends.IsScalar()) return ImageIn(files, file, root, extends.Scalar(), depth + 1);
  const YAML::Node base = Direct(extends, "service");
  if (!base.IsDefined() || !base.IsScalar()) return std::nullopt;
  const YAML::Node other = Direct(extends, "file");
  if (!other.IsDefined()) return ImageIn(files, file, root, base.Scalar(), depth + 1);
  const auto it = files.extended.find(std::pair(file, other.Scalar()));
  if (it == files.extended.end()) return std::nullopt;
  return ImageIn(files, it->second, files.extended_roots.at(it->second), base.Scalar(), depth + 1);
}

}  // namespace

std::string ProjectFiles::Fingerprint() const {
  std::string text = working_dir + "\n";
  for (const ProjectFile& file : files) text += file.path + "\n" + file.sha256 + "\n";
  return crypto::Sha256Hex(text);
}

StatusOr<ProjectFiles> LoadProjectFiles(const ProjectPlace& place,
                                        const Variables::Environment& environment,
                                        const std::map<std::string, std::string>& replaced) {
  if (place.files.empty()) return NotFound("There is no Compose file in " + place.working_dir);
  try {
    return Loader(place, environment, replaced).Load();
  } catch (const YAML::Exception& error) {
    return InvalidArgument(Position(place.files[0], error.mark) + ": " + error.msg);
  }
}

StatusOr<ImageSite> FindImageSite(const ProjectFiles& files, const std::string& service) {
  bool known = false;
  for (const FileGroup& group : files.groups) {
    for (auto it = group.documents.rbegin(); it != group.documents.rend(); ++it) {
      known = known || Direct(Direct(it->root, "services"), service).IsDefined();
      const std::optional<Found> found = ImageIn(files, it->file, it->root, service, 0);
      if (found) return ImageSite{found->file, found->node, &group.variables};
    }
  }
  if (known) {
    return FailedPrecondition("The service " + service + " in " + files.files[0].path +
                              " has no image; only a service with an image can be upgraded");
  }
  return NotFound("There is no service " + service + " in " + files.files[0].path);
}

std::vector<std::string> ServiceNames(const ProjectFiles& files) {
  std::set<std::string> names;
  for (const FileGroup& group : files.groups) {
    for (const ComposeDocument& document : group.documents) {
      const YAML::Node services = Direct(document.root, "services");
      if (!services.IsMap()) continue;
      for (const auto& entry : services) {
        if (entry.first.IsScalar()) names.insert(entry.first.Scalar());
      }
    }
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> ProfileNames(const ProjectFiles& files) {
  std::set<std::string> names;
  for (const FileGroup& group : files.groups) {
    for (const ComposeDocument& document : group.documents) {
      const YAML::Node services = Direct(document.root, "services");
      if (!services.IsMap()) continue;
      for (const auto& entry : services) {
        for (const YAML::Node& name : Scalars(Merged(entry.second, "profiles"), "")) {
          if (IsServiceName(name.Scalar())) names.insert(name.Scalar());
        }
      }
    }
  }
  return {names.begin(), names.end()};
}

std::string Where(const ProjectFiles& files, int file, const YAML::Mark& mark) {
  return Position(files.files[static_cast<size_t>(file)].path, mark);
}

}  // namespace drover::agent
