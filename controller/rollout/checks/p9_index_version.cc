#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

// The oldest that wrote an index which a major still reads; an index keeps the version that it was
// created with for good, whatever upgrades and merges follow (opensearch.md 1.3; OpenSearch's
// Version.computeMinIndexCompatVersion).
struct OldestIndex {
  int major;
  Version opensearch;
  int elasticsearch_major;  // 0: none
};
constexpr OldestIndex kOldest[] = {{1, {1, 0, 0}, 6}, {2, {1, 0, 0}, 7}, {3, {2, 0, 0}, 0}};
constexpr std::string_view kElasticsearch = "elasticsearch-";

bool Reads(const OldestIndex& oldest, const std::string& created) {
  if (created.starts_with(kElasticsearch)) {
    const auto version = ParseVersion(created.substr(kElasticsearch.size()));
    return version && oldest.elasticsearch_major > 0 &&
           version->major >= oldest.elasticsearch_major;
  }
  const auto version = ParseVersion(created);
  return version && *version >= oldest.opensearch;
}

// Why the target cannot read it; empty where it can. A major without a row is read by the rule of
// all others: what the major before it wrote.
std::string Problem(const IndexView& index, const Version& to) {
  OldestIndex oldest{to.major, {to.major - 1, 0, 0}, 0};
  for (const OldestIndex& row : kOldest) {
    if (row.major == to.major) oldest = row;
  }
  if (Reads(oldest, index.created_version)) return "";
  return index.name + " (" + (index.open ? "" : "closed, ") + (index.hidden ? "hidden, " : "") +
         "created by " +
         (index.created_version.empty() ? "a version that is not known" : index.created_version) +
         ")";
}

Finding Run(const CheckInput& in) {
  const std::optional<Version> from = LowestVersion(in.world.cluster);
  const std::optional<Version> to = ParseVersion(in.request.to_version);
  if (!from || !to) {
    return Block("the nodes' version cannot be read (GET _nodes)", "check that the nodes answer");
  }
  if (from->major == to->major) {
    return Pass("within one major version every index stays readable");
  }
  std::vector<std::string> found;
  std::string first;
  for (const IndexView& index : in.world.cluster.indices) {
    const std::string problem = Problem(index, *to);
    if (problem.empty()) continue;
    if (first.empty()) first = index.name;
    found.push_back(problem);
  }
  if (found.empty()) {
    return Pass(std::to_string(in.world.cluster.indices.size()) +
                " indexes, hidden and closed ones too: all created by a version that " +
                to->ToString() + " reads");
  }
  return Block("index.version.created in the cluster state: " + Join(found) + ": too old for " +
                   to->ToString(),
               "drover index reindex " + in.spec.name + " " + first +
                   " makes it anew; or delete what is no longer needed");
}

}  // namespace

Check P9() {
  return {.id = "P9",
          .title = "the target reads every index",
          .asks =
              "GET _cluster/state/metadata: index.version.created of all indexes, hidden, closed "
              "and system ones too",
          .not_waivable =
              "a node that meets an index it cannot read does not start, and has changed its data "
              "by then",
          .needs_target = true,
          .run = &Run};
}

}  // namespace drover::rollout
