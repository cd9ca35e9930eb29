#include "controller/opensearch/parse_snapshots.h"

#include <algorithm>

#include "controller/opensearch/json_access.h"

namespace drover::opensearch {
namespace {

using rollout::SnapshotView;

constexpr size_t kMaxFailures = 20;
constexpr char kTakenBy[] = "drover";
// Of OpenSearch's 1024, some for its own way of writing them.
constexpr size_t kMaxMetadataBytes = 1000;

int Count(const nlohmann::json& value, std::initializer_list<const char*> path) {
  return static_cast<int>(Integer(At(value, path)));
}

std::string Failure(const nlohmann::json& failure) {
  if (!failure.is_object()) return Text(failure);
  return Text(At(failure, {"index"})) + "[" + Text(At(failure, {"shard_id"})) + "] on node " +
         Text(At(failure, {"node_id"})) + ": " + Text(At(failure, {"reason"}));
}

SnapshotView ParseSnapshot(const nlohmann::json& answer, const std::string& repository) {
  SnapshotView view;
  view.repository = repository;
  view.name = Text(At(answer, {"snapshot"}));
  view.state = Text(At(answer, {"state"}));
  view.version = Text(At(answer, {"version"}));
  view.indices = Texts(At(answer, {"indices"}));
  view.shards_total = Count(answer, {"shards", "total"});
  view.shards_done = Count(answer, {"shards", "successful"});
  view.shards_failed = Count(answer, {"shards", "failed"});
  view.started_at = FromUnixMillis(Integer(At(answer, {"start_time_in_millis"})));
  view.ended_at = FromUnixMillis(Integer(At(answer, {"end_time_in_millis"})));
  view.origin = ParseOrigin(At(answer, {"metadata"}));
  const std::string reason = Text(At(answer, {"reason"}));
  if (!reason.empty()) view.failures.push_back(reason);
  for (const nlohmann::json& failure : At(answer, {"failures"})) {
    if (view.failures.size() == kMaxFailures) {
      view.failures.push_back("…");
      break;
    }
    view.failures.push_back(Failure(failure));
  }
  return view;
}

}  // namespace

rollout::RepositoryView ParseRepository(const nlohmann::json& answer, const std::string& name) {
  rollout::RepositoryView view;
  view.name = name;
  const nlohmann::json& repository = At(answer, {name.c_str()});
  view.exists = repository.is_object();
  view.type = Text(At(repository, {"type"}));
  Flatten(At(repository, {"settings"}), "", view.settings);
  return view;
}

std::vector<std::string> ParseVerifiedNodes(const nlohmann::json& answer) {
  std::vector<std::string> ids;
  for (const auto& [id, node] : At(answer, {"nodes"}).items()) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::optional<SnapshotView> ParseRunningSnapshot(const nlohmann::json& answer,
                                                 const std::string& repository,
                                                 const std::string& name) {
  for (const nlohmann::json& entry : At(answer, {"snapshots"})) {
    if (Text(At(entry, {"snapshot"})) != name) continue;
    SnapshotView view;
    view.repository = repository;
    view.name = name;
    // Whatever its own stage (INIT, STARTED, SUCCESS, ABORTED), it runs as long as it is listed
    // here.
    view.state = "IN_PROGRESS";
    for (const auto& [index, shards] : At(entry, {"indices"}).items()) {
      view.indices.push_back(index);
    }
    view.shards_total = Count(entry, {"shards_stats", "total"});
    view.shards_done = Count(entry, {"shards_stats", "done"});
    view.shards_failed = Count(entry, {"shards_stats", "failed"});
    view.bytes_total = Unsigned(At(entry, {"stats", "incremental", "size_in_bytes"}));
    view.bytes_done = Unsigned(At(entry, {"stats", "processed", "size_in_bytes"}));
    view.started_at = FromUnixMillis(Integer(At(entry, {"stats", "start_time_in_millis"})));
    return view;
  }
  return std::nullopt;
}

std::optional<uint64_t> ParseSnapshotBytes(const nlohmann::json& answer) {
  for (const nlohmann::json& entry : At(answer, {"snapshots"})) {
    const nlohmann::json& bytes = At(entry, {"stats", "total", "size_in_bytes"});
    if (bytes.is_number()) return Unsigned(bytes);
  }
  return std::nullopt;
}

std::vector<SnapshotView> ParseSnapshots(const nlohmann::json& answer,
                                         const std::string& repository) {
  std::vector<SnapshotView> views;
  for (const nlohmann::json& entry : At(answer, {"snapshots"})) {
    views.push_back(ParseSnapshot(entry, repository));
  }
  return views;
}

nlohmann::json ToMetadata(const rollout::SnapshotOrigin& origin) {
  nlohmann::json metadata = {{"taken_by", kTakenBy},
                             {"rollout", origin.rollout},
                             {"cluster", origin.cluster_uuid},
                             {"from", origin.from_version},
                             {"to", origin.to_version}};
  // Two lists, as a null does not survive every version's way to the repository and back.
  metadata["settings"] = nlohmann::json::object();
  metadata["unset"] = nlohmann::json::array();
  for (const auto& [name, value] : origin.settings) {
    if (value) {
      metadata["settings"][name] = *value;
    } else {
      metadata["unset"].push_back(name);
    }
  }
  metadata["policies"] = nlohmann::json::array();
  for (const std::string& policy : origin.policies) {
    metadata["policies"].push_back(policy);
    if (metadata.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).size() <=
        kMaxMetadataBytes) {
      continue;
    }
    metadata["policies"].erase(metadata["policies"].size() - 1);
    break;
  }
  return metadata;
}

std::optional<rollout::SnapshotOrigin> ParseOrigin(const nlohmann::json& metadata) {
  if (Text(At(metadata, {"taken_by"})) != kTakenBy) return std::nullopt;
  rollout::SnapshotOrigin origin;
  origin.rollout = Text(At(metadata, {"rollout"}));
  origin.cluster_uuid = Text(At(metadata, {"cluster"}));
  origin.from_version = Text(At(metadata, {"from"}));
  origin.to_version = Text(At(metadata, {"to"}));
  const nlohmann::json& settings = At(metadata, {"settings"});
  if (settings.is_object()) {
    // The names have dots in them, and come back nested from some versions.
    std::map<std::string, std::string> flat;
    Flatten(settings, "", flat);
    for (const auto& [name, value] : flat) origin.settings[name] = value;
  }
  for (const std::string& name : Texts(At(metadata, {"unset"}))) origin.settings[name];
  origin.policies = Texts(At(metadata, {"policies"}));
  return origin;
}

}  // namespace drover::opensearch
