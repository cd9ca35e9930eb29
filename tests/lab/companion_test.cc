// Companions: a stand-in for Dashboards that follows the last member of its cluster.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/lab/roll_fixture.h"

namespace drover::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kPaused = 5;
constexpr char kFrom[] = "2.17.1";
constexpr char kTo[] = "2.19.1";
constexpr char kBroken[] = "2.19.1-broken";
constexpr char kRepository[] = "registry.lab:5000/opensearch-dashboards";

class CompanionTest : public RollTest {
 protected:
  // The first of them leads; both hosts have the Compose plugin.
  static constexpr char kFirst[] = "h1";
  static constexpr char kSecond[] = "h3";

  void TearDown() override {
    if (!IsSkipped() && !name().empty()) Lab({"companion", "down", name()});
    RollTest::TearDown();
  }

  void BringWithCompanions() {
    ASSERT_NO_FATAL_FAILURE(Bring("ui", kFrom, {kTo}, {"--style", "plain"}));
    MustLab({"images", "--companion", kFrom, kTo});
    MustLab({"companion", "up", name(), "--version", kFrom, "--hosts",
             std::string(kFirst) + "," + kSecond});
    Apply(ReadText(ClusterPath()));
    for (const char* host : {kFirst, kSecond}) before_[host] = ReadText(File(host));
    ASSERT_FALSE(HasFailure()) << "the companions are not up";
  }

  void Apply(const std::string& text) {
    const std::string path = LabHome() + "/ui-applied.yaml";
    WriteText(path, text);
    const Outcome apply = Drover({"cluster", "apply", path});
    ASSERT_EQ(apply.exit_code, 0) << apply.out << apply.err;
  }

  std::string ClusterPath() const { return LabHome() + "/clusters/" + name() + ".yaml"; }

  std::string File(const std::string& host) const {
    return LabHome() + "/hosts/" + host + "/projects/" + name() + "-dashboards/docker-compose.yml";
  }

  // The container of the companion on that host, as its Engine has it.
  json Container(const std::string& host) {
    for (const json& container : MustLab({"companion", "status", name()}).Json()) {
      if (container["host"] == host) return container;
    }
    ADD_FAILURE() << "no companion on " << host;
    return json::object();
  }

  // Every companion serves with this tag, and its file has every byte but for the tag.
  void ExpectServing(const std::string& tag) {
    for (const char* host : {kFirst, kSecond}) {
      const json container = Container(host);
      EXPECT_EQ(container["image"], std::string(kRepository) + ":" + tag) << container;
      EXPECT_EQ(container["health"], "healthy") << container;
      std::string expected = before_[host];
      const std::string old = std::string(kRepository) + ":" + kFrom;
      expected.replace(expected.find(old), old.size(), std::string(kRepository) + ":" + tag);
      EXPECT_EQ(ReadText(File(host)), expected) << host;
    }
  }

  // "h1 start" and so on, in the order of time, from the first end on.
  std::vector<std::string> History() {
    std::vector<std::string> history;
    for (const json& event : MustLab({"companion", "history", name()}).Json()) {
      if (history.empty() && event["action"] != "die") continue;
      history.push_back(event["host"].get<std::string>() + " " +
                        event["action"].get<std::string>());
    }
    return history;
  }

  // No companion stopped before the last member was done.
  void ExpectAfterTheLastMember() {
    uint64_t last_done = 0, first_stop = UINT64_MAX;
    for (const json& event : EventsOf("member.step")) {
      const std::string member = event["member"];
      const std::string to = event["fields"]["to"];
      const uint64_t sequence = event["sequence"];
      if (member.starts_with("os-") && to == "DONE") last_done = sequence;
      if (member.starts_with("dashboards@") && to == "STOP") {
        first_stop = std::min(first_stop, sequence);
      }
    }
    EXPECT_GT(last_done, 0u);
    EXPECT_LT(first_stop, UINT64_MAX);
    EXPECT_LT(last_done, first_stop);
  }

  std::map<std::string, std::string> before_;
};

// Their data is migrated by the first that starts: all stop, one starts, and once it serves the
// other one.
TEST_F(CompanionTest, AllStopAfterTheLastMemberAndOneStartsFirst) {
  ASSERT_NO_FATAL_FAILURE(BringWithCompanions());

  Roll(kTo);

  ExpectServing(kTo);
  ExpectAfterTheLastMember();
  std::vector<std::string> history = History();
  ASSERT_EQ(history.size(), 6u) << testing::PrintToString(history);
  std::sort(history.begin(), history.begin() + 2);  // these two stop side by side
  EXPECT_EQ(history, (std::vector<std::string>{"h1 die", "h3 die", "h1 start", "h1 healthy",
                                               "h3 start", "h3 healthy"}));
}

using LongCompanionTest = CompanionTest;

TEST_F(LongCompanionTest, OneThatNeverServesPausesTheRolloutAtItsEnd) {
  ASSERT_NO_FATAL_FAILURE(BringWithCompanions());
  MustLab({"tag", kBroken, "--of", kTo, "--repository", "opensearch-dashboards", "--env",
           "COMPANION_FAULT=1"});
  std::string text = ReadText(ClusterPath());
  for (size_t at = 0; (at = text.find("{version}\"", at)) != std::string::npos; at += 10) {
    text.replace(at, 10, "{version}-broken\"");
  }
  Apply(text + "rules: {join_timeout: 60s}\n");
  Watch();

  const Outcome upgrade = Drover({"upgrade", name(), "--to", kTo, "--yes"});

  EXPECT_EQ(upgrade.exit_code, kPaused) << upgrade.out << upgrade.err;
  EXPECT_THAT(upgrade.Text(), AllOf(HasSubstr("dashboards@h1: did not serve within"),
                                    HasSubstr("running, unhealthy"), HasSubstr("made to fail")));
  const json paused = MustLab({"evidence", "compare", name()}).Json();
  EXPECT_TRUE(paused["settings"]["equal"]) << paused["settings"];
  for (const auto& [node, version] : paused["versions"]["after"].items()) {
    EXPECT_EQ(version, kTo) << node;
  }
  EXPECT_EQ(Container(kFirst)["health"], "unhealthy");
  EXPECT_EQ(Container(kSecond)["state"], "exited");  // it waits for the first

  MustLab({"tag", kBroken, "--of", kTo, "--repository", "opensearch-dashboards"});
  for (const char* host : {kFirst, kSecond}) {
    MustLab({"host", "exec", host, "--", "docker", "pull", "-q",
             std::string(kRepository) + ":" + kBroken});
  }
  const Outcome resumed =
      Drover({"rollout", "resume", Rollouts()[0]["id"].get<std::string>(), "-w"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.out << resumed.err;
  ExpectServing(kBroken);
  ExpectKept({.version = kTo});
}

}  // namespace
}  // namespace drover::lab
