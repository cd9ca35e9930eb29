// A plan: the ordered batches, worked out from the cluster file and from what was observed.
#ifndef DROVER_CONTROLLER_ROLLOUT_PLAN_H_
#define DROVER_CONTROLLER_ROLLOUT_PLAN_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/base/time.h"
#include "controller/rollout/cluster_spec.h"
#include "controller/rollout/observation.h"
#include "controller/rollout/operation.h"
#include "controller/rollout/paths.h"

namespace drover::rollout {

enum class Kind { kUpgrade, kRestart, kRollback };
enum class Strategy { kRolling, kFull };

enum class Verdict { kPass, kWarn, kBlock, kWaived };

struct CheckResult {
  std::string id, title;
  Verdict verdict = Verdict::kPass;
  std::string evidence, remedy;
  std::string waived_by = {}, waived_reason = {};  // of kWaived
  bool operator==(const CheckResult&) const = default;
};

// Replicas of a shard that had no home before the rollout: every data node held a copy already.
struct HomelessReplicas {
  std::string index;
  int shard = 0, replicas = 0;
  bool operator==(const HomelessReplicas&) const = default;
};

// What a rollback does with a member's data volume while the member is stopped. What was there is
// set aside on its host, and stays until it is removed by name.
enum class VolumeChange {
  kNone,
  kRestore,   // it gets the contents of the cold copy back
  kSetAside,  // it starts empty
};

struct PlannedMember {
  std::string name;  // of the node
  std::string host, project, service;
  std::string node_id;
  std::vector<std::string> roles;
  std::string from_image, to_image;
  bool elected_manager = false;
  int batch = 0;  // 0 is the first
  std::string note;
  // The path in its container that is copied before the new image opens it; empty: none.
  std::string cold_copy = {};
  // Where its container keeps its data; empty where its node was not seen.
  std::string data_path = {};
  VolumeChange volume = VolumeChange::kNone;
  bool operator==(const PlannedMember&) const = default;
};

// An operator goes on although `check` blocks.
struct Waiver {
  std::string check, reason, by;
  bool operator==(const Waiver&) const = default;
};

// What an operator asked for.
struct PlanRequest {
  std::string cluster;
  Kind kind = Kind::kUpgrade;
  Strategy strategy = Strategy::kRolling;
  std::string to_version;
  std::string image;  // full reference; empty: the tag is replaced
  // Go on with an upgrade whose controller is gone, from the newest snapshot that names one.
  bool adopt = false;
  // Of a restart: names of the members to restart; empty: all.
  std::vector<std::string> members = {};
  // The operator accepts that the cluster does not serve while its only cluster manager restarts.
  bool accept_downtime = false;
  // Where one hop does not lead to `to_version`: plan the first of several. FirstHop then puts that
  // hop's version into to_version and where the way ends into final_version.
  bool follow_path = false;
  std::vector<std::string> via;  // versions to stop over at; empty: those that Drover knows
  std::string final_version;     // empty: to_version
  // Do not pause before the last member of the old major version stops.
  bool accept_no_return = false;
  std::vector<Waiver> waivers = {};
  // Of a rollback: the rollout that is undone, and the tier that is asked for (opensearch.md M4);
  // 0: the best that is open.
  std::string undoes = {};
  int tier = 0;
  bool operator==(const PlanRequest&) const = default;
};

// Of a rollback: what it goes back from, and what that costs.
struct Undo {
  std::string rollout;
  int tier = 0;        // 1, 2 or 3 (opensearch.md M4)
  std::string loss;    // a sentence
  bool lossy = false;  // something acknowledged to a client is lost, or may be
  // Settings that the undone rollout changed and that come back changed → what they were before.
  std::map<std::string, std::optional<std::string>> settings;
  std::vector<std::string> policies;  // that it stopped
  // Tier 2: index → operations that its primaries had in the copies; nothing where not known.
  std::optional<std::map<std::string, uint64_t>> operations;
  // Tier 3: the indexes of the snapshot, in the order in which they come back.
  std::vector<std::vector<std::string>> restore;
  bool operator==(const Undo&) const = default;
};

// Everything that was observed for a plan or a check, at one time.
struct World {
  Time at{};
  ClusterObservation cluster;
  std::string
      cluster_error;  // set where the cluster could not be observed; then `cluster` is empty
  std::vector<HostView> hosts;
  // Project configurations resolved afresh: (host, project) → view or why not.
  std::map<std::pair<std::string, std::string>, ProjectView> projects;
  RepositoryView repository;
  // Where the request adopts: the newest finished snapshot that a rollout of this cluster took.
  std::optional<SnapshotView> adoptable;
  std::string adoptable_error = {};  // why that could not be found out; empty: it could
  Inspection inspection;             // where the look is for checks
  // Where the request goes back to cold copies: "HOST/PROJECT/SERVICE NAME" of each that its host
  // keeps, of the hosts that said so.
  std::set<std::string> cold_copies, hosts_with_copies_told;
  // A rollout of the cluster that has not ended, beside the one that looks; empty: none.
  std::string other_rollout;
  // Of the certificate that Drover shows to the cluster; nothing where it shows none.
  std::optional<Time> client_certificate_ends;

