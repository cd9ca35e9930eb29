// The calls of a restore (opensearch.md section 2); cluster_api.h says what each does.
#ifndef DROVER_CONTROLLER_OPENSEARCH_RESTORE_CALLS_H_
#define DROVER_CONTROLLER_OPENSEARCH_RESTORE_CALLS_H_

#include <string>
#include <vector>

#include "controller/opensearch/cluster_api.h"
#include "controller/opensearch/rest_client.h"

namespace drover::opensearch {

Status BeginRestore(RestClient& client, const rollout::RestorePlan& plan, bool sample);
StatusOr<RestoreProgress> LookAtRestore(RestClient& client,
                                        const std::vector<std::string>& indices);
StatusOr<uint64_t> CountDocuments(RestClient& client, const std::string& index);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_RESTORE_CALLS_H_
