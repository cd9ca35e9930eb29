// Rolling restarts under load, after a change of the configuration in the hosts' Compose files.
#include <gmock/gmock.h>

#include <filesystem>
#include <iostream>

#include "tests/lab/roll_fixture.h"

namespace drover::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kPaused = 5;
constexpr char kVersion[] = "2.19.1";
constexpr char kSetting[] = "node.attr.generation";

class RestartTest : public RollTest {
 protected:
  void SetUp() override {
    RollTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_NO_FATAL_FAILURE(Bring("again", kVersion, {}, {"--style", "mixed"}));
    for (const auto& [node, value] : Values()) ASSERT_EQ(value, "") << node;
    Change();
  }

  std::string File(const std::string& host, const std::string& file) const {
    return LabHome() + "/hosts/" + host + "/projects/" + name() + "/" + file;
  }

  // One more line in the environment of the host's service.
  void Insert(const std::string& host, const std::string& line) {
    const std::string anchor = "      - path.repo=/snap\n";
    const std::string file = File(host, "docker-compose.yml");
    std::string text = ReadText(file);
    const size_t at = text.find(anchor);
    ASSERT_NE(at, std::string::npos) << text;
    WriteText(file, text.insert(at + anchor.size(), "      - " + line + "\n"));
  }

  // What the operator wants: a setting on every node. Where the project has an env file, its value
  // stands there.
  void Change() {
    int in_env = 0;
    for (const std::string& host : hosts_) {
      const std::string env = File(host, ".env");
      if (std::filesystem::exists(env)) {
        WriteText(env, ReadText(env) + "GENERATION=second\n");
        Insert(host, std::string(kSetting) + "=${GENERATION:-none}");
        ++in_env;
      } else {
        Insert(host, std::string(kSetting) + "=second");
      }
    }
    EXPECT_EQ(in_env, 1) << "the style mixed has an env file on one host";
  }

  // The setting's value on each node, by the nodes' own account; empty where it is not set.
  std::map<std::string, std::string> Values() {
    std::map<std::string, std::string> values;
    const json found = Call("GET", "/_nodes/settings?flat_settings=true");
    for (const auto& [id, node] : found["nodes"].items()) {
      values[node["name"]] = node["settings"].value(kSetting, "");
    }
    return values;
  }

  static std::map<std::string, std::string> Everywhere(const std::string& value) {
    return {{"os-1", value}, {"os-2", value}, {"os-3", value}};
  }

  // The order is that of the cluster file, the elected cluster manager last.
  std::string FirstMember() {
    const json status = MustLab({"cluster", "status", name()}).Json();
    for (const json& node : status["nodes"]) {
      if (node["name"] == "os-1" && node["cluster_manager"]) return "os-2";
    }
    return "os-1";
  }

  static void ExpectNoTagChanged(const json& found) {
    for (const json& file : found["files"]) EXPECT_EQ(file["tags_changed"], 0) << file;
  }
};

TEST_F(RestartTest, TakesAChangedConfigurationIntoEffect) {
  const json found = RollBy({"restart", name(), "--yes"}, {.version = kVersion});

  EXPECT_EQ(Values(), Everywhere("second"));
  ExpectNoTagChanged(found);
  const json rollout = Rollouts()[0];
  EXPECT_EQ(rollout["kind"], "ROLLOUT_KIND_RESTART");
  for (const json& member : rollout["members"]) {
    EXPECT_EQ(member["from_image"], member["to_image"]) << member;
  }
}

class LongRestartTest : public RestartTest {};

TEST_F(LongRestartTest, OfOneMemberLeavesTheOthersAlone) {
  const json found = RollBy({"restart", name(), "--members", "os-2", "--yes"},
                            {.version = kVersion, .stops = {{"os-1", 0}, {"os-3", 0}}});

  EXPECT_EQ(Values(),
            (std::map<std::string, std::string>{{"os-1", ""}, {"os-2", "second"}, {"os-3", ""}}));
  ExpectNoTagChanged(found);
}

// The operator's mistake costs one member; mended, the same rollout goes on.
TEST_F(LongRestartTest, ABrokenLineStopsTheLineUntilItIsMended) {
  Watch();
  const std::string first = FirstMember();
  const std::string host = "h" + first.substr(3);
  const std::string file = File(host, "docker-compose.yml");
  const std::string good = ReadText(file);
  ASSERT_NO_FATAL_FAILURE(Insert(host, "no.such.setting=true"));

  const Outcome restart = Drover({"restart", name(), "--yes"});

  EXPECT_EQ(restart.exit_code, kPaused) << restart.out << restart.err;
  EXPECT_THAT(restart.Text(), AllOf(HasSubstr(first), HasSubstr("its last log lines"),
                                    HasSubstr("no.such.setting")));
  const json paused = MustLab({"evidence", "compare", name()}).Json();
  EXPECT_TRUE(paused["settings"]["equal"]) << paused["settings"];
  std::map<std::string, int> others = {{"os-1", 0}, {"os-2", 0}, {"os-3", 0}};
  others[first] = -1;
  ExpectStops(paused, others);
  WriteText(file, good);
  const Outcome resumed =
      Drover({"rollout", "resume", Rollouts()[0]["id"].get<std::string>(), "-w"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.out << resumed.err;
  const json found = ExpectKept({.version = kVersion, .stops = {{first, -1}}});
  EXPECT_EQ(Values(), Everywhere("second"));
  ExpectNoTagChanged(found);
}

}  // namespace
}  // namespace drover::lab