  const HostView* Host(const std::string& name) const;
  const ProjectView* Project(const std::string& host, const std::string& project) const;
};

// How long the parts of earlier rollouts of the cluster took; what "expected" rests on.
struct History {
  int rollouts = 0;
  Millis snapshot{}, prefetch{}, member{};
};

struct Plan {
  PlanId id;
  PlanRequest request;
  ClusterSpec spec;
  std::string from_version;
  std::vector<PlannedMember> members;  // in the order of their batches
  // Other services of the cluster file that follow the last member, named SERVICE@HOST.
  std::vector<PlannedMember> companions;
  std::vector<PlannedMember> others;  // of the cluster, not asked for: left alone
  int batches = 0;
  std::vector<CheckResult> checks;
  RepositoryView repository;
  std::string snapshot;  // the name it will get
  // Where it goes, made for it alone below the cluster's own repository; empty: into that one.
  std::string own_repository;
  int observed_nodes = 0;
  std::map<std::string, uint64_t> documents;  // index → count, open indexes
  Millis expected{};
  std::string expected_from;
  Time created_at{};
  std::string created_by;
  // What the plan was made from: a thing that can be named → its state then. Compared at the start.
  std::map<std::string, std::string> fingerprint;
  // Set where the plan goes on with an upgrade whose controller is gone: what `snapshot`, which is
  // there already, says of it.
  std::optional<SnapshotOrigin> adopted;
  // The only cluster manager, where it is among `members`: while it restarts nothing can take over.
  // Empty: the cluster serves all the time.
  std::string downtime_of;
  Millis downtime{};  // how long that is expected to take
  std::vector<HomelessReplicas> homeless;
  // The way to request.final_version with what each hop needs; this plan is for the first.
  std::vector<Hop> hops;
  std::optional<Undo> undo;  // of a rollback
  // One of the endpoints is a cluster manager's: it tells when the managers have found each other.
  bool managers_answer = false;

  // Every member is down at the same time (opensearch.md M3).
  bool StopsAll() const { return request.strategy == Strategy::kFull; }
  bool Startable() const;  // no check blocks
  // A restart makes the containers again from the images that their hosts have: nothing is pulled,
  // no file is edited.
  bool ChangesImages() const { return request.kind != Kind::kRestart; }
  const std::string& SnapshotRepository() const {
    return own_repository.empty() ? spec.snapshot.repository : own_repository;
  }
  // The version that every member runs at the end.
  const std::string& Target() const { return ChangesImages() ? request.to_version : from_version; }
};

// The request for the first hop of its way, by the versions that the cluster runs now; as it is
// where it follows no path, needs no other hop or the cluster was not seen. INVALID_ARGUMENT where
// a version cannot be read, or where one image is named for several versions.
StatusOr<PlanRequest> FirstHop(const PlanRequest& request, const ClusterSpec& spec,
                               const World& world);

// Works out the plan. INVALID_ARGUMENT where the request itself is wrong (no version, an unknown
// strategy); everything about the world that forbids it is a check in the plan.
StatusOr<Plan> MakePlan(const PlanId& id, const PlanRequest& request, const ClusterSpec& spec,
                        const World& world, const History& history);

// The image that a companion gets with this version of the cluster.
std::string CompanionImage(const CompanionSpec& companion, const std::string& version);

// The preflight checks (opensearch.md section 4a) without a plan; `request.to_version` may be
// empty.
std::vector<CheckResult> RunChecks(const PlanRequest& request, const ClusterSpec& spec,
                                   const World& world);

// Those of them that look into the new image; to be run once every host has it.
std::vector<CheckResult> RunImageChecks(const PlanRequest& request, const ClusterSpec& spec,
                                        const World& world);

// What a check is, for people.
struct CheckDefinition {
  std::string id, title, asks;
  std::string not_waivable;  // why; empty: an operator can waive it
};
std::vector<CheckDefinition> CheckDefinitions();

// INVALID_ARGUMENT where one names no check, a check that cannot be waived, or no reason.
Status CheckWaivers(const std::vector<Waiver>& waivers);

// Names of what is different between two fingerprints, a sentence each; empty where nothing is.
std::vector<std::string> Differences(const std::map<std::string, std::string>& planned,
                                     const std::map<std::string, std::string>& now);

std::map<std::string, std::string> Fingerprint(const ClusterSpec& spec, const World& world);

// The folder inside an image whose names are the plugins that it holds.
const std::string& PluginFolder();

// Environment variables of a service that member matching and checks read.
const std::vector<std::string>& WantedEnvironment();

}  // namespace drover::rollout

#endif  // DROVER_CONTROLLER_ROLLOUT_PLAN_H_
