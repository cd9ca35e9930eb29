// FINISHING: settings and policies put back, versions and documents checked (opensearch.md M1
// step 19).
#include <algorithm>

#include "controller/rollout/engine.h"
#include "controller/rollout/gates.h"

namespace drover::rollout {
namespace {

constexpr Millis kFinalRetry{2'000};

std::string WrongVersions(const Engine& e, const ClusterObservation& cluster) {
  std::string wrong;
  for (int i = 0; i < e.members(); ++i) {
    const PlannedMember& member = e.planned(i);
    const NodeView* node = cluster.NodeNamed(member.name);
    const bool there = node != nullptr && node->version == e.plan().Target();
    const bool renewed = e.r().members[static_cast<size_t>(i)].renewed;
    if (there && (e.plan().ChangesImages() || renewed)) continue;
    wrong += (wrong.empty() ? "" : ", ") + member.name + " " +
             (node == nullptr ? "is not in the cluster"
              : there         ? "was not restarted"
                              : "is at " + node->version);
    if (e.r().members[static_cast<size_t>(i)].skipped) wrong += " (skipped)";
  }
  return wrong;
}

bool AnySkipped(const Engine& e) {
  return std::any_of(e.r().members.begin(), e.r().members.end(),
                     [](const MemberState& m) { return m.skipped; });
}

void CountDocuments(Engine& e, const ClusterObservation& cluster) {
  uint64_t before = 0, after = 0;
  for (const auto& [index, docs] : e.plan().documents) {
    const auto it = std::find_if(cluster.indices.begin(), cluster.indices.end(),
                                 [&, name = index](const IndexView& i) { return i.name == name; });
    const uint64_t now = it == cluster.indices.end() ? 0 : it->docs.value_or(0);
    before += docs;
    after += now;
    if (now < docs) {
      e.r().outcome.push_back("index " + index + ": " + std::to_string(now) + " documents, " +
                              std::to_string(docs) +
                              " before: deleted by clients, or look into it");
    }
  }
  e.r().outcome.push_back("documents: " + std::to_string(before) + " before, " +
                          std::to_string(after) + " now");
}

// Of a rollback: what it cost, and what is kept of before.
void AddUndone(Engine& e) {
  if (!e.plan().undo) return;
  e.r().outcome.push_back("rollback of " + e.plan().undo->rollout + ": tier " +
                          std::to_string(e.plan().undo->tier) + ", " + e.plan().undo->loss);
  for (int i = 0; i < e.members(); ++i) {
    if (e.member(i).aside.empty()) continue;
    e.r().outcome.push_back("kept: the volume of " + e.planned(i).name + " from before, in " +
                            e.member(i).aside + " on " + e.planned(i).host + " (drover leftovers)");
  }
}

// Every member is done; what is left to do has a limit.
void OnSilence(Engine& e, const std::string& error, const std::string& ends_when) {
  if (e.Stalled(e.rules().recover_stall)) {
    e.r().resume_phase = Phase::kFinishing;
    return BeginRestore(e, Phase::kPaused,
                        "every member is done, and for " + FormatDuration(e.rules().recover_stall) +
                            " the cluster could not be asked for the rest: " + error);
  }
  e.WaitFor(kOwnSlot, "the cluster: " + error, *e.r().progress_at + e.rules().recover_stall,
            ends_when);
  e.RetryLater(kOwnSlot, kFinalRetry);
}

}  // namespace

void AdvanceFinishing(Engine& e) {
  if (e.Busy(kOwnSlot)) return;
  if (const Settings settings = SettingsToRestore(e.r()); !settings.empty()) {
    e.WaitFor(kOwnSlot, "the cluster settings to be put back", std::nullopt,
              "the settings read back as they were");
    PutRecorded(e, "restore", settings);
  } else if (OweExclusions(e.r())) {
    ClearExclusions(e);
  } else if (AwaitsLostAnswer(e)) {
    // Then policies and the last look.
  } else if (e.r().policies_stopped) {
    e.Do(kOwnSlot, "policies", StartPolicies{e.r().stopped_policies});
  } else {
    e.WaitFor(kOwnSlot, "versions and documents to be checked", std::nullopt,
              "the cluster answers");
    // With the hosts where a member was left out: the outcome says how it stands there.
    ObserveWorld look{AnySkipped(e), false, true};
    look.with_operations = e.plan().StopsAll();
    e.Do(kOwnSlot, "verify", look);
  }
}

void OnFinishingCallEnded(Engine& e, const Action& action, const std::string& error) {
  if (!error.empty()) {
    if (!std::holds_alternative<StartPolicies>(action)) NoteLostAnswer(e);
    return OnSilence(e, error, "the cluster takes it");
  }
  e.r().progress_at.reset();
  if (const auto* put = std::get_if<PutSettings>(&action)) MarkPut(e, put->persistent);
  if (std::holds_alternative<ClearVotingExclusions>(action)) MarkExclusionsCleared(e);
}

void OnFinishingObserved(Engine& e, const Observed& seen) {
  const ClusterObservation& cluster = seen.world.cluster;
  if (!seen.world.cluster_error.empty()) {
    return OnSilence(e, seen.world.cluster_error, "the cluster answers");
  }
  e.r().progress_at.reset();
  NoteOperations(e, cluster);
  NoteWayBack(e, seen.world);
  if (MarkLate(e, cluster) || MarkLateExclusions(e, cluster)) return;
  const std::string versions = WrongVersions(e, cluster);
  const std::string settings = ForeignSettings(e, cluster);
  if ((!versions.empty() || !settings.empty()) && ++e.r().attempts < kMaxAttempts) {
    return e.RetryLater(kOwnSlot, kFinalRetry);
  }
  e.r().outcome.clear();
  if (versions.empty()) {
    const std::string all = std::to_string(e.plan().members.size());
    e.r().outcome.push_back((e.plan().ChangesImages()
                                 ? "versions: all " + all + " members at "
                                 : "restarted: " + all + " members, each again at ") +
                            e.plan().Target());
  } else {
    e.r().outcome = WhoRunsWhat(e, seen.world);
  }
  e.r().outcome.push_back(settings.empty()
                              ? "settings: as before"
                              : "settings changed by somebody else meanwhile: " + settings);
  for (const std::string& why : HasRecovered(cluster, e.plan().homeless).explained) {
    e.r().outcome.push_back("yellow: " + why);
  }
  CountDocuments(e, cluster);
  if (!cluster.security_upgrade.empty()) {
    e.r().outcome.push_back("security: " + cluster.security_upgrade);
  }
  e.r().outcome.push_back("snapshot: " + e.plan().snapshot + " in " +
                          e.plan().SnapshotRepository());
  const std::string left = CompanionsLeft(e);
  if (!left.empty()) e.r().outcome.push_back("companions left as they were (skipped): " + left);
  AddUndone(e);
  if (versions.empty() && left.empty()) {
    return e.Enter(e.plan().undo ? Phase::kRolledBack : Phase::kSucceeded);
  }
  if (versions.empty()) {
    e.r().reason = "every member is done, and these companions were skipped: " + left;
    return e.Enter(Phase::kFailed);
  }
  e.r().reason = (e.plan().ChangesImages() ? "not every member ended at " + e.plan().Target()
                                           : std::string("not every member was restarted")) +
                 ": " + versions;
  e.Enter(Phase::kFailed);
}

}  // namespace drover::rollout
