#include "controller/opensearch/version_id.h"

namespace drover::opensearch {
namespace {

constexpr int64_t kOpenSearchMask = 0x08000000;

}  // namespace

std::string DecodeVersionId(int64_t id) {
  if (id <= 0) return "";
  const bool is_opensearch = (id & kOpenSearchMask) != 0;
  const int64_t plain = is_opensearch ? id ^ kOpenSearchMask : id;
  // The last two digits are the build; 99 is a release.
  const std::string version = std::to_string(plain / 1'000'000) + "." +
                              std::to_string(plain / 10'000 % 100) + "." +
                              std::to_string(plain / 100 % 100);
  return is_opensearch ? version : "elasticsearch-" + version;
}

}  // namespace drover::opensearch
