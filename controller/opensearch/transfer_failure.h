// Why an exchange failed, in a sentence that says which setting to look at.
#ifndef DROVER_CONTROLLER_OPENSEARCH_TRANSFER_FAILURE_H_
#define DROVER_CONTROLLER_OPENSEARCH_TRANSFER_FAILURE_H_

#include <string>

#include "controller/opensearch/curl_lane.h"
#include "controller/rollout/cluster_spec.h"

namespace drover::opensearch {

// For a transfer without an answer (curl_code is not 0). Does not repeat the endpoint's address.
std::string DescribeTransferFailure(const Transfer& transfer, const rollout::ClusterSpec& spec);

// True where the time was over before the answer.
bool TimedOut(const Transfer& transfer);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_TRANSFER_FAILURE_H_
