#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

struct Upgrade {
  Version from, to;
  // Whether the upgrade is one to `version` or later from before it.
  bool Crosses(const Version& version) const { return from < version && to >= version; }
};

std::string Value(const IndexView& index, const std::string& name) {
  const auto it = index.settings.find(name);
  return it == index.settings.end() ? "" : it->second;
}

bool HasWarmNode(const ClusterObservation& cluster) {
  for (const NodeView& node : cluster.nodes) {
    if (node.HasRole("warm")) return true;
  }
  return false;
}

// Why the target cannot go on with the index as it is (opensearch.md 1.4); empty where it can.
std::string Problem(const CheckInput& in, const IndexView& index, const Upgrade& upgrade) {
  const bool to_three = upgrade.Crosses({3, 0, 0});
  if (to_three && Value(index, "index.remote_store.enabled") == "true") {
    return index.name +
           " is in a remote store: replicas of 2.x cannot read what 3.x writes there "
           "(OpenSearch#19236)";
  }
  if (to_three && Value(index, "index.replication.type") == "SEGMENT") {
    return index.name +
           " has segment replication: replicas of 2.x cannot read segments of 3.x "
           "(OpenSearch#19236)";
  }
  if (to_three && Value(index, "index.store.type") == "remote_snapshot" &&
      !HasWarmNode(in.world.cluster)) {
    return index.name +
           " is a searchable snapshot: from 3.0 only nodes with the role warm serve it";
  }
  if (upgrade.Crosses({2, 15, 0}) && index.name == ".opensearch-sap-correlation-metadata") {
    return index.name +
           " uses CorrelationCodec, which 2.15 no longer has: it turns red "
           "(OpenSearch#14773)";
  }
  return "";
}

// What is read on but deserves a look.
std::string Concern(const CheckInput& in, const IndexView& index, const Upgrade& upgrade) {
  if (upgrade.Crosses({3, 0, 0}) && Value(index, "index.knn") == "true") {
    const auto& nmslib = in.world.inspection.nmslib_indices;
    if (!nmslib) {
      return index.name +
             " is a k-NN index whose mapping was not read: 3.x makes no new index with the engine "
             "nmslib";
    }
    if (nmslib->count(index.name) > 0) {
      return index.name +
             " has k-NN fields of the engine nmslib: 3.x reads them and makes no new index with it";
    }
  }
  if (upgrade.from >= Version{3, 0, 0} && upgrade.Crosses({3, 3, 0})) {
    const std::string codec = Value(index, "index.codec");
    if (!codec.empty() && codec != "default" && codec != "best_compression") {
      return index.name + " has the codec " + codec +
             ", and 3.3 has missed a codec of data from before it (OpenSearch#20133)";
    }
  }
  return "";
}

Finding Run(const CheckInput& in) {
  const std::optional<Version> from = LowestVersion(in.world.cluster);
  const std::optional<Version> to = ParseVersion(in.request.to_version);
  if (!from || !to) {
    return Block("the nodes' version cannot be read (GET _nodes)", "check that the nodes answer");
  }
  const Upgrade upgrade{*from, *to};
  std::vector<std::string> problems, concerns;
  for (const IndexView& index : in.world.cluster.indices) {
    if (std::string problem = Problem(in, index, upgrade); !problem.empty()) {
      problems.push_back(std::move(problem));
    } else if (std::string concern = Concern(in, index, upgrade); !concern.empty()) {
      concerns.push_back(std::move(concern));
    }
  }
  if (!problems.empty()) {
    return Block(Join(problems, 3),
                 "reindex it with document replication and a codec of OpenSearch itself, or "
                 "restore it into a new cluster of the target version");
  }
  if (!concerns.empty()) {
    return Warn(Join(concerns, 3), "look at it before the upgrade: GET INDEX/_mapping, _settings");
  }
  return Pass("codecs, engines, stores and replication of all indexes go on in " + to->ToString());
}

}  // namespace

Check P11() {
  return {.id = "P11",
          .title = "codecs, engines and stores go on",
          .asks =
              "GET _cluster/state/metadata: codec, store, replication, remote_store and knn of "
              "every index; GET INDEX/_mapping of k-NN indexes",
          .needs_target = true,
          .run = &Run};
}

}  // namespace drover::rollout
