// Repositories and snapshots as plain structs.
#ifndef DROVER_CONTROLLER_OPENSEARCH_PARSE_SNAPSHOTS_H_
#define DROVER_CONTROLLER_OPENSEARCH_PARSE_SNAPSHOTS_H_

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/observation.h"

namespace drover::opensearch {

// GET /_snapshot/{name}; exists=false where the answer does not have it.
rollout::RepositoryView ParseRepository(const nlohmann::json& answer, const std::string& name);

// The node ids in an answer to POST /_snapshot/{name}/_verify, sorted.
std::vector<std::string> ParseVerifiedNodes(const nlohmann::json& answer);

// GET /_snapshot/{repository}/_status: the snapshot `name` with its progress where it runs now.
std::optional<rollout::SnapshotView> ParseRunningSnapshot(const nlohmann::json& answer,
                                                          const std::string& repository,
                                                          const std::string& name);

// GET /_snapshot/{repository}/{name}/_status: bytes of all files that the snapshot refers to.
std::optional<uint64_t> ParseSnapshotBytes(const nlohmann::json& answer);

// GET /_snapshot/{repository}/{name or _all}: as the cluster lists them, the oldest first.
std::vector<rollout::SnapshotView> ParseSnapshots(const nlohmann::json& answer,
                                                  const std::string& repository);

// A rollout's mark in the metadata of its snapshot, and back; nothing where the metadata is not
// one. At most 1000 bytes: policies that do not fit are left out.
nlohmann::json ToMetadata(const rollout::SnapshotOrigin& origin);
std::optional<rollout::SnapshotOrigin> ParseOrigin(const nlohmann::json& metadata);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_PARSE_SNAPSHOTS_H_
