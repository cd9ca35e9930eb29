#include "controller/opensearch/security_check.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/unit/opensearch/helpers.h"

namespace drover::opensearch {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

RestAnswer Answer(int status, const std::string& body) {
  RestAnswer answer;
  answer.status = status;
  answer.body = body;
  return answer;
}

TEST(SecurityCheck, SaysWhatTheNewVersionWouldAdd) {
  const std::string said =
      DescribeUpgradeCheck(Answer(200, R"({"status":"OK","upgradeAvailable":true,
               "upgradeActions":{"roles":{"add":["flow_framework_full_access","x"]}}})"));
  EXPECT_THAT(said, AllOf(HasSubstr("roles: add flow_framework_full_access, x"),
                          HasSubstr("_upgrade_perform")));
}

TEST(SecurityCheck, SaysThatNothingIsToBeDone) {
  EXPECT_EQ(DescribeUpgradeCheck(Answer(200, R"({"status":"OK","upgradeAvailable":false})")),
            "its configuration is that of the new version");
}

TEST(SecurityCheck, IsSilentWithoutThePlugin) {
  EXPECT_EQ(DescribeUpgradeCheck(Answer(400, R"({"error":"no handler found for uri"})")), "");
  EXPECT_EQ(DescribeUpgradeCheck(Answer(404, "")), "");
}

TEST(SecurityCheck, SaysThatTheUserMayNotAsk) {
  EXPECT_THAT(DescribeUpgradeCheck(Answer(403, R"({"status":"FORBIDDEN"})")),
              AllOf(HasSubstr("403"), HasSubstr("administer security")));
}

TEST(SecurityCheck, IsAskedOfTheCluster) {
  HttpServer server([](const SeenRequest& seen) {
    if (seen.target == "/") return Reply{200, R"({"name":"n","cluster_uuid":"u"})"};
    return Reply{200, R"({"upgradeAvailable":false})"};
  });
  const auto said = ApiOf(SpecOf({server.url()}))->CheckSecurityUpgrade();
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(*said, "its configuration is that of the new version");
  EXPECT_EQ(server.requests().back().target, "/_plugins/_security/api/_upgrade_check");
}

}  // namespace
}  // namespace drover::opensearch
