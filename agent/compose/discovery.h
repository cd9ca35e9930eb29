// Finds the Compose projects of this host: folders under the policy's roots, and containers'
// labels.
#ifndef DROVER_AGENT_COMPOSE_DISCOVERY_H_
#define DROVER_AGENT_COMPOSE_DISCOVERY_H_

#include <string>
#include <vector>

#include "agent/compose/project_files.h"
#include "agent/compose/variables.h"
#include "agent/docker/engine.h"
#include "agent/policy/policy.h"

namespace drover::agent {

inline constexpr char kProjectLabel[] = "com.docker.compose.project";
inline constexpr char kServiceLabel[] = "com.docker.compose.service";
inline constexpr char kWorkingDirLabel[] = "com.docker.compose.project.working_dir";
inline constexpr char kConfigFilesLabel[] = "com.docker.compose.project.config_files";
inline constexpr char kEnvironmentFileLabel[] = "com.docker.compose.project.environment_file";
inline constexpr char kVersionLabel[] = "com.docker.compose.version";
inline constexpr char kNumberLabel[] = "com.docker.compose.container-number";
inline constexpr char kOneOffLabel[] = "com.docker.compose.oneoff";

// Sorted by name. Where two projects would have one name, the later has `error` set. Reads folders
// at most three levels below a root; a folder it may not read is passed over.
std::vector<ProjectPlace> DiscoverProjects(const Policy& policy,
                                           const std::vector<ContainerSummary>& containers,
                                           const Variables::Environment& environment);

// The value of a label; empty where it is not there.
std::string Label(const std::map<std::string, std::string>& labels, const std::string& name);

// As Compose makes a project's name of a folder's or a given one: lower case, letters, digits, `_`
// and `-`.
std::string NormalizeProjectName(const std::string& text);

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_DISCOVERY_H_
