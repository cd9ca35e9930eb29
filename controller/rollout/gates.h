// Conditions that must hold before the next step, each with its reason where it does not
// (opensearch.md section 5, R1–R4, and section 4b, M1 step 16).
#ifndef DROVER_CONTROLLER_ROLLOUT_GATES_H_
#define DROVER_CONTROLLER_ROLLOUT_GATES_H_

#include <set>
#include <string>
#include <vector>

#include "controller/rollout/observation.h"
#include "controller/rollout/plan.h"

namespace drover::rollout {

struct GateVerdict {
  bool holds = true;
  std::vector<std::string> reasons;  // a sentence each; empty where it holds
  // Copies that are missing and explained, a sentence each, where it holds all the same.
  std::vector<std::string> explained;
  bool loses_quorum = false;  // one of the reasons, R3
};

// What a gate lets pass because the plan says so.
struct Allowances {
  // Nothing can take over from the only cluster manager, or the only data node: accepted.
  bool downtime = false;
  std::vector<HomelessReplicas> homeless;
};

// Replicas that no data node could take: each of them holds a copy of the shard already.
std::vector<HomelessReplicas> FindHomeless(const ClusterObservation& cluster);

// Whether the nodes with these ids may be down together now: every shard they hold has a started
// copy elsewhere and owes no recovery (R1, R2; indexes without replicas were accepted in the plan),
// the quorum survives with at most one voter less (R3), and no role loses its last node (R4).
// Nodes that are down already count as down: `missing` are those that belong to the cluster and are
// not in it (id, name and roles are read).
GateVerdict MayStop(const ClusterObservation& cluster, const std::set<std::string>& node_ids,
                    const std::vector<NodeView>& missing = {}, const Allowances& allowed = {});

// Whether the cluster is whole again: green, or yellow with nothing moving and every unassigned
// replica explained: by the version rule, its primary runs on a newer node than every node that
// could take it; or it had no home before the rollout either.
GateVerdict HasRecovered(const ClusterObservation& cluster,
                         const std::vector<HomelessReplicas>& homeless = {});

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_GATES_H_
