#include <algorithm>
#include <thread>

#include "agent/compose/compose_verbs.h"
#include "agent/compose/outcome.h"
#include "agent/compose/wire_time.h"
#include "common/rpc/limits.h"

namespace drover::agent {
namespace {

using std::chrono::steady_clock;

constexpr Millis kReadTimeout{60'000};
constexpr Millis kFollowSlice{60LL * 60 * 1000};
constexpr Millis kReattachPause{500};
constexpr size_t kMaxLogBytes = 1024 * 1024;
constexpr size_t kMaxLogLineBytes = 8 * 1024;

// The last `wanted` lines of `bytes`, the newest within the byte limits.
v1::LogTail TailOf(const std::string& bytes, size_t wanted, bool cut) {
  std::vector<std::string> lines;
  size_t begin = 0;
  while (begin < bytes.size()) {
    const size_t end = std::min(bytes.find('\n', begin), bytes.size());
    std::string line = bytes.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(ValidUtf8(line.substr(0, kMaxLogLineBytes)));
    begin = end + 1;
  }
  size_t first = lines.size();
  size_t size = 0;
  while (first > 0 && lines.size() - first < wanted && size < kMaxLogBytes) {
    size += lines[--first].size();
  }
  v1::LogTail tail;
  tail.set_truncated(cut || first > 0);
  for (size_t i = first; i < lines.size(); ++i) tail.add_lines(std::move(lines[i]));
  return tail;
}

std::string EnvironmentValue(const ContainerDetail& container, const std::string& key) {
  for (const std::string& entry : container.environment) {
    if (entry.rfind(key + "=", 0) == 0) return entry.substr(key.size() + 1);
  }
  return "";
}

// What the policy says against running the images that the query names by the verbs that it names.
std::vector<std::string> DenialsOf(const Policy& policy, const v1::InspectProject& query) {
  std::vector<std::string> denials;
  const auto add = [&denials](const Status& status) {
    if (!status.ok()) denials.push_back(Message(status));
  };
  if (query.images().empty()) return denials;
  const std::vector<std::string> asked(query.verbs().begin(), query.verbs().end());
  const std::vector<std::string> upgrade = {"PullImage", "SetImage", "StopService", "UpService"};
  for (const std::string& verb : asked.empty() ? upgrade : asked) add(policy.AllowsVerb(verb));
  for (const std::string& image : query.images()) add(policy.AllowsImage(image));
  return denials;
}

}  // namespace

StatusOr<ContainerDetail> ComposeVerbs::FindContainer(const std::string& project,
                                                      const std::string& service) {
  const HostScan scan = catalog_.Scan();
  DROVER_RETURN_IF_ERROR(scan.engine);
  DROVER_RETURN_IF_ERROR(ProjectCatalog::Find(scan, project).status());
  const ContainerSummary* found = scan.ContainerOf(project, service);
  if (found == nullptr) {
    return VerbError(v1::OPERATION_ERROR_CODE_UNKNOWN_SERVICE,
                     "The service " + service + " of " + project + " has no container here");
  }
  return parts_.engine->InspectContainer(found->id);
}

StatusOr<v1::Project> ComposeVerbs::InspectProject(const v1::InspectProject& query) {
  const HostScan scan = catalog_.Scan();
  // The controller rests on it that a service without a container here has none.
  DROVER_RETURN_IF_ERROR(scan.engine);
  DROVER_ASSIGN_OR_RETURN(const ProjectPlace place, ProjectCatalog::Find(scan, query.project()));
  DROVER_ASSIGN_OR_RETURN(const ProjectFiles files, catalog_.Open(place));
  const std::set<std::string> keys = {query.environment_keys().begin(),
                                      query.environment_keys().end()};
  RunOptions options;
  options.deadline = steady_clock::now() + kReadTimeout;
  DROVER_ASSIGN_OR_RETURN(const ResolvedConfig config,
                          catalog_.ResolveAfresh(place, files, keys, options));
  v1::Project project = ReportProject(scan, place);
  for (const v1::Service& service : project.services()) {
    if (service.has_container() || !scan.ContainerOf(place.name, service.name())) continue;
    return VerbError(v1::OPERATION_ERROR_CODE_ENGINE_DOWN,
                     "The Engine lists a container of " + service.name() +
                         " and does not describe it; ask again");
  }
  for (const std::string& denial : DenialsOf(*parts_.policy->Current(), query)) {
    project.add_denials(denial);
  }
  AddEditDenials(query, place, files, &project);
  AddImages(query, &project);
  for (v1::Service& service : *project.mutable_services()) {
    if (service.has_container()) AddContainerFacts(query, service.mutable_container());
    const auto resolved = config.services.find(service.name());
    StatusOr<ContainerDetail> container = NotFound("no container");
    if (service.has_container() && !keys.empty()) {
      container = parts_.engine->InspectContainer(service.container().id());
    }
    for (const std::string& key : keys) {
      std::string value;
      if (resolved != config.services.end() && resolved->second.environment.count(key) > 0) {
        value = resolved->second.environment.at(key);
      } else if (container.ok()) {
        value = EnvironmentValue(*container, key);
      }
      if (!value.empty()) (*service.mutable_environment())[key] = ValidUtf8(value);
    }
  }
  return project;
}

StatusOr<v1::LogTail> ComposeVerbs::ReadLogTail(const v1::TailLog& query) {
  DROVER_ASSIGN_OR_RETURN(const ContainerDetail container,
                          FindContainer(query.project(), query.service()));
  const uint32_t limit = rpc::kMaxLogLines;
  const uint32_t wanted = query.lines() == 0 ? limit : std::min(query.lines(), limit);
  std::string bytes;
  bool cut = false;
  // One line more than wanted tells whether there are older ones.
  DROVER_RETURN_IF_ERROR(parts_.engine->ReadLog(container, wanted + 1, /*follow=*/false, Time{},
                                                {steady_clock::now() + kReadTimeout},
                                                [&bytes, &cut](const std::string& piece) {
                                                  bytes += piece;
                                                  if (bytes.size() > 2 * kMaxLogBytes) {
                                                    bytes.erase(0, bytes.size() - kMaxLogBytes);
                                                    cut = true;
                                                  }
                                                  return true;
                                                }));
  return TailOf(bytes, wanted, cut);
}

v1::QueryResult ComposeVerbs::Answer(const v1::Query& query) {
  v1::QueryResult result;
  result.set_query_id(query.query_id());
  Status status = VerbError(v1::OPERATION_ERROR_CODE_UNSUPPORTED_VERB,
                            "The agent does not know this query; upgrade the agent on this host");
  try {
    if (query.has_inspect_project()) {
      StatusOr<v1::Project> project = InspectProject(query.inspect_project());
      status = project.status();
      if (project.ok()) *result.mutable_project() = *std::move(project);
    } else if (query.has_tail_log()) {
      StatusOr<v1::LogTail> tail = ReadLogTail(query.tail_log());
      status = tail.status();
      if (tail.ok()) *result.mutable_log_tail() = *std::move(tail);
    } else if (query.has_list_leftovers()) {
      status = OkStatus();
      *result.mutable_leftovers() = ListLeftovers();
    } else if (query.has_remove_leftover()) {
      StatusOr<v1::RemovedLeftover> removed = RemoveLeftover(query.remove_leftover());
      status = removed.status();
      if (removed.ok()) *result.mutable_removed_leftover() = *std::move(removed);
    } else if (query.has_rehearse()) {
      StatusOr<v1::Rehearsed> rehearsed = rehearsals_.Answer(query.rehearse());
      status = rehearsed.status();
      if (rehearsed.ok()) *result.mutable_rehearsed() = *std::move(rehearsed);
    }
  } catch (const std::exception& error) {
    status = Internal(std::string("The query failed: ") + error.what());
  }
  if (!status.ok()) *result.mutable_error() = ToOperationError(status);
  return result;
}

// Follows the service rather than one container: after a recreate it goes on with the new one.
Status ComposeVerbs::FollowLog(const v1::TailLog& request, const StopRequest& stop,
                               const std::function<bool(const std::string& bytes)>& sink) {
  uint32_t lines = std::min<uint32_t>(request.lines(), rpc::kMaxLogLines);
  std::string followed;
  Time since{};
  bool wanted = true;
  const auto forward = [&](const std::string& bytes) {
    for (size_t at = 0; wanted && at < bytes.size(); at += rpc::kMaxOutputChunkBytes) {
      wanted = sink(bytes.substr(at, rpc::kMaxOutputChunkBytes));
    }
    return wanted;
  };
  while (wanted && !stop.canceled.load()) {
    const StatusOr<ContainerDetail> container = FindContainer(request.project(), request.service());
    if (!container.ok() && followed.empty()) return container.status();
    const bool go_on =
        container.ok() && (container->id != followed || container->state == "running");
    if (go_on) {
      if (container->id != followed && !followed.empty()) {
        lines = rpc::kMaxLogLines;
        since = Time{};
      }
      followed = container->id;
      const Time attached = parts_.clock->Now();
      const Status status =
          parts_.engine->ReadLog(*container, lines, /*follow=*/true, since,
                                 {steady_clock::now() + kFollowSlice, &stop.canceled}, forward);
      if (status.code() == StatusCode::kAborted) break;
      since = std::max(attached, parts_.clock->Now() - Millis(10));
      lines = rpc::kMaxLogLines;
    }
    if (wanted && !stop.canceled.load()) std::this_thread::sleep_for(kReattachPause);
  }
  return OkStatus();
}

}  // namespace drover::agent
