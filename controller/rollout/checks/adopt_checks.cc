// Where an upgrade is adopted whose controller is gone: the cluster is as that controller left it.
#include <algorithm>
#include <set>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

constexpr char kRemedy[] = "this is what the upgrade left; adopting it puts it right";

Finding Explained(const Finding& finding) { return Warn(finding.evidence, kRemedy); }

bool IsAway(const Match& match) {
  return match.node == nullptr && match.service != nullptr && !match.expected_name.empty();
}

bool AnyAway(const CheckInput& in) {
  return std::any_of(in.matches.begin(), in.matches.end(), IsAway);
}

// P4: a member that is down has no node, and there are two versions; anything else stands.
bool MembersExplained(const CheckInput& in) {
  const SnapshotOrigin& origin = *in.world.adoptable->origin;
  std::set<std::string> matched;
  for (const Match& match : in.matches) {
    if (match.node == nullptr && !IsAway(match)) return false;
    if (match.node != nullptr) matched.insert(match.node->id);
  }
  return std::all_of(
      in.world.cluster.nodes.begin(), in.world.cluster.nodes.end(), [&](const NodeView& node) {
        return matched.contains(node.id) &&
               (node.version == origin.from_version || node.version == origin.to_version);
      });
}

// P5: voters that are away are the members that are down, and who is excluded is a member.
bool VotersExplained(const CheckInput& in) {
  const ClusterObservation& c = in.world.cluster;
  const auto voters = c.last_committed_config.size();
  const auto away =
      std::count_if(c.last_committed_config.begin(), c.last_committed_config.end(),
                    [&](const std::string& id) { return c.NodeWithId(id) == nullptr; });
  const auto down = std::count_if(in.matches.begin(), in.matches.end(), IsAway);
  const bool excluded_are_ours =
      std::all_of(c.voting_exclusions.begin(), c.voting_exclusions.end(), [&](const auto& name) {
        return std::any_of(in.matches.begin(), in.matches.end(),
                           [&](const Match& m) { return m.expected_name == name; });
      });
  // Of two cluster managers alone a rollout moves the vote.
  const auto managers = std::count_if(c.nodes.begin(), c.nodes.end(),
                                      [](const NodeView& node) { return node.ManagerEligible(); });
  const bool may_exclude = managers + down <= 2;
  return (c.voting_exclusions.empty() || (may_exclude && excluded_are_ours)) && voters >= 1 &&
         away <= down;
}

// P8: the lowest version may be the target itself, where all members are done.
bool PathExplained(const CheckInput& in) {
  const auto from = ParseVersion(in.world.adoptable->origin->from_version);
  const auto to = ParseVersion(in.request.to_version);
  return from && to && CheckPath(*from, *to, IsSecured(in.spec)).allowed;
}

std::string Shown(const std::map<std::string, std::optional<std::string>>& settings) {
  std::string text;
  for (const auto& [name, value] : settings) {
    text += (text.empty() ? "" : ", ") + name + "=" + value.value_or("(not set)");
  }
  return text;
}

}  // namespace

World WithSettingsBefore(const World& world, const SnapshotOrigin& origin) {
  World before = world;
  for (const auto& [name, value] : origin.settings) {
    before.cluster.persistent_settings.erase(name);
    if (value) before.cluster.persistent_settings[name] = *value;
  }
  return before;
}

Finding Soften(const CheckInput& in, const std::string& id, Finding finding) {
  if (finding.verdict != Verdict::kBlock) return finding;
  const bool explained =
      (id == "P2" && in.world.cluster.health.status == "yellow") ||
      (id == "P3" && in.world.cluster.health.status != "red") ||
      (id == "P4" && MembersExplained(in)) ||
      (id == "P5" && (AnyAway(in) || !in.world.cluster.voting_exclusions.empty()) &&
       VotersExplained(in)) ||
      (id == "P8" && PathExplained(in));
  return explained ? Explained(finding) : finding;
}

CheckResult DescribeAdopted(const SnapshotView& snapshot) {
  const SnapshotOrigin& origin = *snapshot.origin;
  CheckResult result;
  result.id = "A1";
  result.title = "an upgrade under way is adopted";
  result.verdict = Verdict::kWarn;
  result.evidence = "snapshot " + snapshot.name + " (SUCCESS, " + FormatTime(snapshot.ended_at) +
                    ") of rollout " + origin.rollout + ": " + origin.from_version + " → " +
                    origin.to_version + "; settings before: " + Shown(origin.settings);
  result.remedy = "no new snapshot is taken; at the end the settings are put back to these";
  return result;
}

}  // namespace drover::rollout
