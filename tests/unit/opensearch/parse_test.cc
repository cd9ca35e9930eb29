// What the recorded clusters do not have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/opensearch/json_access.h"
#include "controller/opensearch/parse_cluster.h"
#include "controller/opensearch/parse_indices.h"
#include "controller/opensearch/parse_nodes.h"
#include "controller/opensearch/parse_snapshots.h"

namespace drover::opensearch {
namespace {

TEST(ParseRecovery, SumsUpWhatMoves) {
  const auto recovery = ParseRecovery(ParseJson(R"({
    "logs": {"shards": [
      {"index": {"size": {"total_in_bytes": 1000, "recovered_in_bytes": 400},
                 "files": {"total": 10, "recovered": 4}}, "translog": {"recovered": 7}},
      {"index": {"size": {"total_in_bytes": 500, "recovered_in_bytes": 500},
                 "files": {"total": 5, "recovered": 5}}, "translog": {"recovered": 1}}]}})"));
  EXPECT_EQ(recovery.shards, 2);
  EXPECT_EQ(recovery.bytes_done, 900U);
  EXPECT_EQ(recovery.bytes_total, 1500U);
  EXPECT_EQ(recovery.files_done, 9U);
  EXPECT_EQ(recovery.files_total, 15U);
  EXPECT_EQ(recovery.translog_done, 8U);
  EXPECT_EQ(ParseRecovery(ParseJson("{}")).shards, 0);
  EXPECT_EQ(ParseRecovery({}).shards, 0);
}

TEST(ParseExplanation, SaysWhyInTheClustersWords) {
  EXPECT_EQ(ParseExplanation(ParseJson(R"({
    "index": "logs", "shard": 1, "primary": false,
    "allocate_explanation": "cannot allocate because allocation is not permitted to any of the nodes",
    "node_allocation_decisions": [{"node_name": "os-1", "deciders": [
      {"decider": "max_retry", "decision": "NO", "explanation": "exceeded failed attempts [5]"}]}]})")),
            "shard 1 of logs (replica): cannot allocate because allocation is not permitted to any "
            "of the nodes; os-1: exceeded failed attempts [5]");
  EXPECT_EQ(ParseExplanation({}), "");
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST(ParseJson, IsNullWhereTheTextIsNone) {
  EXPECT_TRUE(ParseJson("<html>").is_null());
  EXPECT_TRUE(ParseJson("").is_null());
  EXPECT_TRUE(ParseJson("{\"a\":").is_null());
}

TEST(JsonAccess, TakesWhatIsMissingOrOfAnotherTypeForNothing) {
  const nlohmann::json json =
      ParseJson(R"({"a":{"b":"7","c":[1,"x"],"d":-3,"e":true},"f":"u, v"})");
  EXPECT_EQ(Integer(At(json, {"a", "b"})), 7);
  EXPECT_EQ(Integer(At(json, {"a", "b", "c"})), 0);
  EXPECT_EQ(Text(At(json, {"x", "y"})), "");
  EXPECT_EQ(Text(At(json, {"a", "e"})), "true");
  EXPECT_TRUE(Truth(At(json, {"a", "e"})));
  EXPECT_EQ(Unsigned(At(json, {"a", "d"})), 0U);
  EXPECT_THAT(Texts(At(json, {"a", "c"})), ElementsAre("1", "x"));
  EXPECT_THAT(Texts(At(json, {"f"})), ElementsAre("u", "v"));
  EXPECT_THAT(Texts(nlohmann::json("")), IsEmpty());
  EXPECT_THAT(Texts(At(json, {"a"})), IsEmpty());
}

TEST(JsonAccess, FlattensObjects) {
  std::map<std::string, std::string> flat;
  Flatten(ParseJson(R"({"a":{"b":"1","c":{"d":[2,"x"]}},"e":null})"), "", flat);
  EXPECT_THAT(flat, ElementsAre(Pair("a.b", "1"), Pair("a.c.d", "2,x")));
}

TEST(ParseShards, KnowsBothEndsOfARelocation) {
  const auto shards = ParseShards(ParseJson(
      R"({"routing_table":{"indices":{"i":{"shards":{"3":[
        {"state":"RELOCATING","primary":true,"node":"a","relocating_node":"b"},
        {"state":"INITIALIZING","primary":false,"node":"c","relocating_node":null,
         "unassigned_info":{"reason":"NODE_LEFT"}},
        {"state":"SOMETHING_NEW","primary":false,"node":null}]}}}}})"));
  ASSERT_THAT(shards, SizeIs(3));
  EXPECT_EQ(shards[0].shard, 3);
  EXPECT_EQ(shards[0].state, rollout::ShardState::kRelocating);
  EXPECT_EQ(shards[0].node_id, "a");
  EXPECT_EQ(shards[0].relocating_node_id, "b");
  EXPECT_EQ(shards[1].state, rollout::ShardState::kInitializing);
  EXPECT_EQ(shards[1].unassigned_reason, "NODE_LEFT");
  EXPECT_EQ(shards[2].state, rollout::ShardState::kUnassigned);
  EXPECT_EQ(shards[2].node_id, "");
}

