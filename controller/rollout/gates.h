// Conditions that must hold before the next step, each with its reason where it does not
// (opensearch.md section 5, R1–R4, and section 4b, M1 step 16).
#ifndef DROVER_CONTROLLER_ROLLOUT_GATES_H_
#define DROVER_CONTROLLER_ROLLOUT_GATES_H_

#include <set>
#include <string>
#include <vector>

#include "controller/rollout/observation.h"

namespace drover::rollout {

struct GateVerdict {
  bool holds = true;
  std::vector<std::string> reasons;  // a sentence each; empty where it holds
};

// Whether the nodes with these ids may be down together now: every shard they hold has a started
// copy elsewhere and owes no recovery (R1, R2; indexes without replicas were accepted in the plan),
// the quorum survives with at most one voter less (R3), and no role loses its last node (R4).
// Nodes that are down already count as down: `missing` are those that belong to the cluster and are
// not in it (id, name and roles are read).
GateVerdict MayStop(const ClusterObservation& cluster, const std::set<std::string>& node_ids,
                    const std::vector<NodeView>& missing = {});

// Whether the cluster is whole again: green, or yellow with nothing moving and every unassigned
// replica explained by the version rule: its primary runs on a newer node than every node that
// could take it.
GateVerdict HasRecovered(const ClusterObservation& cluster);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_GATES_H_
