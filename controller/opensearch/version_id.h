// index.version.created: the number that stands for a version.
#ifndef DROVER_CONTROLLER_OPENSEARCH_VERSION_ID_H_
#define DROVER_CONTROLLER_OPENSEARCH_VERSION_ID_H_

#include <cstdint>
#include <string>

namespace drover::opensearch {

// 135249827 → "1.3.20". Ids of OpenSearch carry the mask 0x08000000; one without it is
// Elasticsearch's and becomes "elasticsearch-7.10.2", so that it is never taken for a later
// OpenSearch. Empty for 0.
std::string DecodeVersionId(int64_t id);

}  // namespace drover::opensearch

#endif  // DROVER_CONTROLLER_OPENSEARCH_VERSION_ID_H_
