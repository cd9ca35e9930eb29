// Which way back to the old version there is now (opensearch.md M4). Only what was seen counts: a
// tier that is offered and does not hold would cost data.
#ifndef DROVER_CONTROLLER_ROLLOUT_ROLLBACK_H_
#define DROVER_CONTROLLER_ROLLOUT_ROLLBACK_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/rollout/observation.h"
#include "controller/rollout/rollout.h"

namespace drover::rollout {

// 0: the new image has opened no volume. 1: members are rebuilt one by one from the copies on old
// nodes. 2: every volume comes back from its cold copy. 3: a fresh cluster, filled from the
// snapshot.
inline constexpr int kNoTier = -1;

struct WayBack {
  int tier = kNoTier;
  std::string does;     // "rebuild os-1 and os-2 from the copies on old nodes, one at a time"
  std::string loss;     // "no loss", or what is lost
  bool lossy = false;   // something that a client was told is stored is lost, or may be
  std::string because;  // why no better tier is open; empty where it needs no reason

  std::string ToString() const;  // "tier 1, …, no loss"
};

// The best way back from `rollout`, or, where `tier` is above 0, that one. `cluster` is null where
// the cluster does not answer. kNoTier with `because` where there is none. The operations of
// indexes are compared where they were asked for.
WayBack FindWayBack(const Rollout& rollout, const ClusterObservation* cluster, int tier = 0);

// The ways back that there will be while `plan` is carried out, a sentence each, in the order in
// which one takes the place of the other. Empty where it changes no image or is a rollback itself.
std::vector<std::string> WaysBackAhead(const Plan& plan);

// Why the members with these node ids could not be rebuilt from the others without a loss; empty
// where they could.
std::string RebuildObstacle(const ClusterObservation& cluster,
                            const std::set<std::string>& upgraded, const std::string& old_version);

// Members whose volume the new image has opened and that do not run the old version again; indexes
// in the plan's members.
std::vector<size_t> UpgradedMembers(const Rollout& rollout, const ClusterObservation* cluster);

// Whether operations on the index are its clients': the nodes write to indexes of their own.
bool CountsAsWritten(const IndexView& index);

// How many operations clients have made since the primaries had `at_stop`; nothing where the
// cluster did not tell. An index that is new or gone counts as one more at least.
std::optional<uint64_t> WrittenSince(const std::map<std::string, uint64_t>& at_stop,
                                     const ClusterObservation& cluster);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_ROLLBACK_H_
