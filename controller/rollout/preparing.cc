// CHECKING, SNAPSHOTTING, PREFETCHING: everything before a member is touched (opensearch.md M1
// steps 0–4). Images are pulled while the snapshot runs: a pull touches neither cluster nor
// project.
#include <algorithm>

#include "controller/rollout/engine.h"
#include "controller/rollout/undo_plan.h"

namespace drover::rollout {
namespace {

constexpr char kAllocation[] = "cluster.routing.allocation.enable";
constexpr char kRebalance[] = "cluster.routing.rebalance.enable";
constexpr char kConcurrency[] = "cluster.routing.allocation.node_concurrent_recoveries";
constexpr Millis kReconnect{30'000};
constexpr Millis kAgentRetry{1'000};
// How long a registry may be away before the rollout gives up; nothing has been stopped yet.
constexpr Millis kRegistryPatience{120'000};
constexpr Millis kPullRetry{5'000};
constexpr char kMend[] = ". Nothing was stopped: put that right, then start again";

void Refuse(Engine& e, Refused refused, const std::string& reason) {
  e.r().refused = refused;
  // A rollback has taken over what the rollout that it undoes still owes.
  if (!SettingsToRestore(e.r()).empty()) return BeginRestore(e, Phase::kFailed, reason);
  e.r().reason = reason;
  e.Enter(Phase::kFailed);
}

std::vector<std::string> LostHosts(const Engine& e, const World& world) {
  std::vector<std::string> lost;
  for (int i = 0; i < e.slots(); ++i) {
    const std::string& name = e.planned(i).host;
    const HostView* host = world.Host(name);
    if (host != nullptr && host->connected) continue;
    if (std::find(lost.begin(), lost.end(), name) == lost.end()) lost.push_back(name);
  }
  return lost;
}

// After a start of the controller its agents need a moment to connect; that is no refusal.
bool AwaitsAgents(Engine& e, const World& world) {
  const auto lost = LostHosts(e, world);
  if (lost.empty() || !e.r().progress_at || e.now() - *e.r().progress_at > kReconnect) return false;
  e.WaitFor(kOwnSlot, "the agent of " + lost.front() + " to connect to the controller again",
            *e.r().progress_at + kReconnect, "the agent of " + lost.front() + " connects");
  e.RetryLater(kOwnSlot, kAgentRetry);
  return true;
}

void SayWaived(Engine& e, const std::vector<CheckResult>& checks) {
  for (const CheckResult& check : checks) {
    if (check.verdict != Verdict::kWaived) continue;
    e.Say("check.waived",
          check.id + " " + check.title + ": waived by " + check.waived_by + ": " +
              check.waived_reason,
          kOwnSlot,
          {{"check", check.id}, {"by", check.waived_by}, {"reason", check.waived_reason}});
  }
}

void StartPulls(Engine& e) {
  // A tag that moved must not come in with a restart.
  if (!e.plan().ChangesImages()) return;
  for (int i = 0; i < e.slots(); ++i) {
    if (e.member(i).prefetched || e.Busy(i)) continue;
    e.StartCell(i, Cell::kPrefetch);
    e.Order(i, "pull", PullImage{e.planned(i).service, e.planned(i).to_image},
            e.rules().pull_timeout);
  }
}

// Why the finished snapshot is no backup; empty where it is one (opensearch.md section 2).
std::string SnapshotProblem(const Engine& e, const SnapshotView& snapshot) {
  if (snapshot.state.empty()) {
    return "repository " + e.plan().SnapshotRepository() +
           " does not list it: it was never finished. Is there room in it, and can every node "
           "still write to it? The elected cluster manager's log says more";
  }
  if (snapshot.state != "SUCCESS" || snapshot.shards_failed > 0 || !snapshot.failures.empty()) {
    return "it ended as " + snapshot.state + ", " + std::to_string(snapshot.shards_failed) +
           " of " + std::to_string(snapshot.shards_total) + " shards failed" +
           (snapshot.failures.empty() ? "" : ": " + snapshot.failures.front());
  }
  if (snapshot.version != e.plan().from_version) {
    return "it was taken by version " + snapshot.version + ", not " + e.plan().from_version;
  }
  for (const auto& [index, docs] : e.plan().documents) {
    if (std::find(snapshot.indices.begin(), snapshot.indices.end(), index) ==
        snapshot.indices.end()) {
      return "index " + index + " is not in it";
    }
  }
  return "";
}

void AwaitSnapshot(Engine& e) {
  e.WaitFor(kOwnSlot, "snapshot " + e.plan().snapshot,
            e.r().snapshot.progress_at + e.rules().snapshot_stall, "the snapshot is SUCCESS");
}

void UpdateSnapshot(Engine& e, const SnapshotView& seen) {
  SnapshotProgress& progress = e.r().snapshot;
  if (progress.shards_done != seen.shards_done || progress.bytes_done != seen.bytes_done ||
      progress.state != seen.state) {
    progress.progress_at = e.now();
  }
  progress.state = seen.state;
  progress.shards_done = seen.shards_done;
  progress.shards_total = seen.shards_total;
  progress.shards_failed = seen.shards_failed;
  progress.bytes_done = seen.bytes_done;
  progress.bytes_total = seen.bytes_total;
}

// A registry or an Engine that is away comes back: tried again for a while, by the clock.
bool AwaitsRegistryOrEngine(Engine& e, int i, const OperationEnd& end) {
  const bool engine = end.error == OperationErrorCode::kEngineDown;
  if (!engine && end.error != OperationErrorCode::kRegistryUnreachable) return false;
  MemberState& m = e.member(i);
  const Time since = m.cells[static_cast<size_t>(Cell::kPrefetch)].started_at.value_or(e.now());
  const Time until =
      (m.progress_at ? std::max(since, *m.progress_at) : since) +
      (engine ? std::max(kRegistryPatience, e.rules().join_timeout) : kRegistryPatience);
  if (e.now() > until) return false;
  e.WaitFor(
      i,
      (engine ? "the Docker Engine of " + e.planned(i).host : "the registry") + ": " + end.message,
      until, engine ? "the Engine answers" : "the registry answers");
  e.RetryLater(i, kPullRetry);
  return true;
}

bool PauseAtBoundary(Engine& e) {
  if (!e.r().pause_asked) return false;
  BeginRestore(e, Phase::kPaused, "an operator asked for it");
  return true;
}

// What the rollout before changed counts as changed by this one, to be put back in every ending.
void TakeOver(Engine& e, const ClusterObservation& cluster) {
  for (const auto& [name, before] : e.plan().adopted->settings) {
    RecordedSetting setting;
    setting.name = name;
    setting.before = before;
    const auto it = cluster.persistent_settings.find(name);
    if (it != cluster.persistent_settings.end()) setting.now = it->second;
    setting.changed = setting.now != setting.before;
    e.r().settings.push_back(std::move(setting));
  }
  for (const std::string& node : cluster.voting_exclusions) RecordExclusion(e, node);
  e.r().stopped_policies = e.plan().adopted->policies;
  e.r().policies_stopped = !e.r().stopped_policies.empty();
  for (int i = 0; i < e.members(); ++i) e.member(i).stopped = e.planned(i).node_id.empty();
}

// The snapshot is there; a new one would be of a cluster that is half upgraded.
void BeginAdopted(Engine& e, const World& world) {
  if (!world.adoptable || world.adoptable->name != e.plan().snapshot) {
    return Refuse(e, Refused::kStale, "snapshot " + e.plan().snapshot + " is not the newest one");
  }
  TakeOver(e, world.cluster);
  e.r().snapshot.state = world.adoptable->state;
  e.r().snapshot.shards_done = world.adoptable->shards_done;
  e.r().snapshot.shards_total = world.adoptable->shards_total;
  e.r().snapshot.started_at = world.adoptable->started_at;
  e.r().snapshot.ended_at = world.adoptable->ended_at;
  e.r().snapshot_done = true;
  e.Say("rollout.adopted", "goes on where rollout " + e.plan().adopted->rollout +
                               " was, with its " + "snapshot " + e.plan().snapshot);
  e.r().resume_phase = Phase::kPrefetching;
  if (PauseAtBoundary(e)) return;
  e.Enter(Phase::kPrefetching);
}

}  // namespace

void RecordSettings(Engine& e, const ClusterObservation& cluster) {
  std::vector<std::string> names = {kAllocation, kRebalance};
  // A value that somebody chose for the cluster stands. Bytes per second stay limited by
  // indices.recovery.max_bytes_per_sec however many shards recover at once.
  if (e.rules().recovery_concurrency > 0 && !cluster.persistent_settings.contains(kConcurrency)) {
    names.emplace_back(kConcurrency);
  }
  for (const std::string& name : names) {
    if (FindSetting(e, name) != nullptr) continue;  // taken over from a rollout that is undone
    RecordedSetting setting;
    setting.name = name;
    const auto it = cluster.persistent_settings.find(name);
    if (it != cluster.persistent_settings.end()) setting.before = it->second;
    setting.now = setting.before;
    e.r().settings.push_back(std::move(setting));
  }
  if (e.r().policies_stopped) return;
  for (const SnapshotPolicyView& policy : cluster.snapshot_policies) {
    if (policy.enabled) e.r().stopped_policies.push_back(policy.name);
  }
}

void AdvanceChecking(Engine& e) {
  if (e.Busy(kOwnSlot)) return;
  if (!e.r().wait) {
    e.WaitFor(kOwnSlot, "the cluster and the hosts to be observed (preflight)", std::nullopt,
              "the cluster and the hosts answered");
  }
  ObserveWorld look{true, !e.plan().undo};
  look.with_operations = e.plan().undo && e.plan().undo->tier == 2;
  e.Do(kOwnSlot, "check", look);
}

void OnCheckingObserved(Engine& e, const World& world) {
  if (AwaitsAgents(e, world)) return;
  const std::vector<CheckResult> checks = e.plan().undo
                                              ? RunUndoChecks(e.plan(), world)
                                              : RunChecks(e.plan().request, e.plan().spec, world);
  e.r().checks = checks;
  if (const auto lost = LostHosts(e, world); !lost.empty()) {
    e.r().changes = lost;
    return Refuse(e, Refused::kHosts, "the agent of " + lost.front() + " is not connected");
  }
  // What is to be undone is seldom as it was.
  const auto changes = e.plan().undo
                           ? std::vector<std::string>()
                           : Differences(e.plan().fingerprint, Fingerprint(e.plan().spec, world));
  if (!changes.empty()) {
    e.r().changes = changes;
    return Refuse(e, Refused::kStale, "the plan is stale: " + changes.front());
  }
  for (const CheckResult& check : checks) {
    if (check.verdict != Verdict::kBlock) continue;
    return Refuse(e, Refused::kCheck, check.id + " " + check.title + ": " + check.evidence);
  }
  SayWaived(e, checks);
  if (e.plan().undo) return OnUndoChecked(e, world);
  if (e.plan().adopted) return BeginAdopted(e, world);
  RecordSettings(e, world.cluster);
  e.r().resume_phase = Phase::kSnapshotting;
  if (PauseAtBoundary(e)) return;
  e.Enter(Phase::kSnapshotting);
}

void AdvanceSnapshotting(Engine& e) {
  StartPulls(e);
  if (e.Busy(kOwnSlot)) return;
  if (e.r().snapshot_done) {
    e.r().resume_phase = Phase::kPrefetching;
    if (PauseAtBoundary(e)) return;
    return e.Enter(Phase::kPrefetching);
  }
  if (!e.r().stopped_policies.empty() && !e.r().policies_stopped) {
    e.r().policies_stopped = true;
    e.WaitFor(kOwnSlot, "snapshot policies to be stopped", std::nullopt, "the cluster answers");
    e.Do(kOwnSlot, "policies", StopPolicies{e.r().stopped_policies});
    return;
  }
  if (!e.r().snapshot.started_at) e.r().snapshot.started_at = e.now();
  if (e.r().snapshot.progress_at == Time{}) e.r().snapshot.progress_at = e.now();
  AwaitSnapshot(e);
  const bool own = !e.plan().own_repository.empty();
  e.Do(kOwnSlot, "snapshot",
       TakeSnapshot{e.plan().SnapshotRepository(), e.plan().snapshot,
                    own ? e.plan().spec.snapshot.repository : std::string()});
}

void OnSnapshotSeen(Engine& e, const Outstanding& action, const SnapshotSeen& seen) {
  if (!seen.error.empty()) {
    e.Take(action.id);
    e.Say("snapshot.error", seen.error);
    NoteLostAnswer(e);
    if (++e.r().attempts < kMaxAttempts) return e.RetryLater(kOwnSlot, kRetryDelay);
    return BeginRestore(e, Phase::kFailed,
                        "snapshot " + e.plan().snapshot + ": " + seen.error + kMend);
  }
  e.r().attempts = 0;
  UpdateSnapshot(e, seen.snapshot);
  if (seen.snapshot.state == "IN_PROGRESS" || seen.snapshot.state == "STARTED") {
    if (e.now() - e.r().snapshot.progress_at > e.rules().snapshot_stall) {
      e.Take(action.id);
      BeginRestore(e, Phase::kFailed,
                   "snapshot " + e.plan().snapshot + " made no progress for " +
                       FormatDuration(e.rules().snapshot_stall) + kMend);
      return;
    }
    return AwaitSnapshot(e);
  }
  e.Take(action.id);
  e.r().snapshot.ended_at = e.now();
  if (const std::string problem = SnapshotProblem(e, seen.snapshot); !problem.empty()) {
    return BeginRestore(e, Phase::kFailed,
                        "snapshot " + e.plan().snapshot + " is no backup: " + problem + kMend);
  }
  e.r().snapshot_done = true;
  e.Say("snapshot.done", "snapshot " + e.plan().snapshot + " SUCCESS", kOwnSlot,
        {{"snapshot", e.plan().snapshot},
         {"repository", e.plan().SnapshotRepository()},
         {"shards", std::to_string(seen.snapshot.shards_total)}});
}

void OnPullEnded(Engine& e, int i, const OperationEnd& end) {
  MemberState& m = e.member(i);
  if (end.state == OperationState::kSucceeded) {
    m.prefetched = true;
    m.digest = end.digest;
    m.attempts = 0;
    m.wait.reset();
    return e.EndCell(i, Cell::kPrefetch);
  }
  if (AwaitsRegistryOrEngine(e, i, end)) return;
  const bool hopeless = end.error == OperationErrorCode::kImageNotFound ||
                        end.error == OperationErrorCode::kPolicyDenied ||
                        end.error == OperationErrorCode::kUnknownProject ||
                        end.error == OperationErrorCode::kUnknownService ||
                        end.error == OperationErrorCode::kDiskFull;
  if (!hopeless && ++m.attempts < kMaxAttempts) return e.RetryLater(i, kRetryDelay);
  e.EndCell(i, Cell::kPrefetch, true);
  if (end.error == OperationErrorCode::kPolicyDenied) e.r().refused = Refused::kPolicy;
  // A cluster that is to be undone may be down: that is no end.
  if (e.plan().undo) e.r().resume_phase = Phase::kPrefetching;
  BeginRestore(
      e, e.plan().undo ? Phase::kPaused : Phase::kFailed,
      "cannot pull " + e.planned(i).to_image + " on " + e.planned(i).host + ": " + end.message);
}

void AdvancePrefetching(Engine& e) {
  StartPulls(e);
  std::map<std::string, std::pair<std::string, std::string>> digest_of;  // image → digest, host
  for (int i = 0; i < e.slots(); ++i) {
    if (!e.plan().ChangesImages()) break;
    if (!e.member(i).prefetched) {
      return e.WaitFor(kOwnSlot, "the images on every host", std::nullopt,
                       "every host has the image");
    }
    if (e.member(i).digest.empty()) continue;  // what its host had
    const auto [it, is_new] = digest_of.emplace(
        e.planned(i).to_image, std::make_pair(e.member(i).digest, e.planned(i).host));
    if (!is_new && it->second.first != e.member(i).digest) {
      return BeginRestore(e, Phase::kFailed,
                          e.planned(i).to_image + " is " + it->second.first + " on " +
                              it->second.second + " but " + e.member(i).digest + " on " +
                              e.planned(i).host + ": the tag was moved; pull it again everywhere");
    }
  }
  if (e.Busy(kOwnSlot)) return;
  if (e.plan().undo) {  // the image has run here before
    e.r().resume_phase = Phase::kRolling;
    return e.Enter(Phase::kRolling);
  }
  e.WaitFor(kOwnSlot, "a look into the new image on every host", std::nullopt,
            "the cluster and the hosts answered");
  e.Do(kOwnSlot, "images", ObserveWorld{true, false, false, true});
}

void OnPrefetchingObserved(Engine& e, const World& world) {
  if (AwaitsAgents(e, world)) return;
  if (!world.cluster_error.empty()) {
    if (++e.r().attempts < kMaxAttempts) return e.RetryLater(kOwnSlot, kRetryDelay);
    return BeginRestore(e, Phase::kFailed,
                        "the checks of the new image cannot run: " + world.cluster_error);
  }
  e.r().attempts = 0;
  for (const CheckResult& now : RunImageChecks(e.plan().request, e.plan().spec, world)) {
    for (CheckResult& before : e.r().checks) {
      if (before.id == now.id) before = now;
    }
    if (now.verdict != Verdict::kBlock) continue;
    e.r().refused = Refused::kCheck;
    return BeginRestore(e, Phase::kFailed, now.id + " " + now.title + ": " + now.evidence);
  }
  e.r().resume_phase = Phase::kRolling;
  e.Enter(Phase::kRolling);
}

}  // namespace drover::rollout
