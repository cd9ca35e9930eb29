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
