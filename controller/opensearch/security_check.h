// What the security plugin says of its own configuration after an upgrade (opensearch.md 1.3).
#ifndef DROVER_CONTROLLER_OPENSEARCH_SECURITY_CHECK_H_
#define DROVER_CONTROLLER_OPENSEARCH_SECURITY_CHECK_H_

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "controller/opensearch/rest_client.h"

namespace drover::opensearch {

// The answer of GET /_plugins/_security/api/_upgrade_check as a sentence; empty where the cluster
// has no such interface: no security plugin, or one older than 2.13.
std::string DescribeUpgradeCheck(const RestAnswer& answer);

// Asks one node. UNAVAILABLE where none answers.
StatusOr<std::string> CheckSecurityUpgrade(RestClient& client);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_SECURITY_CHECK_H_
