// The rest of the controller, as the control services see it.
#ifndef DROVER_CONTROLLER_API_PARTS_H_
#define DROVER_CONTROLLER_API_PARTS_H_

#include <functional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/time.h"
#include "controller/driver/coordinator.h"
#include "controller/fleet/agents.h"
#include "controller/fleet/fleet_admin.h"
#include "controller/fleet/leftovers.h"
#include "controller/fleet/rehearsal_hosts.h"
#include "controller/opensearch/cluster_api.h"
#include "controller/opensearch/rehearsal_node.h"
#include "controller/opensearch/reindex_api.h"
#include "controller/rollout/cluster_spec.h"
#include "controller/store/cluster_store.h"
#include "controller/store/rollout_store.h"

namespace drover::api {

// What GetController answers.
struct ControllerInfo {
  std::string version;
  Time started_at{};
  uint64_t epoch = 0;
  std::string agent_address;  // where agents dial: "host:port"
  std::string data_folder;
};

// From the text of a cluster file; the name is for messages. INVALID_ARGUMENT names file, line,
// column, the wrong value and what was expected.
using ParseClusterFileFunction = std::function<StatusOr<rollout::ClusterSpec>(
    const std::string& text, const std::string& file_name)>;
// YAML, ready to edit; `notes` stand at its top as comments.
using WriteClusterFileFunction = std::function<std::string(const rollout::ClusterSpec& spec,
                                                           const std::vector<std::string>& notes)>;

// All are owned by the caller and thread safe; all are set.
struct Parts {
  driver::Coordinator* coordinator = nullptr;
  fleet::Agents* agents = nullptr;
  fleet::FleetAdmin* fleet = nullptr;
  fleet::Leftovers* leftovers = nullptr;
  fleet::RehearsalHosts* rehearsal_hosts = nullptr;
  store::ClusterStore* clusters = nullptr;
  store::RolloutStore* rollouts = nullptr;
  opensearch::ClusterApiFactory cluster_api;
  opensearch::ReindexApiFactory reindex_api;
  opensearch::RehearsalNodeFactory rehearsal_node;
  ParseClusterFileFunction parse_cluster_file;
  WriteClusterFileFunction write_cluster_file;
  Clock* clock = nullptr;
  ControllerInfo info;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_PARTS_H_
