#include "controller/rollout/paths.h"

#include <algorithm>
#include <optional>

namespace drover::rollout {
namespace {

// index.version.created; Elasticsearch's versions are all before OpenSearch's.
struct CreatedVersion {
  bool opensearch = true;
  Version version;
  auto operator<=>(const CreatedVersion&) const = default;
};

// The way into a major version.
struct MajorPath {
  int to_major;
  // The lowest version of the major before that nodes of this one talk to, and the same where the
  // security plugin runs.
  Version at_least, at_least_secured;
  CreatedVersion oldest_index;
};

// Sources: opensearch.md 1.3. General rule from 3 on: the minimum is the first patch of the last
// minor of the major before that the new one knows (OpenSearch, Version.computeMinCompatVersion).
constexpr MajorPath kMajorPaths[] = {
    // 1.0.0 cannot talk to 2.x (documentation-website#904, OpenSearch PR#1195). Below 1.3.7 with
    // the security plugin a mixed cluster cannot authenticate: the User class is serialized in
    // another way (security#2168, #2228, PR#2268). Index minimum: computeMinIndexCompatVersion.
    {2, {1, 0, 1}, {1, 3, 7}, {false, {7, 0, 0}}},
    // "The minimum required cluster version for upgrades to 3.x.x is 2.19.0" (rolling-upgrade;
    // OpenSearch#19375). Index minimum: breaking changes of 3.0.0, OpenSearch#18717.
    {3, {2, 19, 0}, {2, 19, 0}, {true, {2, 0, 0}}},
};

// The newest patch of the last minor of a major that this table was written with: where a way
// through that major stops over.
constexpr Version kStopOvers[] = {{1, 3, 20}, {2, 19, 4}};

// A setting, or all that begin so where it ends with '*', that a major does not know any more
// (breaking changes of 3.0.0; OpenSearch#18515, #20835; opensearch.md 1.4).
struct RemovedSetting {
  int in_major;
  const char* name;
};
constexpr RemovedSetting kRemovedClusterSettings[] = {
    {3, "compatibility.override_main_response_version"},  // OpenSearch#18228
    {3, "knn.plugin.enabled"},
    {3, "plugins.sql.delete.enabled"},
    {3, "opendistro.*"},
    // Index state management puts these itself; in 3.x they become archived.* and every later
    // PUT _cluster/settings is refused.
    {3, "plugins.index_state_management.template_migration.control"},
    {3, "plugins.index_state_management.metadata_migration.status"},
    {3, "plugins.index_state_management.metadata_service.enabled"},
};
constexpr RemovedSetting kRemovedIndexSettings[] = {
    {3, "index.knn.space_type"},
    {3, "index.knn.algo_param.m"},
    {3, "index.knn.algo_param.ef_construction"},
    {3, "index.store.hybrid.mmap.extensions"},
};

const MajorPath* PathInto(int major) {
  for (const MajorPath& path : kMajorPaths) {
    if (path.to_major == major) return &path;
  }
  return nullptr;
}

std::optional<Version> StopOver(int major) {
  for (const Version& version : kStopOvers) {
    if (version.major == major) return version;
  }
  return std::nullopt;
}

std::optional<CreatedVersion> ParseCreated(const std::string& text) {
  constexpr char kElasticsearch[] = "elasticsearch-";
  const bool opensearch = !text.starts_with(kElasticsearch);
  const auto version = ParseVersion(opensearch ? text : text.substr(sizeof(kElasticsearch) - 1));
  if (!version) return std::nullopt;
  return CreatedVersion{opensearch, *version};
}

template <size_t kSize>
bool IsRemoved(const RemovedSetting (&table)[kSize], const std::string& name,
               const Version& version) {
  return std::any_of(std::begin(table), std::end(table), [&](const RemovedSetting& removed) {
    if (version.major < removed.in_major) return false;
    const std::string pattern = removed.name;
    if (!pattern.ends_with('*')) return name == pattern;
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
  });
}

PathVerdict Refuse(PathKind kind, std::string reason) { return {kind, false, std::move(reason)}; }

PathVerdict CheckMajor(const Version& from, const Version& to, bool secured,
                       const std::string& both) {
  const MajorPath* path = PathInto(to.major);
  if (path == nullptr) {
    return Refuse(PathKind::kUnknownMajor, both + ": this version of Drover does not know " +
                                               std::to_string(to.major) + ".x; a newer Drover may");
  }
  const Version& at_least = secured ? path->at_least_secured : path->at_least;
  if (from < at_least) {
    return Refuse(
        PathKind::kNeedsHop,
        both + " needs " + at_least.ToString() + " or a later " + std::to_string(from.major) +
            ".x first" +
            (secured && from >= path->at_least ? ", as the security plugin runs here" : ""));
  }
  return {PathKind::kMajor, true, both + " to the next major version"};
}

// Where the way from `at` to `to` leads next.
Version NextStop(const Version& at, const Version& to, bool secured) {
  Version goal = to;
  if (to.major > at.major + 1) {
    if (const auto stop = StopOver(at.major + 1)) goal = *stop;
  }
  if (CheckPath(at, goal, secured).kind != PathKind::kNeedsHop) return goal;
  const auto stop = StopOver(at.major);
  return stop && *stop > at ? *stop : to;
}

std::string Names(const std::vector<std::string>& names, const std::string& separator) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : separator) + name;
  return out;
}

