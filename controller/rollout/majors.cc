// What an upgrade to the next major version needs beside the steps of every upgrade (opensearch.md
// M2 c and e).
#include <algorithm>

#include "controller/rollout/engine.h"
#include "controller/rollout/version.h"

namespace drover::rollout {

bool CrossesMajor(const Plan& plan) {
  const auto from = ParseVersion(plan.from_version);
  const auto to = ParseVersion(plan.request.to_version);
  return from && to && from->major < to->major;
}

namespace {

// Whether no node of the old major version is left in the cluster once `stopping` have stopped:
// then none may join any more (OpenSearch, JoinTaskExecutor.ensureMajorVersionBarrier).
bool IsNoReturn(const Engine& e, const std::vector<int>& stopping,
                const ClusterObservation& cluster) {
  const auto to = ParseVersion(e.plan().request.to_version);
  return std::all_of(cluster.nodes.begin(), cluster.nodes.end(), [&](const NodeView& node) {
    const auto version = ParseVersion(node.version);
    if (version && version->major >= to->major) return true;
    return std::any_of(stopping.begin(), stopping.end(),
                       [&](int i) { return e.planned(i).name == node.name; });
  });
}

}  // namespace

bool PausesBeforeNoReturn(Engine& e, const std::vector<int>& stopping,
                          const ClusterObservation& cluster) {
  if (e.r().no_return_announced || stopping.empty() || !CrossesMajor(e.plan())) return false;
  if (!IsNoReturn(e, stopping, cluster)) return false;
  e.r().no_return_announced = true;
  const std::string old = std::to_string(ParseVersion(e.plan().from_version)->major) + ".x";
  const std::string text = "the point of no return: " + NamesOf(e, stopping) +
                           " is the last to run " + old + "; once stopped, no node of " + old +
                           " may join any more, and only the snapshot " + e.plan().snapshot +
                           ", restored into a new cluster, leads back";
  e.Say("rollout.no_return", text, kOwnSlot,
        {{"accepted", e.plan().request.accept_no_return ? "true" : "false"}});
  if (e.plan().request.accept_no_return) return false;
  BeginRestore(e, Phase::kPaused, text);
  return true;
}

void NoteArchived(Engine& e, const std::string& error) {
  if (error.find("archived.") != std::string::npos) e.r().clear_archived = true;
}

void OnArchivedCleared(Engine& e, const CallEnded& ended) {
  // Where it failed, the change of settings that comes next says whether it has to be tried again.
  e.r().clear_archived = false;
  if (ended.names.empty()) return;
  std::string names;
  for (const std::string& name : ended.names) names += (names.empty() ? "" : ", ") + name;
  e.Say("settings.archived",
        "settings that the new version does not know, and had archived, are taken away: " + names,
        kOwnSlot, {{"names", names}});
}

}  // namespace drover::rollout