TEST(AddCoordination, NamesExclusionsByWhatIsKnown) {
  rollout::ClusterObservation cluster;
  AddCoordination(ParseJson(R"({"master_node":"m","metadata":{"cluster_coordination":{
      "last_committed_config":["m"],"last_accepted_config":["m","n"],
      "voting_config_exclusions":[{"node_id":"x","node_name":"os-1"},
                                  {"node_id":"y","node_name":"_absent_"}]}}})"),
                  cluster);
  EXPECT_EQ(cluster.manager_node_id, "m");
  EXPECT_THAT(cluster.last_committed_config, ElementsAre("m"));
  EXPECT_THAT(cluster.last_accepted_config, ElementsAre("m", "n"));
  EXPECT_THAT(cluster.voting_exclusions, ElementsAre("os-1", "y"));
}

TEST(AddClusterSettings, TakesTheWatermarkThatCounts) {
  const std::string key = "cluster.routing.allocation.disk.watermark.low";
  const auto effective = [&](const std::string& persistent, const std::string& transient) {
    nlohmann::json json = {{"persistent", nlohmann::json::object()},
                           {"transient", nlohmann::json::object()},
                           {"defaults", {{key, "85%"}}}};
    if (!persistent.empty()) json["persistent"][key] = persistent;
    if (!transient.empty()) json["transient"][key] = transient;
    rollout::ClusterObservation cluster;
    AddClusterSettings(json, cluster);
    return cluster.low_disk_watermark;
  };
  EXPECT_EQ(effective("", ""), "85%");
  EXPECT_EQ(effective("20gb", ""), "20gb");
  EXPECT_EQ(effective("20gb", "70%"), "70%");
}

TEST(AddNodeStats, LooksAtTheFullestPath) {
  std::vector<rollout::NodeView> nodes(1);
  nodes[0].id = "a";
  AddNodeStats(ParseJson(R"({"nodes":{"a":{"fs":{"data":[
      {"path":"/one/nodes/0","total_in_bytes":100,"available_in_bytes":60},
      {"path":"/two/nodes/0","total_in_bytes":100,"available_in_bytes":10},
      {"path":"/three/nodes/0","total_in_bytes":100,"available_in_bytes":50}]},
      "jvm":{"mem":{"heap_used_percent":31}}},"b":{}}})"),
               nodes);
  EXPECT_DOUBLE_EQ(*nodes[0].disk_used_percent, 90.0);
  EXPECT_EQ(nodes[0].disk_free_bytes, 10U);
  EXPECT_DOUBLE_EQ(*nodes[0].heap_used_percent, 31.0);
  EXPECT_THAT(nodes[0].data_paths, ElementsAre("/one", "/two", "/three"));
}

TEST(AddNodeStats, SumsUpBreakersAndReadsOpenFiles) {
  std::vector<rollout::NodeView> nodes(2);
  nodes[0].id = "a";
  nodes[1].id = "b";
  AddNodeStats(ParseJson(R"({"nodes": {"a": {"breakers": {"parent": {"tripped": 2},
      "request": {"tripped": 1}}, "process": {"max_file_descriptors": 65536}}}})"),
               nodes);
  EXPECT_EQ(nodes[0].breaker_trips, 3U);
  EXPECT_EQ(nodes[0].max_file_descriptors, 65536);
  EXPECT_FALSE(nodes[1].breaker_trips.has_value());
  EXPECT_FALSE(nodes[1].max_file_descriptors.has_value());
}

