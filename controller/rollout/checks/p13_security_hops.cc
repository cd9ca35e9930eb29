#include <algorithm>
#include <optional>
#include <string>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

bool HasSecurity(const ClusterObservation& cluster, bool* known) {
  *known = true;
  for (const NodeView& node : cluster.nodes) {
    if (!node.plugins) {
      *known = false;
    } else if (node.plugins->contains("opensearch-security")) {
      return true;
    }
  }
  return false;
}

// 2.11 to 2.13 serialize their users in a way that versions before and after do not read.
bool IsOdd(const Version& version) {
  return version >= Version{2, 11, 0} && version < Version{2, 14, 0};
}

Finding Judged(const Version& from, const Version& to) {
  const std::string both = from.ToString() + " → " + to.ToString();
  if (from < Version{1, 3, 7} && to.major >= 2) {
    return Block(both +
                     ": nodes of both versions do not read each other's users; sign-in and "
                     "search fail while they are mixed (security#2168, #2228)",
                 "upgrade to 1.3.7 or a later 1.3 first");
  }
  if (IsOdd(from) == IsOdd(to)) return Pass(both + ": both sides read each other's users");
  const std::string mixed = both +
                            ": mixed with 2.11 to 2.13, replica writes fail with \"is not a "
                            "valid id\" (security#4494, #4521)";
  if (IsOdd(from) && to >= Version{2, 18, 0}) {
    return Warn(mixed + "; versions since 2.18 are believed to have the mend (security#4741)",
                "keep the upgrade short, and try it on a copy of the cluster first");
  }
  return Block(mixed, IsOdd(from) ? "go to 2.19 in one step" : "go to 2.14 or later in one step");
}

Finding Run(const CheckInput& in) {
  bool known = false;
  const bool secured = HasSecurity(in.world.cluster, &known);
  if (!secured && known) return Pass("no node runs the security plugin");
  const std::optional<Version> from = LowestVersion(in.world.cluster);
  const std::optional<Version> to = ParseVersion(in.request.to_version);
  if (!from || !to) {
    return Block("the nodes' version cannot be read (GET _nodes)", "check that the nodes answer");
  }
  const Finding finding = Judged(*from, *to);
  if (secured || finding.verdict == Verdict::kPass) return finding;
  return Warn(
      "whether the nodes run the security plugin is not known; with it: " + finding.evidence,
      finding.remedy);
}

}  // namespace

Check P13() {
  return {.id = "P13",
          .title = "secured nodes of both versions understand each other",
          .asks = "GET _nodes/plugins: the security plugin; the two versions",
          .needs_target = true,
          .run = &Run};
}

}  // namespace drover::rollout
