#include "agent/compose/project_catalog.h"

#include <cstdlib>

#include "agent/compose/outcome.h"

namespace drover::agent {
namespace {

constexpr size_t kMaxRemembered = 500;

std::string KeyOf(const ProjectPlace& place) { return place.working_dir + "\n" + place.name; }

bool Better(const ContainerSummary& a, const ContainerSummary& b) {
  const bool a_runs = a.state == "running";
  const bool b_runs = b.state == "running";
  if (a_runs != b_runs) return a_runs;
  return std::atoi(Label(a.labels, kNumberLabel).c_str()) <
         std::atoi(Label(b.labels, kNumberLabel).c_str());
}

}  // namespace

const ContainerSummary* HostScan::ContainerOf(const std::string& project,
                                              const std::string& service) const {
  const ContainerSummary* best = nullptr;
  for (const ContainerSummary& container : containers) {
    if (Label(container.labels, kProjectLabel) != project) continue;
    if (Label(container.labels, kServiceLabel) != service) continue;
    if (best == nullptr || Better(container, *best)) best = &container;
  }
  return best;
}

ProjectCatalog::ProjectCatalog(Engine* engine, Compose* compose, PolicyFile* policy,
                               Variables::Environment environment)
    : engine_(engine), compose_(compose), policy_(policy), environment_(std::move(environment)) {}

HostScan ProjectCatalog::Scan() {
  HostScan scan;
  auto containers = engine_->ListContainers({kProjectLabel});
  scan.engine = containers.status();
  if (containers.ok()) {
    for (ContainerSummary& container : *containers) {
      if (Label(container.labels, kOneOffLabel) == "True") continue;
      scan.containers.push_back(std::move(container));
    }
  }
  scan.places = DiscoverProjects(*policy_->Current(), scan.containers, environment_);
  return scan;
}

StatusOr<ProjectPlace> ProjectCatalog::Find(const HostScan& scan, const std::string& name) {
  const ProjectPlace* found = nullptr;
  for (const ProjectPlace& place : scan.places) {
    if (place.name != name) continue;
    // With two of one name the error is with the second; neither may be driven.
    if (!place.error.empty()) {
      return VerbError(v1::OPERATION_ERROR_CODE_INVALID_PROJECT, place.error);
    }
    found = &place;
  }
  if (found != nullptr) return *found;
  return VerbError(v1::OPERATION_ERROR_CODE_UNKNOWN_PROJECT,
                   "There is no Compose project " + name +
                       " on this host under the folders that its policy allows");
}

StatusOr<ProjectFiles> ProjectCatalog::Open(const ProjectPlace& place) {
  const std::shared_ptr<const Policy> policy = policy_->Current();
  DROVER_RETURN_IF_ERROR(policy->AllowsPath(place.working_dir));
  StatusOr<ProjectFiles> files = LoadProjectFiles(place, environment_);
  if (!files.ok()) {
    return AsVerbError(v1::OPERATION_ERROR_CODE_INVALID_PROJECT, files.status());
  }
  for (const ProjectFile& file : files->files) {
    const Status allowed = policy->AllowsPath(file.real_path);
    if (!allowed.ok()) {
      return Annotate(allowed, "The project " + place.name + " uses a file it may not");
    }
  }
  return files;
}

std::shared_ptr<std::mutex> ProjectCatalog::AskingOf(const ProjectPlace& place) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (asking_.size() >= kMaxRemembered) asking_.clear();
  std::shared_ptr<std::mutex>& mutex = asking_[KeyOf(place)];
  if (mutex == nullptr) mutex = std::make_shared<std::mutex>();
  return mutex;
}

std::shared_ptr<const ProjectCatalog::Remembered> ProjectCatalog::Recall(
    const ProjectPlace& place, const ProjectFiles& files) {
  const std::string fingerprint = files.Fingerprint();
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto it = remembered_.find(KeyOf(place));
  if (it == remembered_.end() || it->second->fingerprint != fingerprint) return nullptr;
  return it->second;
}

StatusOr<std::shared_ptr<const ResolvedConfig>> ProjectCatalog::Resolve(const ProjectPlace& place,
                                                                        const ProjectFiles& files,
                                                                        const RunOptions& options) {
  if (const auto known = Recall(place, files)) return known->config;
  const std::shared_ptr<std::mutex> asking = AskingOf(place);
  const std::lock_guard<std::mutex> lock(*asking);
  if (const auto known = Recall(place, files)) return known->config;
  DROVER_ASSIGN_OR_RETURN(ResolvedConfig config, Ask(place, files, {}, options));
  return std::make_shared<const ResolvedConfig>(std::move(config));
}

StatusOr<ResolvedConfig> ProjectCatalog::ResolveAfresh(
    const ProjectPlace& place, const ProjectFiles& files,
    const std::set<std::string>& environment_keys, const RunOptions& options) {
  const std::shared_ptr<std::mutex> asking = AskingOf(place);
  const std::lock_guard<std::mutex> lock(*asking);
  return Ask(place, files, environment_keys, options);
}

StatusOr<ResolvedConfig> ProjectCatalog::Ask(const ProjectPlace& place, const ProjectFiles& files,
                                             const std::set<std::string>& environment_keys,
                                             const RunOptions& options) {
  RunOptions with_room = options;
  with_room.capture_limit = 8 * 1024 * 1024;
  const StatusOr<CommandResult> result = compose_->Config(place, ProfileNames(files), with_room);
  const std::string fingerprint = files.Fingerprint();
  const auto remember = [&](StatusOr<std::shared_ptr<const ResolvedConfig>> config) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (remembered_.size() >= kMaxRemembered) remembered_.clear();
    remembered_[KeyOf(place)] =
        std::make_shared<const Remembered>(Remembered{fingerprint, std::move(config)});
  };
  if (const Status failure = CommandFailure("Compose's config of " + place.name, result);
      !failure.ok()) {
    const bool refused = result.ok() && !result->canceled && !result->timed_out;
    if (!refused) return failure;
    const v1::OperationError error = ToOperationError(failure);
    const Status invalid = VerbError(v1::OPERATION_ERROR_CODE_INVALID_PROJECT,
                                     "Compose refuses " + place.files[0] + ": " + error.message(),
                                     {error.output().begin(), error.output().end()});
    remember(invalid);
    return invalid;
  }
  DROVER_ASSIGN_OR_RETURN(ResolvedConfig config, ParseComposeConfig(result->out, environment_keys));
  auto kept = std::make_shared<ResolvedConfig>(config);
  for (auto& [name, service] : kept->services) service.environment.clear();
  remember(std::shared_ptr<const ResolvedConfig>(std::move(kept)));
  return config;
}

}  // namespace drover::agent
