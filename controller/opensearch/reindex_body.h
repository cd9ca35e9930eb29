// The JSON of reindexing: what is read of an index and what a new one is made with.
#ifndef DROVER_CONTROLLER_OPENSEARCH_REINDEX_BODY_H_
#define DROVER_CONTROLLER_OPENSEARCH_REINDEX_BODY_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "controller/rollout/reindex.h"
#include "controller/rollout/version.h"

namespace drover::opensearch {

// The body that makes the temporary index: `source` is what GET /INDEX?flat_settings answers for
// the index. Settings that the server owns are left out, and those that the major version after
// `version` does not know; it is hidden, so that no wildcard finds documents twice.
nlohmann::json TemporaryBody(const nlohmann::json& source, const rollout::ReindexRecord& record,
                             const rollout::Version& version);

// The body of the _clone that makes the index again.
nlohmann::json CloneBody(const rollout::ReindexRecord& record);

// What a mapping's _meta was before the record was added; an empty object where there was none.
nlohmann::json MetaWithoutRecord(const nlohmann::json& mapping);
std::optional<rollout::ReindexRecord> ReadRecord(const nlohmann::json& mapping);

// One "add" action for _aliases for each alias that GET /INDEX/_alias shows, all leading to `to`;
// `but` is left out.
nlohmann::json AddAliases(const nlohmann::json& aliases, const std::string& to,
                          const std::string& but = "");

// `state` is of the cluster's state: metadata and routing of one index.
rollout::ReindexSide ReadSide(const nlohmann::json& metadata, const nlohmann::json& routing);

// The mapping of an index in the cluster's state, without its type's name.
const nlohmann::json& MappingOf(const nlohmann::json& metadata);

// Of GET /_tasks?detailed: the one that copies to `temporary`; of GET /_tasks/ID.
std::optional<rollout::CopyTask> FindCopy(const nlohmann::json& tasks,
                                          const std::string& temporary);
rollout::CopyTask ReadCopy(const std::string& id, const nlohmann::json& task);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_REINDEX_BODY_H_
