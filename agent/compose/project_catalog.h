// The projects of this host that the policy allows, and what Compose makes of their files.
#ifndef DROVER_AGENT_COMPOSE_PROJECT_CATALOG_H_
#define DROVER_AGENT_COMPOSE_PROJECT_CATALOG_H_

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "agent/compose/compose.h"
#include "agent/compose/compose_config.h"
#include "agent/compose/discovery.h"
#include "agent/docker/engine.h"
#include "agent/policy/policy_file.h"

namespace drover::agent {

// What one look at the host showed.
struct HostScan {
  std::vector<ProjectPlace> places;
  std::vector<ContainerSummary> containers;  // of Compose, without one-off ones
  Status engine;                             // why containers are missing

  // The container of a service: a running one before others, then the one with the lowest number.
  const ContainerSummary* ContainerOf(const std::string& project, const std::string& service) const;
};

// Thread safe.
class ProjectCatalog {
 public:
  // All outlive this.
  ProjectCatalog(Engine* engine, Compose* compose, PolicyFile* policy,
                 Variables::Environment environment);

  HostScan Scan();

  // UNKNOWN_PROJECT or INVALID_PROJECT as VerbError.
  static StatusOr<ProjectPlace> Find(const HostScan& scan, const std::string& name);

  // Reads the project's files. INVALID_PROJECT where they do not parse; POLICY_DENIED where the
  // project or a file that it pulls in lies outside of the policy's roots.
  StatusOr<ProjectFiles> Open(const ProjectPlace& place);

  // What `config` says of the project; asked again only after a file has changed. INVALID_PROJECT
  // with Compose's words where it refuses the files.
  StatusOr<std::shared_ptr<const ResolvedConfig>> Resolve(const ProjectPlace& place,
                                                          const ProjectFiles& files,
                                                          const RunOptions& options);

  // The same asked now, with the values of `environment_keys`; remembered without them.
  StatusOr<ResolvedConfig> ResolveAfresh(const ProjectPlace& place, const ProjectFiles& files,
                                         const std::set<std::string>& environment_keys,
                                         const RunOptions& options);

  const Variables::Environment& environment() const { return environment_; }

 private:
  struct Remembered {
    std::string fingerprint;
    StatusOr<std::shared_ptr<const ResolvedConfig>> config;
  };

  std::shared_ptr<std::mutex> AskingOf(const ProjectPlace& place);
  std::shared_ptr<const Remembered> Recall(const ProjectPlace& place, const ProjectFiles& files);
  StatusOr<ResolvedConfig> Ask(const ProjectPlace& place, const ProjectFiles& files,
                               const std::set<std::string>& environment_keys,
                               const RunOptions& options);

  Engine* const engine_;
  Compose* const compose_;
  PolicyFile* const policy_;
  const Variables::Environment environment_;
  std::mutex mutex_;
  // By working folder and name.
  std::map<std::string, std::shared_ptr<const Remembered>> remembered_;
  // Held while Compose is asked, so that a report does not ask beside a verb.
  std::map<std::string, std::shared_ptr<std::mutex>> asking_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_PROJECT_CATALOG_H_
