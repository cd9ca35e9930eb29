// What a refusal prevents: Drover refuses first, with its exit code and evidence and nothing
// touched; then the same is done by hand, and the damage is looked at.
#include <gmock/gmock.h>

#include <iostream>

#include "tests/lab/roll_fixture.h"

namespace drover::lab {
namespace {

using testing::HasSubstr;

constexpr int kRefused = 2;

class LongDamageTest : public RollTest {
 protected:
  // `drover upgrade` ends with the exit code of a refusal, names the check, and changes nothing.
  Outcome ExpectRefused(const Arguments& options, const std::string& check) {
    MustLab({"evidence", "save", name()});
    Arguments command = {"upgrade", name(), "--yes"};
    command.insert(command.end(), options.begin(), options.end());
    Outcome outcome = Drover(command);
    EXPECT_EQ(outcome.exit_code, kRefused) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.Text(), HasSubstr(check));
    const json found = MustLab({"evidence", "compare", name()}).Json();
    EXPECT_TRUE(found["untouched"]) << found;
    return outcome;
  }

  void ByHand(const std::string& host, const std::string& to) {
    MustLab({"cluster", "by-hand", name(), host, "--to", to});
  }

  std::string NodeLog(const std::string& host) {
    const Outcome log =
        Lab({"host", "exec", host, "--", "docker", "logs", "--tail", "400", Container(host)});
    return log.out + log.err;
  }