TEST(AddNodeDetails, ReadsPluginsAndSettings) {
  std::vector<rollout::NodeView> nodes(3);
  nodes[0].id = "a";
  nodes[1].id = "b";
  nodes[2].id = "gone";
  AddNodeDetails(ParseJson(R"({"nodes": {
      "a": {"name": "os-1", "plugins": [{"name": "repository-s3", "version": "2.17.1.0"}],
            "settings": {"node": {"store": {"allow_mmap": "false"}}}},
      "b": {"name": "os-2"}}})"),
                 nodes);
  ASSERT_TRUE(nodes[0].plugins.has_value());
  EXPECT_EQ(nodes[0].plugins->at("repository-s3"), "2.17.1.0");
  EXPECT_EQ(nodes[0].settings.at("node.store.allow_mmap"), "false");
  ASSERT_TRUE(nodes[1].plugins.has_value());
  EXPECT_TRUE(nodes[1].plugins->empty());
  EXPECT_FALSE(nodes[2].plugins.has_value());  // it did not answer
}

TEST(ParseTemplates, ReadsEveryKind) {
  const auto templates = ParseTemplates(ParseJson(R"({"metadata": {
    "templates": {"old": {"settings": {"index": {"knn": {"space_type": "l2"}}}}},
    "index_template": {"index_template": {
      "new": {"template": {"settings": {"index": {"codec": "zstd"}}}}, "plain": {}}},
    "component_template": {"component_template": {
      "part": {"template": {"settings": {"index": {"store": {"type": "fs"}}}}}}}}})"));
  ASSERT_EQ(templates.size(), 3U);
  EXPECT_EQ(templates[0].settings.at("index.knn.space_type"), "l2");
  EXPECT_EQ(templates[1].settings.at("index.codec"), "zstd");
  EXPECT_EQ(templates[2].name, "part");
}

TEST(AddClusterSettings, TakesTheShardLimitThatCounts) {
  rollout::ClusterObservation cluster;
  AddClusterSettings(ParseJson(R"({"persistent": {"cluster.max_shards_per_node": "500"},
                                   "defaults": {"cluster.max_shards_per_node": "1000"}})"),
                     cluster);
  EXPECT_EQ(cluster.max_shards_per_node, 500);
  rollout::ClusterObservation by_default;
  AddClusterSettings(ParseJson(R"({"defaults": {"cluster.max_shards_per_node": "1000"}})"),
                     by_default);
  EXPECT_EQ(by_default.max_shards_per_node, 1000);
  rollout::ClusterObservation unknown;
  AddClusterSettings(ParseJson("{}"), unknown);
  EXPECT_FALSE(unknown.max_shards_per_node.has_value());
}

TEST(ParseReplicated, IsNothingWithoutThePlugin) {
  EXPECT_EQ(ParseReplicated(ParseJson(R"({"num_replicated_indices": 2})")), 2);
  EXPECT_FALSE(ParseReplicated({}).has_value());
}

TEST(ParseSnapshotPolicies, ReadsThePluginsAnswer) {
  // As documented (snapshot management API); the lab's images have no plugin.
  const auto policies = ParseSnapshotPolicies(ParseJson(
      R"({"policies":[{"_id":"daily-sm-policy","sm_policy":{"name":"daily","enabled":true}},
                      {"_id":"x-sm-policy","sm_policy":{"name":"x","enabled":false}}],
          "total_policies":2})"));
  ASSERT_THAT(policies, SizeIs(2));
  EXPECT_EQ(policies[0].name, "daily");
  EXPECT_TRUE(policies[0].enabled);
  EXPECT_FALSE(policies[1].enabled);
}

TEST(ParseRunningSnapshot, CountsShardsAndBytes) {
  const auto answer = ParseJson(R"({"snapshots":[{"snapshot":"s","repository":"r","state":"STARTED",
      "shards_stats":{"initializing":1,"started":2,"finalizing":0,"done":3,"failed":1,"total":7},
      "stats":{"incremental":{"size_in_bytes":1000},"processed":{"size_in_bytes":400},
               "start_time_in_millis":1700000000000},"indices":{"i":{}}}]})");
  const auto view = ParseRunningSnapshot(answer, "r", "s");
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->state, "IN_PROGRESS");
  EXPECT_EQ(view->shards_total, 7);
  EXPECT_EQ(view->shards_done, 3);
  EXPECT_EQ(view->shards_failed, 1);
  EXPECT_EQ(view->bytes_total, 1000U);
  EXPECT_EQ(view->bytes_done, 400U);
  EXPECT_EQ(ToUnixMillis(view->started_at), 1700000000000);
  EXPECT_FALSE(ParseRunningSnapshot(answer, "r", "other").has_value());
}

TEST(ParseHealth, IsEmptyForAnError) {
  EXPECT_EQ(ParseHealth(ParseJson(R"({"error":{"type":"t"},"status":503})")).status, "");
}

}  // namespace
}  // namespace drover::opensearch
