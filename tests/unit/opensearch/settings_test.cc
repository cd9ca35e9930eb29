#include <gmock/gmock.h>

#include "tests/unit/opensearch/helpers.h"

namespace drover::opensearch {
namespace {

using ::testing::HasSubstr;

constexpr char kAllocation[] = "cluster.routing.allocation.enable";

// A cluster whose settings read back as `settings`, whatever was put.
class SettingsTest : public ::testing::Test {
 protected:
  Status Put(const std::string& settings, const SettingChanges& persistent,
             const SettingChanges& transient = {}) {
    settings_ = settings;
    return ApiOf(SpecOf({server_.url()}))->PutSettings(persistent, transient);
  }

  std::string settings_ = "{}";
  HttpServer server_{[this](const SeenRequest& seen) {
    return Reply{200, seen.method == "GET" ? settings_ : R"({"acknowledged":true})"};
  }};
};

TEST_F(SettingsTest, PutsValuesAndNulls) {
  const Status status =
      Put(R"({"persistent":{"cluster.routing.allocation.enable":"primaries"},"transient":{}})",
          {{kAllocation, "primaries"}, {"a.b", std::nullopt}}, {{"c", std::nullopt}});
  EXPECT_TRUE(status.ok()) << status;
  ASSERT_EQ(server_.requests().size(), 2U);
  EXPECT_EQ(server_.requests()[0].Line(), "PUT /_cluster/settings");
  EXPECT_EQ(nlohmann::json::parse(server_.requests()[0].body),
            nlohmann::json::parse(
                R"({"persistent":{"cluster.routing.allocation.enable":"primaries","a.b":null},
                    "transient":{"c":null}})"));
  EXPECT_EQ(server_.requests()[1].target, "/_cluster/settings?flat_settings=true");
}

TEST_F(SettingsTest, ExclusionsNameTheirNodesAndWaitForTheVote) {
  const std::vector<std::string> names = {"os-1", "a b"};
  EXPECT_TRUE(ApiOf(SpecOf({server_.url()}))->AddVotingExclusions(names).ok());
  ASSERT_EQ(server_.requests().size(), 1U);
  EXPECT_EQ(server_.requests()[0].method, "POST");
  EXPECT_EQ(server_.requests()[0].target,
            "/_cluster/voting_config_exclusions?node_names=os-1,a%20b&timeout=30000ms");
}

TEST_F(SettingsTest, ExclusionsAreTakenBackWithoutWaitingForNodes) {
  EXPECT_TRUE(ApiOf(SpecOf({server_.url()}))->ClearVotingExclusions().ok());
  ASSERT_EQ(server_.requests().size(), 1U);
  EXPECT_EQ(server_.requests()[0].method, "DELETE");
  EXPECT_EQ(server_.requests()[0].target,
            "/_cluster/voting_config_exclusions?wait_for_removal=false");
}

TEST_F(SettingsTest, AsksNothingForNoChange) {
  EXPECT_TRUE(Put("{}", {}).ok());
  EXPECT_EQ(server_.requests().size(), 0U);
}

TEST_F(SettingsTest, FailsWhereAValueDoesNotReadBack) {
  const Status status = Put(R"({"persistent":{},"transient":{}})", {{kAllocation, "primaries"}});
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("persistent setting cluster.routing.allocation.enable was "
                                         "put as \"primaries\" and reads back as its default"));
}

TEST_F(SettingsTest, FailsWhereAResetDoesNotReadBack) {
  const Status status =
      Put(R"({"persistent":{},"transient":{"cluster.routing.allocation.enable":"none"}})", {},
          {{kAllocation, std::nullopt}});
  EXPECT_THAT(Message(status),
              HasSubstr("transient setting cluster.routing.allocation.enable was put "
                        "as its default and reads back as \"none\""));
}

TEST_F(SettingsTest, FailsWhereATransientSettingComesFirst) {
  const std::string settings =
      R"({"persistent":{"cluster.routing.allocation.enable":"all"},
          "transient":{"cluster.routing.allocation.enable":"primaries"}})";
  const Status status = Put(settings, {{kAllocation, "all"}});
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("has no effect: the transient one is \"primaries\""));
  EXPECT_TRUE(Put(settings, {{kAllocation, "all"}}, {{kAllocation, "primaries"}}).ok());
}

TEST_F(SettingsTest, TakesAWildcardResetForAllKeysThatItMatches) {
  EXPECT_TRUE(Put(R"({"persistent":{"b":"1"}})", {{"archived.*", std::nullopt}}).ok());
  const Status status =
      Put(R"({"persistent":{"archived.plugins.x":"1"}})", {{"archived.*", std::nullopt}});
  EXPECT_THAT(Message(status), HasSubstr("persistent setting archived.plugins.x was put as"));
}

TEST(PutSettings, PassesTheClustersRefusalOn) {
  HttpServer server([](const SeenRequest&) {
    return Reply{400,
                 R"({"error":{"type":"illegal_argument_exception","reason":"unknown setting"}})"};
  });
  const Status status = ApiOf(SpecOf({server.url()}))->PutSettings({{"x", "1"}}, {});
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("answered PUT /_cluster/settings with 400: "
                                         "illegal_argument_exception: unknown setting"));
}

TEST(ClearArchivedSettings, TakesAllAwayAndNamesThem) {
  std::string settings =
      R"({"persistent":{"archived.plugins.x":"1","b":"2"},"transient":{"archived.y":"3"}})";
  HttpServer server([&](const SeenRequest& seen) {
    if (seen.method == "PUT") settings = R"({"persistent":{"b":"2"},"transient":{}})";
    return Reply{200, settings};
  });
  const auto names = ApiOf(SpecOf({server.url()}))->ClearArchivedSettings();
  ASSERT_TRUE(names.ok()) << names.status().ToString();
  EXPECT_THAT(*names, ::testing::ElementsAre("archived.plugins.x", "archived.y"));
  EXPECT_EQ(server.requests()[1].body,
            R"({"persistent":{"archived.*":null},"transient":{"archived.*":null}})");
}

TEST(ClearArchivedSettings, PutsNothingWhereThereAreNone) {
  HttpServer server([](const SeenRequest&) { return Reply{200, R"({"persistent":{"b":"2"}})"}; });
  const auto names = ApiOf(SpecOf({server.url()}))->ClearArchivedSettings();
  ASSERT_TRUE(names.ok());
  EXPECT_TRUE(names->empty());
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(Flush, IsFineWithConflictsAndPartialFailures) {
  for (const unsigned status : {200U, 409U}) {
    HttpServer server([&](const SeenRequest&) {
      return Reply{status, R"({"_shards":{"total":4,"successful":3,"failed":1}})"};
    });
    EXPECT_TRUE(ApiOf(SpecOf({server.url()}))->Flush().ok());
    EXPECT_EQ(server.requests()[0].Line(), "POST /_flush");
  }
  HttpServer server([](const SeenRequest&) { return Reply{500, "{}"}; });
  EXPECT_EQ(ApiOf(SpecOf({server.url()}))->Flush().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace drover::opensearch
