#include <map>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

Finding Run(const CheckInput& in) {
  if (!in.world.cluster_error.empty()) {
    return Block(in.world.cluster_error,
                 "check the endpoints, tls and auth of the cluster file, and that the nodes run");
  }
  std::map<std::string, std::vector<std::string>> by_uuid;
  std::vector<std::string> dead;
  for (const EndpointView& endpoint : in.world.cluster.endpoints) {
    if (!endpoint.error.empty()) {
      dead.push_back(endpoint.url + " (" + endpoint.error + ")");
    } else {
      by_uuid[endpoint.cluster_uuid].push_back(endpoint.url);
    }
  }
  if (by_uuid.size() > 1) {
    std::string evidence = "GET / shows several clusters:";
    for (const auto& [uuid, urls] : by_uuid) evidence += " " + uuid + " at " + Join(urls) + ";";
    evidence.pop_back();
    return Block(evidence, "take the endpoints that are not of this cluster out of its file");
  }
  const std::string uuid = by_uuid.empty() ? "" : by_uuid.begin()->first;
  if (uuid.empty() || uuid == "_na_") {
    return Block("the cluster has no uuid yet (GET /): it has not formed",
                 "wait until a cluster manager is elected");
  }
  if (!dead.empty()) {
    return Warn("no answer from " + Join(dead), "start the node or correct the endpoint");
  }
  return Pass(std::to_string(in.world.cluster.endpoints.size()) + " endpoints, cluster uuid " +
              uuid);
}

}  // namespace

Check P1() {
  return {.id = "P1",
          .title = "every endpoint belongs to one cluster",
          .asks = "GET / of every endpoint: cluster_uuid",
          .not_waivable = "what is not known to be one cluster cannot be upgraded as one",
          .needs_cluster = false,
          .run = &Run};
}

}  // namespace drover::rollout
