// The files of one Compose project as they are on disk: Compose files, env files, and what they
// pull in by `include`, `extends` and `env_file`.
#ifndef DROVER_AGENT_COMPOSE_PROJECT_FILES_H_
#define DROVER_AGENT_COMPOSE_PROJECT_FILES_H_

#include <yaml-cpp/yaml.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/compose/variables.h"
#include "common/base/status.h"

namespace drover::agent {

// A project as it was found, not yet read.
struct ProjectPlace {
  std::string name;
  std::string working_dir;             // absolute
  std::vector<std::string> files;      // Compose files in the order of -f, absolute
  std::vector<std::string> env_files;  // as its containers were made with; empty: `.env`
  std::string made_by;                 // Compose version that made its containers; may be empty
  std::string error;                   // why it cannot be used, for the report
};

struct ProjectFile {
  std::string path;       // as Compose is told
  std::string real_path;  // without symlinks
  std::string text;
  std::string sha256;
};

// A Compose file in the order of merging.
struct ComposeDocument {
  int file = 0;  // index into ProjectFiles::files
  YAML::Node root;
};

// Compose files that are merged with each other and share their variables: the project's own, and
// one group for each `include`.
struct FileGroup {
  std::vector<ComposeDocument> documents;
  Variables variables;
};

struct ProjectFiles {
  std::string working_dir;
  std::vector<ProjectFile> files;  // everything that was read
  std::vector<FileGroup> groups;   // the first is the project's own
  // For `extends`: the file it stands in and its text → the file meant, and that file's document.
  std::map<std::pair<int, std::string>, int> extended;
  std::map<int, YAML::Node> extended_roots;

  // Changes whenever a file, its path or a variable of the environment that Compose reads changes.
  std::string Fingerprint() const;
};

// Reads `place`. `replaced` gives other texts for real paths: what an edit would make of them.
// INVALID_ARGUMENT "path:line:column: …" where a file does not parse, NOT_FOUND where one is
// missing.
StatusOr<ProjectFiles> LoadProjectFiles(const ProjectPlace& place,
                                        const Variables::Environment& environment,
                                        const std::map<std::string, std::string>& replaced = {});

// The scalar that sets a service's image, and the variables that apply there.
struct ImageSite {
  int file = 0;
  YAML::Node node;
  const Variables* variables = nullptr;
};

// The site of the last file that sets the image, through merge keys and `extends`. NOT_FOUND where
// the project has no such service; FAILED_PRECONDITION where the service has no image.
StatusOr<ImageSite> FindImageSite(const ProjectFiles& files, const std::string& service);

// Names of all services, sorted.
std::vector<std::string> ServiceNames(const ProjectFiles& files);

// Names of all profiles that a service of the project is in, sorted.
std::vector<std::string> ProfileNames(const ProjectFiles& files);

// "path:line:column" of a node.
std::string Where(const ProjectFiles& files, int file, const YAML::Mark& mark);

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_PROJECT_FILES_H_
