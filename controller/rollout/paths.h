// Which upgrades OpenSearch allows, and by which versions a longer way leads (opensearch.md 1.3;
// docs/versions.md has the table for a person).
#ifndef DROVER_CONTROLLER_ROLLOUT_PATHS_H_
#define DROVER_CONTROLLER_ROLLOUT_PATHS_H_

#include <string>
#include <vector>

#include "common/base/status.h"
#include "controller/rollout/cluster_spec.h"
#include "controller/rollout/observation.h"
#include "controller/rollout/version.h"

namespace drover::rollout {

enum class PathKind { kMinor, kMajor, kSame, kDowngrade, kSkipsMajor, kNeedsHop, kUnknownMajor };

struct PathVerdict {
  PathKind kind = PathKind::kMinor;
  bool allowed = false;
  std::string reason;  // a sentence; what to do where it is not allowed
};

// Whether a cluster at `from` may be rolled to `to` in one hop. `secured`: the security plugin runs
// on it.
PathVerdict CheckPath(const Version& from, const Version& to, bool secured = false);

// Whether the cluster file speaks of credentials or TLS: the security plugin runs there.
bool IsSecured(const ClusterSpec& spec);

enum class HopNeedKind { kReindex, kSettings, kNoReturn };

// What has to be done before a hop, or be known of it.
struct HopNeed {
  HopNeedKind kind = HopNeedKind::kReindex;
  std::string text;                // a sentence
  std::vector<std::string> names;  // of indexes or settings
  bool operator==(const HopNeed&) const = default;
};

struct Hop {
  std::string from, to;
  std::vector<HopNeed> needs;
  bool operator==(const Hop&) const = default;
};

// The hops from `from` to `to`, each of which CheckPath allows; the stop-overs are those in `via`,
// and where a further one is needed the newest patch known of the last minor of its major. Where no
// way leads there (a downgrade, a major that is not known), the one hop that was asked for:
// CheckPath has the reason. INVALID_ARGUMENT where `via` holds a version beyond `to`; those up to
// `from` are behind already.
StatusOr<std::vector<Hop>> PlanHops(const Version& from, const Version& to, bool secured,
                                    std::vector<Version> via = {});

// What each hop needs, by what the cluster holds now.
void AddNeeds(const std::string& cluster_name, const ClusterObservation& cluster,
              std::vector<Hop>* hops);

// Whether a node of `version` refuses an index with this index.version.created ("1.3.20",
// "elasticsearch-7.10.2"). False where `created` cannot be read.
bool IndexIsTooOld(const std::string& created, const Version& version);
// The oldest index.version.created that a node of `version` opens: "2.0.0". Empty: not known.
std::string OldestIndex(const Version& version);

// Whether a setting that a cluster (persistent, transient) or an index may still hold is not known
// to nodes of `version` any more: it is archived, or keeps the index from being created anew.
bool ClusterSettingIsRemoved(const std::string& name, const Version& version);
bool IndexSettingIsRemoved(const std::string& name, const Version& version);

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_PATHS_H_