void AddReindex(const std::string& cluster_name, const ClusterObservation& cluster,
                const Version& to, size_t hop, Hop* out) {
  std::vector<std::string> names;
  for (const IndexView& index : cluster.indices) {
    if (IndexIsTooOld(index.created_version, to)) names.push_back(index.name);
  }
  if (names.empty()) return;
  const bool one = names.size() == 1;
  const std::string when =
      hop == 0 ? "" : ", once the cluster runs " + out->from + " and before this hop";
  out->needs.push_back({HopNeedKind::kReindex,
                        std::to_string(names.size()) + (one ? " index was" : " indexes were") +
                            " created before " + OldestIndex(to) + " and must be reindexed" + when +
                            ": drover index reindex " + cluster_name + " " + Names(names, " "),
                        names});
}

void AddSettings(const ClusterObservation& cluster, const Version& to, Hop* out) {
  std::vector<std::string> names;
  for (const auto* settings : {&cluster.persistent_settings, &cluster.transient_settings}) {
    for (const auto& [name, value] : *settings) {
      if (ClusterSettingIsRemoved(name, to)) names.push_back(name);
    }
  }
  for (const IndexView& index : cluster.indices) {
    for (const auto& [name, value] : index.settings) {
      if (IndexSettingIsRemoved(name, to)) names.push_back(index.name + " " + name);
    }
  }
  if (names.empty()) return;
  out->needs.push_back({HopNeedKind::kSettings,
                        "settings that " + std::to_string(to.major) +
                            ".x does not know any more: " + Names(names, ", "),
                        names});
}

}  // namespace

bool IsSecured(const ClusterSpec& spec) {
  return !spec.auth.username.empty() || !spec.tls.client_certificate.empty();
}

PathVerdict CheckPath(const Version& from, const Version& to, bool secured) {
  const std::string both = from.ToString() + " → " + to.ToString();
  if (to == from) {
    return Refuse(PathKind::kSame, "the cluster runs " + to.ToString() +
                                       " already; drover restart rolls it without a new version");
  }
  if (to < from) {
    return Refuse(PathKind::kDowngrade,
                  both +
                      " is a downgrade; OpenSearch nodes cannot be downgraded. The way back is a "
                      "snapshot restored into a cluster of the old version");
  }
  if (to.major == from.major) return {PathKind::kMinor, true, both + " within one major version"};
  if (to.major > from.major + 1) {
    return Refuse(PathKind::kSkipsMajor, both + " skips a major version; go to the last minor of " +
                                             std::to_string(from.major + 1) + ".x first");
  }
  return CheckMajor(from, to, secured, both);
}

StatusOr<std::vector<Hop>> PlanHops(const Version& from, const Version& to, bool secured,
                                    std::vector<Version> via) {
  std::sort(via.begin(), via.end());
  std::erase_if(via, [&](const Version& stop) { return stop <= from || stop == to; });
  if (!via.empty() && via.back() > to) {
    return InvalidArgument("--via " + via.back().ToString() + " is beyond " + to.ToString() +
                           ", the version to go to");
  }
  via.push_back(to);
  std::vector<Hop> hops;
  Version at = from;
  for (const Version& stop : via) {
    while (at < stop) {
      const Version next = NextStop(at, stop, secured);
      if (!CheckPath(at, next, secured).allowed) {
        return std::vector<Hop>{{from.ToString(), to.ToString(), {}}};
      }
      hops.push_back({at.ToString(), next.ToString(), {}});
      at = next;
    }
  }
  if (hops.empty()) hops.push_back({from.ToString(), to.ToString(), {}});
  return hops;
}

void AddNeeds(const std::string& cluster_name, const ClusterObservation& cluster,
              std::vector<Hop>* hops) {
  for (size_t i = 0; i < hops->size(); ++i) {
    Hop& hop = (*hops)[i];
    const auto from = ParseVersion(hop.from);
    const auto to = ParseVersion(hop.to);
    if (!from || !to || to->major <= from->major) continue;
    AddReindex(cluster_name, cluster, *to, i, &hop);
    AddSettings(cluster, *to, &hop);
    const std::string old = std::to_string(from->major) + ".x";
    hop.needs.push_back({HopNeedKind::kNoReturn,
                         "point of no return: the stop of the last member that runs " + old +
                             "; from then on no node of " + old +
                             " may join, and the only way back is a snapshot restored into a "
                             "new cluster",
                         {}});
  }
}

bool IndexIsTooOld(const std::string& created, const Version& version) {
  const auto made = ParseCreated(created);
  const MajorPath* path = PathInto(version.major);
  return made && path != nullptr && *made < path->oldest_index;
}

std::string OldestIndex(const Version& version) {
  const MajorPath* path = PathInto(version.major);
  if (path == nullptr) return "";
  return (path->oldest_index.opensearch ? "" : "Elasticsearch ") +
         path->oldest_index.version.ToString();
}

bool ClusterSettingIsRemoved(const std::string& name, const Version& version) {
  return IsRemoved(kRemovedClusterSettings, name, version);
}

bool IndexSettingIsRemoved(const std::string& name, const Version& version) {
  return IsRemoved(kRemovedIndexSettings, name, version);
}

}  // namespace drover::rollout
