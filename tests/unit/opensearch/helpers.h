// What the tests of the REST room share.
#ifndef DROVER_TESTS_UNIT_OPENSEARCH_HELPERS_H_
#define DROVER_TESTS_UNIT_OPENSEARCH_HELPERS_H_

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "controller/opensearch/cluster_api.h"
#include "controller/opensearch/rest_client.h"
#include "tests/unit/opensearch/http_server.h"

namespace drover::opensearch {

inline rollout::ClusterSpec SpecOf(const std::vector<std::string>& endpoints) {
  rollout::ClusterSpec spec;
  spec.name = "search";
  spec.endpoints = endpoints;
  return spec;
}

inline std::shared_ptr<ClusterApi> ApiOf(const rollout::ClusterSpec& spec) {
  StatusOr<std::shared_ptr<ClusterApi>> api = MakeRestClusterApi(spec);
  EXPECT_TRUE(api.ok()) << api.status();
  return api.ok() ? *api : nullptr;
}

// A file in the test's own folder.
inline std::string WriteTemporary(const std::string& name, const std::string& bytes) {
  const std::string path = ::testing::TempDir() + "/opensearch_test." +
                           ::testing::UnitTest::GetInstance()->current_test_info()->name() + "." +
                           name;
  std::ofstream(path) << bytes;
  return path;
}

struct Recorded {
  long status = 0;
  nlohmann::json body;
};

// An answer that a real node gave: tests/unit/opensearch/recorded/<version>/<name>.json.
inline Recorded ReadRecorded(const std::string& version, const std::string& name) {
  const std::string path = std::string(DROVER_SOURCE_DIR) + "/tests/unit/opensearch/recorded/" +
                           version + "/" + name + ".json";
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  const nlohmann::json json = nlohmann::json::parse(file, nullptr, false);
  return {json.value("status", 0L), json.value("body", nlohmann::json())};
}

inline Reply Replay(const std::string& version, const std::string& name) {
  const Recorded recorded = ReadRecorded(version, name);
  return {static_cast<unsigned>(recorded.status), recorded.body.dump()};
}

}  // namespace drover::opensearch

#endif  // DROVER_TESTS_UNIT_OPENSEARCH_HELPERS_H_
