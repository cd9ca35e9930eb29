// Cluster files proposed from what the agents report. Pure.
#ifndef DROVER_CONTROLLER_API_DISCOVER_H_
#define DROVER_CONTROLLER_API_DISCOVER_H_

#include <string>
#include <vector>

#include "controller/rollout/cluster_spec.h"
#include "controller/rollout/operation.h"

namespace drover::api {

// A project that was inspected on a host, with the environment of DiscoveryEnvironment().
struct InspectedProject {
  std::string host;
  rollout::ProjectView project;
};

struct Proposal {
  rollout::ClusterSpec spec;
  std::vector<std::string> notes;  // what could not be found out and has to be filled in
};

// Variables that discovery reads; none of them holds a secret.
std::vector<std::string> DiscoveryEnvironment();

// Whether a project is worth an inspection: one of its services may be an OpenSearch node.
bool MayHoldNodes(const rollout::ProjectView& project);

// One proposal for each cluster.name, by name.
std::vector<Proposal> Propose(const std::vector<InspectedProject>& projects);

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_DISCOVER_H_
