#include "controller/opensearch/observe.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "tests/unit/opensearch/helpers.h"

namespace drover::opensearch {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

const std::map<std::string, std::string> kRecordings = {
    {"GET /", "identity"},
    {"GET /_cluster/health", "health"},
    {"GET /_nodes/settings,http", "nodes"},
    {"GET /_nodes/stats/fs,jvm,breaker,process", "node_stats"},
    {"GET /_cluster/state/metadata,routing_table,nodes,master_node", "state"},
    {"GET /_cluster/settings", "settings"},
    {"GET /_stats/docs,store", "index_stats"},
    {"GET /_plugins/_sm/policies", "policies"},
    {"GET /_snapshot/_status", "snapshots_running"},
};

HttpServer::Handler ReplayAll(const std::string& version) {
  return [version](const SeenRequest& seen) {
    const auto found = kRecordings.find(seen.Line());
    return found == kRecordings.end() ? Reply{500, "{}"} : Replay(version, found->second);
  };
}

// Against the answers of a real cluster of each version: three nodes os-1, os-2, os-3.
class Observe : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto observed = ApiOf(SpecOf({server_.url()}))->Observe();
    ASSERT_TRUE(observed.ok()) << observed.status();
    cluster_ = *std::move(observed);
  }

  const rollout::IndexView& Index(const std::string& name) const {
    const auto found =
        std::find_if(cluster_.indices.begin(), cluster_.indices.end(),
                     [&](const rollout::IndexView& index) { return index.name == name; });
    EXPECT_NE(found, cluster_.indices.end()) << name;
    return *found;
  }

  int Copies(const std::string& index, rollout::ShardState state) const {
    return static_cast<int>(std::count_if(
        cluster_.shards.begin(), cluster_.shards.end(),
        [&](const auto& shard) { return shard.index == index && shard.state == state; }));
  }

  HttpServer server_{ReplayAll(GetParam())};
  rollout::ClusterObservation cluster_;
};

INSTANTIATE_TEST_SUITE_P(Versions, Observe,
                         ::testing::Values("1.3.20", "2.17.1", "2.19.1", "3.8.0"));

TEST_P(Observe, KnowsWhoAnswers) {
  ASSERT_THAT(cluster_.endpoints, SizeIs(1));
  EXPECT_EQ(cluster_.endpoints[0].url, server_.url());
  EXPECT_EQ(cluster_.endpoints[0].node_name, "os-1");
  EXPECT_EQ(cluster_.endpoints[0].error, "");
  EXPECT_EQ(cluster_.endpoints[0].cluster_uuid, cluster_.cluster_uuid);
  EXPECT_EQ(cluster_.endpoints[0].cluster_name, cluster_.cluster_name);
  EXPECT_FALSE(cluster_.cluster_uuid.empty());
  EXPECT_GT(ToUnixMillis(cluster_.at), 0);
}

TEST_P(Observe, ReadsTheNodes) {
  ASSERT_THAT(cluster_.nodes, SizeIs(3));
  std::set<std::string> names;
  for (const rollout::NodeView& node : cluster_.nodes) {
    names.insert(node.name);
    EXPECT_EQ(node.version, GetParam());
    EXPECT_THAT(node.host, HasSubstr("10.77.0."));
    EXPECT_THAT(node.transport_address, HasSubstr(node.ip + ":93"));
    EXPECT_THAT(node.http_publish_address, HasSubstr(node.ip + ":92"));
    EXPECT_THAT(node.roles, Contains("data"));
    EXPECT_THAT(node.data_paths, ElementsAre("/usr/share/opensearch/data"));
    EXPECT_THAT(node.repo_paths, ElementsAre("/snap"));
    EXPECT_GT(node.disk_used_percent.value_or(0), 0);
    EXPECT_GT(node.disk_free_bytes, 0U);
    EXPECT_GT(node.heap_used_percent.value_or(0), 0);
    EXPECT_TRUE(node.ManagerEligible());
    EXPECT_TRUE(node.HoldsData());
  }
  EXPECT_EQ(names, (std::set<std::string>{"os-1", "os-2", "os-3"}));
  EXPECT_NE(cluster_.NodeWithId(cluster_.manager_node_id), nullptr);
}

TEST_P(Observe, ReadsTheVotes) {
  EXPECT_THAT(cluster_.last_committed_config, SizeIs(3));
  EXPECT_EQ(cluster_.last_committed_config, cluster_.last_accepted_config);
  EXPECT_THAT(cluster_.last_committed_config, Contains(cluster_.manager_node_id));
  EXPECT_THAT(cluster_.voting_exclusions, IsEmpty());
}

TEST_P(Observe, ReadsTheSettings) {
  EXPECT_THAT(cluster_.persistent_settings,
              ElementsAre(Pair("cluster.routing.rebalance.enable", "none")));
  EXPECT_THAT(cluster_.transient_settings,
              ElementsAre(Pair("cluster.routing.allocation.enable", "all")));
  EXPECT_EQ(cluster_.low_disk_watermark, "85%");
}