  // The node on that host says `text` in its log.
  void ExpectSaid(const std::string& host, const std::string& text) {
    WaitUntil(
        "`" + text + "` in the node's log on " + host,
        [&] { return NodeLog(host).find(text) != std::string::npos; }, Millis(120'000));
    std::cout << "damage: the node on " << host << " says: " << text << "\n";
  }

  // The first endpoints that answer say how many nodes there are.
  void ExpectNodes(int nodes) {
    const Outcome health = Lab({"cluster", "call", name(), "GET", "/_cluster/health"});
    ASSERT_EQ(health.exit_code, 0) << health.err;
    EXPECT_EQ(health.Json()["number_of_nodes"], nodes);
    std::cout << "damage: " << nodes << " nodes left, health " << health.Json()["status"] << "\n";
  }

  std::string Container(const std::string& host) const { return name() + "-os-" + host.substr(1); }

  void Settings(const std::string& body) { Call("PUT", "/_cluster/settings", body); }

  // Shards without a home once nothing moves; there have to be some.
  int UnassignedAtRest() {
    const json health =
        Call("GET",
             "/_cluster/"
             "health?wait_for_no_initializing_shards=true&wait_for_events=languid&timeout=60s");
    EXPECT_EQ(health["initializing_shards"], 0);
    EXPECT_EQ(health["status"], "yellow");
    EXPECT_GT(health["unassigned_shards"], 0);
    return health["unassigned_shards"];
  }

  void AwaitNodes(int nodes) {
    WaitUntil(
        std::to_string(nodes) + " nodes",
        [&] {
          const Outcome health = Lab({"cluster", "call", name(), "GET", "/_cluster/health"});
          return health.exit_code == 0 && health.Json()["number_of_nodes"] == nodes;
        },
        Millis(120'000));
  }
};

TEST_F(LongDamageTest, FromTwoSeventeenStraightToThree) {
  ASSERT_NO_FATAL_FAILURE(Bring("damage", "2.17.1", {"3.8.0"}, {"--style", "plain"}));
  ExpectRefused({"--to", "3.8.0", "--one-hop"}, "P8");

  ByHand("h2", "3.8.0");

  // It runs, joins nobody, and has opened the volume: nothing says why.
  ExpectSaid("h2", "cluster-manager not discovered or elected yet");
  ExpectNodes(2);
}

TEST_F(LongDamageTest, ADowngrade) {
  ASSERT_NO_FATAL_FAILURE(Bring("damage", "2.19.1", {"2.17.1"}, {"--style", "plain"}));
  ExpectRefused({"--to", "2.17.1"}, "P8");

  ByHand("h2", "2.17.1");

  ExpectSaid("h2", "Could not load codec 'Lucene912'");
  ExpectNodes(2);
}

// Open, closed and hidden ones; each counts.
TEST_F(LongDamageTest, IndexesOfOneThreeOnTheWayToThree) {
  ASSERT_NO_FATAL_FAILURE(Bring("damage", "1.3.20", {"2.19.4", "3.8.0"}, {"--style", "plain"}));
  Call("PUT", "/old-closed", R"({"settings": {"number_of_shards": 1, "number_of_replicas": 1}})");
  Call("PUT", "/.old-hidden",
       R"({"settings": {"number_of_shards": 1, "number_of_replicas": 1, "index.hidden": true}})");
  Call("GET", "/_cluster/health?wait_for_status=green&timeout=60s");
  Call("POST", "/old-closed/_close");
  Call("GET", "/_cluster/health?wait_for_status=green&wait_for_events=languid&timeout=60s");
  const Outcome first =
      Drover({"upgrade", name(), "--to", "2.19.4", "--accept-no-return", "--yes"});
  ASSERT_EQ(first.exit_code, 0) << first.out << first.err;
  Call("GET",
       "/_cluster/health?wait_for_no_relocating_shards=true&wait_for_events=languid&timeout=60s");

  const Outcome refused = ExpectRefused({"--to", "3.8.0", "--accept-no-return"}, "P9");
  for (const char* index : {"old-closed", ".old-hidden", "seed-"}) {
    EXPECT_THAT(refused.Text(), HasSubstr(index));
  }

  ByHand("h2", "3.8.0");

  ExpectSaid("h2", "was created with version [1.3.20]");
  ExpectNodes(2);
}

// The new version keeps what it does not know as archived, and then refuses every change.
TEST_F(LongDamageTest, ASettingThatThreeDoesNotKnow) {
  ASSERT_NO_FATAL_FAILURE(Bring("damage", "2.19.1", {"3.8.0"}, {"--style", "plain"}));
  Settings(R"({"persistent": {"compatibility.override_main_response_version": true}})");
  ExpectRefused({"--to", "3.8.0", "--accept-no-return"}, "P10");

  for (const char* host : {"h1", "h2", "h3"}) {
    MustLab({"host", "exec", host, "--", "docker", "stop", "-t", "60", Container(host)});
  }
  for (const char* host : {"h1", "h2", "h3"}) ByHand(host, "3.8.0");
  AwaitNodes(3);

  const Outcome change = Lab({"cluster", "call", name(), "PUT", "/_cluster/settings",
                              R"({"persistent": {"cluster.routing.allocation.enable": "all"}})"});
  EXPECT_NE(change.exit_code, 0);
  EXPECT_THAT(change.Text(), HasSubstr("archived.compatibility.override_main_response_version"));
  std::cout << "damage: no cluster setting can be changed: " << change.Text() << "\n";
  const Outcome check = Drover({"cluster", "check", name(), "--to", "3.9.0"});
  EXPECT_EQ(check.exit_code, kRefused) << check.out << check.err;
  EXPECT_THAT(check.Text(), HasSubstr("archived.compatibility.override_main_response_version"));
}

TEST_F(LongDamageTest, ALeftoverTransientAllocationSetting) {
  ASSERT_NO_FATAL_FAILURE(Bring("damage", "2.17.1", {"2.19.1"}, {"--style", "plain"}));
  Settings(R"({"transient": {"cluster.routing.allocation.enable": "primaries"}})");
  ExpectRefused({"--to", "2.19.1"}, "P6");

  ByHand("h2", "2.19.1");
  AwaitNodes(3);
  // What the documentation says at the end of each member; the transient value beats it.
  Settings(R"({"persistent": {"cluster.routing.allocation.enable": "all"}})");
  std::cout << "damage: " << UnassignedAtRest() << " replicas stay unassigned\n";
}

TEST_F(LongDamageTest, AnIndexWithoutReplicas) {
  ASSERT_NO_FATAL_FAILURE(Bring("damage", "2.17.1", {"2.19.1"}, {"--style", "plain"}));
  Call("PUT", "/alone", R"({"settings": {"number_of_shards": 3, "number_of_replicas": 0}})");
  ExpectRefused({"--to", "2.19.1"}, "P16");

  MustLab({"host", "exec", "h2", "--", "docker", "stop", "-t", "60", Container("h2")});
  const Outcome search = Lab({"cluster", "call", name(), "GET", "/_cluster/health/alone"});
  EXPECT_EQ(search.Json()["status"], "red");
  const Outcome write = Lab({"cluster", "call", name(), "PUT",
                             "/alone/_doc/1?routing=a&timeout=1s&wait_for_active_shards=1", "{}"});
  std::cout << "damage: index alone is red while its member restarts; a write there: "
            << (write.exit_code == 0 ? "taken by another shard" : write.err) << "\n";
}

TEST_F(LongDamageTest, DisksAboveTheLowWatermark) {
  ASSERT_NO_FATAL_FAILURE(Bring("damage", "2.17.1", {"2.19.1"}, {"--style", "plain"}));
  Settings(R"({"persistent": {"cluster.routing.allocation.disk.watermark.low": "1%",
                              "cluster.routing.allocation.disk.watermark.high": "98%",
                              "cluster.routing.allocation.disk.watermark.flood_stage": "99%"}})");
  ExpectRefused({"--to", "2.19.1"}, "P19");

  // A replica that has to be built anew finds no home.
  Call("PUT", "/_all/_settings", R"({"index.number_of_replicas": 0})");
  Call("PUT", "/_all/_settings", R"({"index.number_of_replicas": 1})");
  std::cout << "damage: " << UnassignedAtRest() << " replicas find no home\n";
}

TEST_F(LongDamageTest, ADataPathWithoutAVolume) {
  ASSERT_NO_FATAL_FAILURE(Bring("damage", "2.17.1", {"2.19.1"}, {"--style", "plain"}));
  const std::string file = LabHome() + "/hosts/h2/projects/damage/docker-compose.yml";
  std::string text = ReadText(file);
  const std::string mount = "      - data:/usr/share/opensearch/data";
  ASSERT_NE(text.find(mount), std::string::npos);
  text.replace(text.find(mount), mount.size(), "      - data:/unused");
  WriteText(file, text);
  MustLab({"cluster", "by-hand", name(), "h2", "--to", "2.17.1"});
  AwaitNodes(3);
  WaitUntil(
      "green", [&] { return Call("GET", "/_cluster/health")["status"] == "green"; },
      Millis(240'000));
  const std::string before = NodeId("os-2");
  ExpectRefused({"--to", "2.19.1"}, "P15");

  ByHand("h2", "2.19.1");
  AwaitNodes(3);
  WaitUntil("the new container's node", [&] { return NodeId("os-2") != ""; });
  EXPECT_NE(NodeId("os-2"), before);
  std::cout << "damage: os-2 came back as an empty node with another id\n";
}

}  // namespace
}  // namespace drover::lab
