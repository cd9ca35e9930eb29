#include "controller/cli/completion.h"

#include <algorithm>
#include <chrono>

namespace drover::cli {
namespace {

constexpr char kBash[] = R"(# drover completion for bash: source <(drover completion bash)
_drover() {
  local IFS=$'\n'
  COMPREPLY=($(drover __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _drover drover
)";

constexpr char kZsh[] = R"(#compdef drover
# drover completion for zsh: source <(drover completion zsh)
_drover() {
  local -a candidates
  candidates=("${(@f)$(drover __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=(${candidates:#})
  if (( ${#candidates} )); then
    compadd -- "${candidates[@]}"
  else
    _files
  fi
}
compdef _drover drover
)";

constexpr char kFish[] = R"(# drover completion for fish: drover completion fish | source
function __drover_complete
  set -l words (commandline -opc)
  set -e words[1]
  drover __complete -- $words (commandline -ct) 2>/dev/null
end
complete -c drover -a '(__drover_complete)'
)";

CLI::Option* FindOption(CLI::App& app, CLI::App& root, const std::string& name) {
  CLI::Option* option = app.get_option_no_throw(name);
  return option != nullptr ? option : root.get_option_no_throw(name);
}

bool TakesValue(const CLI::Option* option) { return option->get_items_expected_max() > 0; }

void AddMatching(std::vector<std::string>& out, const std::vector<std::string>& words,
                 const std::string& begin) {
  for (const std::string& word : words) {
    if (word.rfind(begin, 0) == 0 && word.find('\n') == std::string::npos) out.push_back(word);
  }
}

std::vector<std::string> OptionNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> SubcommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!sub->get_group().empty()) names.push_back(sub->get_name());
  }
  return names;
}

CLI::App* FindSubcommand(CLI::App& app, const std::string& name) {
  const auto found = app.get_subcommands([&](CLI::App* sub) { return sub->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

std::vector<std::string> ValuesOf(const CLI::Option& option, const std::vector<std::string>& before,
                                  const NameSource& names) {
  // CLI11 writes validators behind the name: "STRATEGY:{rolling,full}".
  const std::string full = option.get_type_name();
  const std::string type = full.substr(0, full.find(':'));
  if (type == "FORMAT") return {"table", "json", "yaml", "ndjson"};
  if (type == "STRATEGY") return {"rolling", "full"};
  if (type == "SHELL") return {"bash", "zsh", "fish"};
  return names(type, before);
}

// Where the typed words have led to.
struct Position {
  CLI::App* app;
  std::vector<std::string> positionals;
  // The option whose value comes next, if any.
  CLI::Option* awaited = nullptr;
};

Position Walk(CLI::App& root, const std::vector<std::string>& words) {
  Position at{&root, {}, nullptr};
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (at.awaited != nullptr) {
      at.awaited = nullptr;
    } else if (word.size() > 1 && word[0] == '-') {
      CLI::Option* option = FindOption(*at.app, root, word);
      if (option != nullptr && TakesValue(option)) at.awaited = option;
    } else if (CLI::App* sub = FindSubcommand(*at.app, word);
               sub != nullptr && at.positionals.empty()) {
      at.app = sub;
    } else {
      at.positionals.push_back(word);
    }
  }
  return at;
}

template <typename Stub, typename Request, typename Response>
bool Ask(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
         const Request& request, Response& response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(500));
  return (stub.*method)(&context, request, &response).ok();
}

std::vector<std::string> HostNames(Connection& connection, bool services) {
  std::vector<std::string> out;
  v1::ListHostsResponse response;
  Ask(connection.fleet(), &v1::FleetService::Stub::ListHosts, v1::ListHostsRequest(), response);
  for (const v1::Host& host : response.hosts()) {
    if (!services) out.push_back(host.name());
    for (const v1::HostProject& project : host.projects()) {
      for (const v1::HostService& service : project.services()) {
        if (services) out.push_back(host.name() + "/" + project.name() + "/" + service.name());
      }
    }
  }
  return out;
}

std::vector<std::string> RolloutIds(Connection& connection) {
  std::vector<std::string> out;
  v1::ListRolloutsResponse response;
  Ask(connection.rollouts(), &v1::RolloutService::Stub::ListRollouts, v1::ListRolloutsRequest(),
      response);
  for (const v1::Rollout& rollout : response.rollouts()) out.push_back(rollout.id());
  return out;
}

std::vector<std::string> ClusterNames(Connection& connection) {
  std::vector<std::string> out;
  v1::ListClustersResponse response;
  Ask(connection.clusters(), &v1::ClusterService::Stub::ListClusters, v1::ListClustersRequest(),
      response);
  for (const v1::Cluster& cluster : response.clusters()) out.push_back(cluster.name());
  return out;
}

std::vector<std::string> SnapshotNames(Connection& connection, const std::string& cluster) {
  std::vector<std::string> out;
  v1::ListSnapshotsRequest request;
  request.set_cluster(cluster);
  v1::ListSnapshotsResponse response;
  Ask(connection.snapshots(), &v1::SnapshotService::Stub::ListSnapshots, request, response);
  for (const v1::Snapshot& snapshot : response.snapshots()) out.push_back(snapshot.name());
  return out;
}

}  // namespace

StatusOr<std::string> CompletionScript(const std::string& shell) {
  if (shell == "bash") return std::string(kBash);
  if (shell == "zsh") return std::string(kZsh);
  if (shell == "fish") return std::string(kFish);
  return InvalidArgument("no completion for `" + shell + "`; there is bash, zsh and fish");
}

std::vector<std::string> Complete(CLI::App& app, const std::vector<std::string>& words,
                                  const NameSource& names) {
  std::vector<std::string> out;
  const std::string begin = words.empty() ? "" : words.back();
  const Position at = Walk(app, words);
  if (at.awaited != nullptr) {
    AddMatching(out, ValuesOf(*at.awaited, at.positionals, names), begin);
  } else if (!begin.empty() && begin[0] == '-') {
    AddMatching(out, OptionNames(*at.app), begin);
    if (at.app != &app) AddMatching(out, OptionNames(app), begin);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
  } else {
    AddMatching(out, SubcommandNames(*at.app), begin);
    size_t position = 0;
    for (const CLI::Option* option : at.app->get_options()) {
      if (!option->get_positional() || position++ != at.positionals.size()) continue;
      AddMatching(out, ValuesOf(*option, at.positionals, names), begin);
    }
  }
  return out;
}

std::vector<std::string> LiveNames(Connection& connection, const std::string& type,
                                   const std::vector<std::string>& before) {
  if (type == "HOST") return HostNames(connection, false);
  if (type == "SERVICE") return HostNames(connection, true);
  if (type == "CLUSTER") return ClusterNames(connection);
  if (type == "ROLLOUT") return RolloutIds(connection);
  if (type == "SNAPSHOT" && !before.empty()) return SnapshotNames(connection, before.front());
  return {};
}

}  // namespace drover::cli