TEST_P(Observe, ReadsIndicesOfEveryKind) {
  EXPECT_THAT(cluster_.indices, SizeIs(5));
  const rollout::IndexView& plain = Index("plain");
  EXPECT_TRUE(plain.open);
  EXPECT_FALSE(plain.hidden);
  EXPECT_EQ(plain.shards, 2);
  EXPECT_EQ(plain.replicas, 1);
  EXPECT_EQ(plain.docs, 5U);
  EXPECT_GT(plain.store_bytes, 0U);
  EXPECT_EQ(plain.created_version, GetParam());
  EXPECT_EQ(plain.uuid.size(), 22U);
  EXPECT_TRUE(Index("hidden").hidden);
  EXPECT_EQ(Index("hidden").replicas, 0);
  EXPECT_EQ(Index("hidden").docs, 5U);
  EXPECT_FALSE(Index("closed").open);
  EXPECT_EQ(Index("closed").docs, std::nullopt);
  EXPECT_EQ(Index("closed").created_version, GetParam());
  EXPECT_EQ(Index("pinned").wait_for_active_shards, "2");
  EXPECT_EQ(Index("pinned").auto_expand_replicas, "0-1");
  EXPECT_THAT(Index("pinned").settings,
              Contains(Pair("index.routing.allocation.exclude._name", "nobody")));
}

TEST_P(Observe, ReadsEveryCopy) {
  EXPECT_EQ(Copies("plain", rollout::ShardState::kStarted), 4);
  EXPECT_EQ(Copies("hidden", rollout::ShardState::kStarted), 2);
  EXPECT_EQ(Copies("closed", rollout::ShardState::kStarted), 4);
  EXPECT_EQ(Copies("homeless", rollout::ShardState::kUnassigned), 4);
  for (const rollout::ShardView& shard : cluster_.shards) {
    EXPECT_EQ(shard.node_id.empty(), shard.state == rollout::ShardState::kUnassigned);
    EXPECT_EQ(shard.unassigned_reason, shard.index == "homeless" ? "INDEX_CREATED" : "");
    EXPECT_EQ(shard.node_id.empty(), cluster_.NodeWithId(shard.node_id) == nullptr);
  }
  EXPECT_EQ(std::count_if(cluster_.shards.begin(), cluster_.shards.end(),
                          [](const auto& shard) { return shard.primary; }),
            10);
}

TEST_P(Observe, ReadsHealthAndSnapshots) {
  EXPECT_EQ(cluster_.health.status, "red");
  EXPECT_EQ(cluster_.health.nodes, 3);
  EXPECT_EQ(cluster_.health.unassigned, 4);
  EXPECT_FALSE(cluster_.snapshot_running);
  EXPECT_THAT(cluster_.snapshot_policies, IsEmpty());
}

TEST_P(Observe, AsksEachQuestionOnce) {
  for (const auto& [line, name] : kRecordings) EXPECT_EQ(server_.Count(line), 1) << line;
}

TEST(ObserveEndpoints, SaysWhatIsWrongWithEach) {
  HttpServer good(ReplayAll("2.19.1"));
  HttpServer web([](const SeenRequest&) { return Reply{200, "<html>It works!</html>"}; });
  HttpServer closed([](const SeenRequest&) { return Reply{401, "Unauthorized"}; });
  const std::string dead = RefusingUrl();
  const auto cluster = ApiOf(SpecOf({good.url(), web.url(), closed.url(), dead}))->Observe();
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  ASSERT_THAT(cluster->endpoints, SizeIs(4));
  EXPECT_EQ(cluster->endpoints[0].error, "");
  EXPECT_THAT(cluster->endpoints[1].error, HasSubstr("not an OpenSearch node"));
  EXPECT_THAT(cluster->endpoints[2].error, HasSubstr("401"));
  EXPECT_THAT(cluster->endpoints[3].error, HasSubstr("Connection refused"));
  EXPECT_EQ(cluster->endpoints[3].url, dead);
  EXPECT_THAT(cluster->nodes, SizeIs(3));
}

TEST(ObserveEndpoints, GoesToAnotherWhereTheFirstIsDead) {
  HttpServer good(ReplayAll("2.19.1"));
  const auto cluster = ApiOf(SpecOf({RefusingUrl(), good.url()}))->Observe();
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  EXPECT_THAT(cluster->nodes, SizeIs(3));
}

TEST(ObserveErrors, SaysThatAnAnswerIsNoJson) {
  HttpServer web([](const SeenRequest&) { return Reply{200, "<html>\nIt works!</html>"}; });
  const auto cluster = ApiOf(SpecOf({web.url()}))->Observe();
  EXPECT_EQ(cluster.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(
      Message(cluster.status()),
      HasSubstr("with what is not JSON (\"<html> It works!</html>\"): is this OpenSearch?"));
}

TEST(ObserveErrors, AreUnavailableWithoutAManager) {
  HttpServer lonely([](const SeenRequest&) {
    return Reply{503, R"({"error":{"type":"master_not_discovered_exception","reason":null}})"};
  });
  const auto cluster = ApiOf(SpecOf({lonely.url()}))->Observe();
  EXPECT_EQ(cluster.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(Message(cluster.status()), HasSubstr("master_not_discovered_exception"));
}

TEST(ObserveErrors, DoWithoutWhatTheUserMayNotAsk) {
  HttpServer server([](const SeenRequest& seen) {
    const auto found = kRecordings.find(seen.Line());
    if (found == kRecordings.end()) return Reply{403, "no"};
    if (found->second == "index_stats" || found->second == "policies") return Reply{403, "no"};
    return Replay("2.19.1", found->second);
  });
  const auto cluster = ApiOf(SpecOf({server.url()}))->Observe();
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  EXPECT_EQ(cluster->indices[0].docs, std::nullopt);
}

TEST(Nodes, AreReadAlone) {
  HttpServer server(ReplayAll("1.3.20"));
  const auto nodes = ApiOf(SpecOf({server.url()}))->Nodes();
  ASSERT_TRUE(nodes.ok()) << nodes.status();
  ASSERT_THAT(*nodes, SizeIs(3));
  EXPECT_THAT((*nodes)[0].roles, Contains("master"));
  EXPECT_THAT(server.requests(), SizeIs(1));
}

}  // namespace
}  // namespace drover::opensearch
