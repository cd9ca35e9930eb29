#include "controller/api/cluster_changes.h"

#include <algorithm>
#include <map>
#include <optional>

#include "controller/api/words.h"

namespace drover::api {
namespace {

// A file as lines: key as it is written → value. Lists whose order has a meaning are one value.
using Flat = std::map<std::string, std::string>;

std::string Place(const rollout::MemberSpec& member) {
  return member.host + "/" + member.project + "/" + member.service;
}

void FlattenRules(const rollout::Rules& rules, Flat* flat) {
  (*flat)["rules.max_unavailable"] = std::to_string(rules.max_unavailable);
  (*flat)["rules.join_timeout"] = FormatDuration(rules.join_timeout);
  (*flat)["rules.recover_stall"] = FormatDuration(rules.recover_stall);
  (*flat)["rules.snapshot_stall"] = FormatDuration(rules.snapshot_stall);
  (*flat)["rules.stop_timeout"] = FormatDuration(rules.stop_timeout);
  (*flat)["rules.pull_timeout"] = FormatDuration(rules.pull_timeout);
  (*flat)["rules.recovery_concurrency"] = std::to_string(rules.recovery_concurrency);
  (*flat)["rules.pause_after"] = Joined(rules.pause_after, ", ");
}

Flat Flatten(const rollout::ClusterSpec& spec) {
  Flat flat;
  flat["endpoints"] = Joined(spec.endpoints, ", ");
  flat["tls.ca"] = spec.tls.ca;
  flat["auth.client_certificate"] = spec.tls.client_certificate;
  flat["auth.client_key"] = spec.tls.client_key;
  flat["auth.username"] = spec.auth.username;
  flat["auth.password_file"] = spec.auth.password_file;
  flat["snapshot.repository"] = spec.snapshot.repository;
  flat["snapshot.type"] = spec.snapshot.type;
  flat["snapshot.upgrade_folder"] = spec.snapshot.shared_folder ? "shared" : "own";
  for (const auto& [key, value] : spec.snapshot.settings) {
    flat["snapshot.settings." + key] = value;
  }
  for (const auto& member : spec.members) {
    flat["member " + Place(member)] = member.node.empty() ? "in the file" : "node " + member.node;
  }
  for (const auto& companion : spec.companions) {
    flat["companion " + companion.host + "/" + companion.project + "/" + companion.service] =
        companion.image;
  }
  FlattenRules(spec.rules, &flat);
  return flat;
}

const rollout::HostView* FindHost(const std::vector<rollout::HostView>& hosts,
                                  const std::string& name) {
  const auto found = std::find_if(hosts.begin(), hosts.end(), [&](const auto& host) {
    return host.known && host.name == name;
  });
  return found == hosts.end() ? nullptr : &*found;
}

template <typename Views>
bool Has(const Views& views, const std::string& name) {
  return std::any_of(views.begin(), views.end(),
                     [&](const auto& view) { return view.name == name; });
}

std::optional<std::string> Warning(const rollout::MemberSpec& member,
                                   const rollout::HostView& host) {
  if (!host.connected) return "the agent of " + host.name + " is not connected now";
  const auto project =
      std::find_if(host.projects.begin(), host.projects.end(),
                   [&](const auto& known) { return known.name == member.project; });
  if (project == host.projects.end()) {
    return Place(member) + ": the agent of " + host.name + " reports no project '" +
           member.project + "'";
  }
  if (!project->error.empty() || Has(project->services, member.service)) return std::nullopt;
  return Place(member) + ": project " + project->name + " has no service '" + member.service + "'";
}

}  // namespace

std::vector<std::string> Changes(const rollout::ClusterSpec& before,
                                 const rollout::ClusterSpec& now) {
  const Flat old_flat = Flatten(before);
  const Flat new_flat = Flatten(now);
  std::vector<std::string> lines;
  for (const auto& [key, value] : old_flat) {
    const auto found = new_flat.find(key);
    if (found == new_flat.end()) {
      lines.push_back(key + " removed");
    } else if (found->second != value) {
      const auto shown = [](const std::string& text) { return text.empty() ? "(none)" : text; };
      lines.push_back(key + ": " + shown(value) + " → " + shown(found->second));
    }
  }
  for (const auto& [key, value] : new_flat) {
    if (!old_flat.contains(key)) lines.push_back(key + " added");
  }
  return lines;
}

Status CheckHosts(const rollout::ClusterSpec& spec, const std::string& file_name,
                  const std::vector<rollout::HostView>& hosts) {
  std::vector<std::string> enrolled;
  for (const auto& host : hosts) {
    if (host.known) enrolled.push_back(host.name);
  }
  const auto check = [&](const std::string& what, const std::string& host) {
    if (FindHost(hosts, host) != nullptr) return OkStatus();
    return InvalidArgument(
        file_name + ": " + what + ": host '" + host +
        "' is not enrolled; enrolled: " + (enrolled.empty() ? "none yet" : Joined(enrolled, ", ")) +
        ". To enrol one: drover token create");
  };
  for (const auto& member : spec.members) {
    DROVER_RETURN_IF_ERROR(check("member " + Place(member), member.host));
  }
  for (const auto& companion : spec.companions) {
    DROVER_RETURN_IF_ERROR(
        check("companion " + companion.host + "/" + companion.project + "/" + companion.service,
              companion.host));
  }
  return OkStatus();
}

std::vector<std::string> Warnings(const rollout::ClusterSpec& spec,
                                  const std::vector<rollout::HostView>& hosts) {
  std::vector<std::string> lines;
  for (const auto& member : spec.members) {
    const rollout::HostView* const host = FindHost(hosts, member.host);
    if (host == nullptr) continue;
    const auto warning = Warning(member, *host);
    if (!warning) continue;
    const std::string line = "warning: " + *warning;
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
  return lines;
}

}  // namespace drover::api
