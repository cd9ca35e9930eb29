#include "controller/rollout/match.h"

#include <set>

namespace drover::rollout {
namespace {

const NodeView* NodeAtAddress(const ClusterObservation& cluster, const ContainerView& container) {
  for (const ContainerView::Port& port : container.ports) {
    const std::string address = port.host_ip + ":" + std::to_string(port.host_port);
    for (const NodeView& node : cluster.nodes) {
      if (node.http_publish_address == address || node.transport_address == address) return &node;
    }
  }
  return nullptr;
}

const NodeView* FindNode(const MemberSpec& spec, const ServiceView& service,
                         const ClusterObservation& cluster, std::string* seen, std::string* name) {
  if (!spec.node.empty()) {
    *name = spec.node;
    *seen = "node " + spec.node + " (cluster file)";
    return cluster.NodeNamed(spec.node);
  }
  if (const auto it = service.environment.find("node.name"); it != service.environment.end()) {
    *name = it->second;
    *seen = "node.name " + it->second + " (its configuration)";
    return cluster.NodeNamed(it->second);
  }
  *name = service.container ? service.container->hostname : service.hostname;
  if (!service.container) {
    *seen = "no container";
    return nullptr;
  }
  *seen = "host name " + service.container->hostname + " and its published ports";
  if (const NodeView* node = cluster.NodeNamed(service.container->hostname)) return node;
  return NodeAtAddress(cluster, *service.container);
}

Match MatchOne(const MemberSpec& spec, const World& world) {
  Match match;
  match.spec = &spec;
  match.host = world.Host(spec.host);
  if (match.host == nullptr || !match.host->known) {
    match.problem = "host " + spec.host + " is not enrolled";
    return match;
  }
  if (!match.host->connected) {
    match.problem = "the agent of host " + spec.host + " is not connected";
    return match;
  }
  match.project = world.Project(spec.host, spec.project);
  if (match.project == nullptr) {
    match.problem = "host " + spec.host + " reports no project " + spec.project;
    return match;
  }
  if (!match.project->error.empty()) {
    match.problem = "host " + spec.host + ", project " + spec.project + ": " + match.project->error;
    return match;
  }
  match.service = match.project->Service(spec.service);
  if (match.service == nullptr) {
    match.problem =
        "host " + spec.host + ", project " + spec.project + " has no service " + spec.service;
    return match;
  }
  std::string seen;
  match.node = FindNode(spec, *match.service, world.cluster, &seen, &match.expected_name);
  if (match.node == nullptr) match.problem = "no node of the cluster fits: seen was " + seen;
  return match;
}

}  // namespace

std::string Place(const MemberSpec& spec) {
  return spec.host + "/" + spec.project + "/" + spec.service;
}

std::string Match::Name() const { return node != nullptr ? node->name : Place(*spec); }

std::vector<Match> MatchMembers(const ClusterSpec& spec, const World& world) {
  std::vector<Match> matches;
  std::map<std::string, std::string> claimed;
  for (const MemberSpec& member : spec.members) {
    Match match = MatchOne(member, world);
    if (match.node != nullptr) {
      const auto [it, is_new] = claimed.emplace(match.node->id, Place(member));
      if (!is_new) {
        match.problem = "node " + match.node->name + " is matched by " + it->second + " as well";
        match.node = nullptr;
      }
    }
    matches.push_back(std::move(match));
  }
  return matches;
}

}  // namespace drover::rollout
