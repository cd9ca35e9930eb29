#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "agent/compose/compose_verbs.h"
#include "agent/compose/outcome.h"
#include "agent/compose/wire_time.h"
#include "common/base/files.h"
#include "common/rpc/limits.h"

namespace drover::agent {
namespace {

constexpr Millis kConfigTimeout{30'000};
constexpr Millis kSpellingsAge{5 * 60 * 1000};
constexpr size_t kMaxServices = 100;
constexpr size_t kMaxReportedProjects = 100;
// Leaves room within a message for what else goes with the report.
constexpr size_t kMaxReportBytes = rpc::kMaxMessageBytes * 3 / 4;

// Volumes that Docker made without a name have 64 hexadecimal digits for one.
bool IsAnonymous(const ContainerMount& mount) {
  return mount.type == "volume" && mount.name.size() == 64 &&
         mount.name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::set<std::string> ServicesOf(const HostScan& scan, const std::string& project) {
  std::set<std::string> names;
  for (const ContainerSummary& container : scan.containers) {
    if (Label(container.labels, kProjectLabel) != project) continue;
    const std::string service = Label(container.labels, kServiceLabel);
    if (!service.empty()) names.insert(service);
  }
  return names;
}

}  // namespace

void FillContainer(const ContainerDetail& detail, v1::Container* to) {
  to->set_id(detail.id);
  to->set_name(detail.name);
  to->set_image(detail.image);
  to->set_image_id(detail.image_id);
  to->set_state(detail.state);
  to->set_health(detail.health);
  to->set_exit_code(detail.exit_code);
  to->set_restart_count(detail.restart_count);
  to->set_oom_killed(detail.oom_killed);
  to->set_hostname(detail.hostname);
  to->set_restart_policy(detail.restart_policy);
  if (detail.started_at != Time{}) *to->mutable_started_at() = WireTime(detail.started_at);
  if (detail.finished_at != Time{}) *to->mutable_finished_at() = WireTime(detail.finished_at);
  for (const ContainerMount& mount : detail.mounts) {
    v1::Mount* entry = to->add_mounts();
    entry->set_type(mount.type);
    entry->set_name(mount.type == "volume" ? mount.name : "");
    entry->set_source(mount.source);
    entry->set_destination(mount.destination);
    entry->set_anonymous(IsAnonymous(mount));
  }
  for (const ContainerPort& port : detail.ports) {
    v1::PublishedPort* entry = to->add_ports();
    entry->set_host_ip(port.host_ip);
    entry->set_host_port(port.host_port);
    entry->set_container_port(port.container_port);
  }
}

v1::Project ComposeVerbs::ReportProject(const HostScan& scan, const ProjectPlace& place) {
  v1::Project project;
  project.set_name(place.name);
  project.set_working_dir(ValidUtf8(place.working_dir));
  project.set_error(ValidUtf8(place.error));
  std::set<std::string> names = ServicesOf(scan, place.name);
  std::shared_ptr<const ResolvedConfig> config;
  const StatusOr<ProjectFiles> files =
      place.error.empty() ? catalog_.Open(place) : StatusOr<ProjectFiles>(NotFound(place.error));
  if (files.ok()) {
    for (const ProjectFile& file : files->files) {
      v1::ProjectFile* entry = project.add_files();
      entry->set_path(ValidUtf8(file.path));
      entry->set_sha256(file.sha256);
    }
    RunOptions options;
    options.deadline = std::chrono::steady_clock::now() + kConfigTimeout;
    auto resolved = catalog_.Resolve(place, *files, options);
    if (resolved.ok()) {
      config = *resolved;
      for (const auto& [name, service] : config->services) names.insert(name);
    } else {
      project.set_error(ToOperationError(resolved.status()).message());
    }
  } else if (place.error.empty()) {
    project.set_error(ToOperationError(files.status()).message());
  }
  for (const std::string& name : names) {
    if (static_cast<size_t>(project.services_size()) >= kMaxServices) break;
    v1::Service* service = project.add_services();
    service->set_name(name);
    if (config != nullptr && config->services.count(name) > 0) {
      const ResolvedService& resolved = config->services.at(name);
      service->set_image(resolved.image);
      service->set_hostname(resolved.hostname);
      if (resolved.stop_grace_period) {
        *service->mutable_stop_grace_period() = WireSpan(*resolved.stop_grace_period);
      }
    }
    const ContainerSummary* container = scan.ContainerOf(place.name, name);
    if (container == nullptr) continue;
    const auto detail = parts_.engine->InspectContainer(container->id);
    if (detail.ok()) FillContainer(*detail, service->mutable_container());
  }
  return project;
}

void ComposeVerbs::AddDisks(const HostScan& scan, v1::HostReport* report) {
  std::vector<std::string> folders;
  const StatusOr<EngineInfo> info = parts_.engine->Info();
  if (info.ok() && !info->root_dir.empty()) folders.push_back(info->root_dir);
  folders.push_back(parts_.state_dir);
  for (const ProjectPlace& place : scan.places) folders.push_back(place.working_dir);
  struct stat copies {};
  const bool known = stat(parts_.state_dir.c_str(), &copies) == 0;
  std::set<dev_t> seen;
  for (const std::string& folder : folders) {
    struct stat about {};
    struct statvfs space {};
    if (stat(folder.c_str(), &about) != 0 || !seen.insert(about.st_dev).second) continue;
    if (statvfs(folder.c_str(), &space) != 0) continue;
    v1::Disk* disk = report->add_disks();
    disk->set_path(ValidUtf8(folder));
    disk->set_total_bytes(static_cast<uint64_t>(space.f_blocks) * space.f_frsize);
    disk->set_free_bytes(static_cast<uint64_t>(space.f_bavail) * space.f_frsize);
    disk->set_holds_copies(known && about.st_dev == copies.st_dev);
  }
}

void ComposeVerbs::AddKernelSettings(v1::HostReport* report) {
  // Only what some service is known to need: a report stays small.
  static const std::map<std::string, std::string> wanted = {
      {"vm.max_map_count", "/proc/sys/vm/max_map_count"}};
  for (const auto& [name, path] : wanted) {
    const StatusOr<std::string> text = ReadFile(path, 64);
    if (!text.ok()) continue;
    (*report->mutable_kernel_settings())[name] = text->substr(0, text->find_first_of(" \t\n"));
  }
}

void ComposeVerbs::AddMemory(v1::HostReport* report) {
  static constexpr char kName[] = "MemAvailable:";
  const StatusOr<std::string> text = ReadFile("/proc/meminfo", 16 * 1024);
  const size_t at = text.ok() ? text->find(kName) : std::string::npos;
  if (at == std::string::npos) return;
  report->set_memory_available_bytes(
      std::strtoull(text->c_str() + at + sizeof(kName) - 1, nullptr, 10) * 1024);
}

v1::HostReport ComposeVerbs::Report() {
  v1::HostReport report;
  *report.mutable_host_time() = WireTime(parts_.clock->Now());
  try {
    const HostScan scan = catalog_.Scan();
    if (!scan.engine.ok()) report.set_engine_error(Message(scan.engine));
    for (const ProjectPlace& place : scan.places) {
      if (static_cast<size_t>(report.projects_size()) >= kMaxReportedProjects) break;
      *report.add_projects() = ReportProject(scan, place);
      if (report.ByteSizeLong() <= kMaxReportBytes) continue;
      v1::Project* last = report.mutable_projects(report.projects_size() - 1);
      last->clear_services();
      last->set_error("This host has more projects than fit into a report");
      break;
    }
    AddDisks(scan, &report);
    AddKernelSettings(&report);
    AddMemory(&report);
  } catch (const std::exception& error) {
    report.set_engine_error(std::string("Looking at the host failed: ") + error.what());
  }
  return report;
}

void ComposeVerbs::FillHello(v1::Hello* hello) {
  const StatusOr<EngineInfo> info = parts_.engine->Info();
  if (info.ok()) hello->set_engine_version(info->version);
  {
    const std::lock_guard<std::mutex> lock(hello_mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (!asked_spellings_at_ || now - *asked_spellings_at_ > kSpellingsAge) {
      parts_.compose->Forget();
      asked_spellings_at_ = now;
    }
  }
  for (const ComposeSpelling& spelling : parts_.compose->Spellings()) {
    v1::ComposeVersion* version = hello->add_compose_versions();
    version->set_spelling(spelling.spelling);
    version->set_version(spelling.version);
  }
  for (const std::string& line : parts_.policy->Current()->Summary()) {
    hello->add_policy_summary(line);
  }
}

}  // namespace drover::agent
