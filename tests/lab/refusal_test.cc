// Upgrades that must not begin: each is refused with its exit code and a sentence, and leaves
// files, containers, settings and documents as they were.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/lab/lab_fixture.h"

namespace drover::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr char kCluster[] = "steady";
constexpr char kRefused = 2;
constexpr char kFailed = 4;

class RefusalTest : public LabTest {
 protected:
  void SetUp() override {
    LabTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    EnsureCluster(kCluster, "2.17.1", {"--style", "mixed"});
    MustLab({"images", "2.19.1"});
    Apply(LabHome() + "/clusters/" + kCluster + ".yaml");
  }

  void Apply(const std::string& path) {
    const Outcome apply = Drover({"cluster", "apply", path});
    ASSERT_EQ(apply.exit_code, 0) << apply.out << apply.err;
  }

  void Call(const std::string& method, const std::string& path, const std::string& body = "") {
    Arguments arguments = {"cluster", "call", kCluster, method, path};
    if (!body.empty()) arguments.push_back(body);
    MustLab(arguments);
  }

  // Runs `drover upgrade CLUSTER …` and expects that it changed nothing of kCluster.
  Outcome Upgrade(const Arguments& arguments, int exit_code,
                  const std::string& cluster = kCluster) {
    MustLab({"evidence", "save", kCluster});
    Arguments command = {"upgrade", cluster};
    command.insert(command.end(), arguments.begin(), arguments.end());
    command.push_back("--yes");
    Outcome outcome = Drover(command);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.command << "\n"
                                            << outcome.out << outcome.err;
    const json found = MustLab({"evidence", "compare", kCluster}).Json();
    EXPECT_TRUE(found["untouched"]) << found;
    return outcome;
  }

  std::string ComposeFile(const std::string& host) {
    return LabHome() + "/hosts/" + host + "/projects/" + kCluster + "/docker-compose.yml";
  }
};

// Puts a file back at the end of the case.
class KeptFile {
 public:
  explicit KeptFile(std::string path) : path_(std::move(path)), text_(ReadText(path_)) {}
  ~KeptFile() { WriteText(path_, text_); }
  const std::string& text() const { return text_; }

 private:
  const std::string path_, text_;
};

TEST_F(RefusalTest, AComposeFileThatDoesNotParse) {
  const KeptFile file(ComposeFile("h1"));
  WriteText(ComposeFile("h1"), file.text() + "services: [broken\n");

  const Outcome outcome = Upgrade({"--to", "2.19.1"}, kRefused);

  EXPECT_THAT(outcome.Text(),
              AllOf(HasSubstr("P23"), HasSubstr("h1"), HasSubstr("docker-compose.yml")));
}

TEST_F(RefusalTest, AServiceThatIsNotThere) {
  Apply(ClusterFile(kCluster, "no-service", "service: opensearch}", "service: opensaerch}"));

  const Outcome outcome = Upgrade({"--to", "2.19.1"}, kRefused, "no-service");

  EXPECT_THAT(outcome.Text(), AllOf(HasSubstr("opensaerch"), HasSubstr("h1")));
}

TEST_F(RefusalTest, AnImageThatThePolicyDoesNotAllow) {
  const Outcome outcome =
      Upgrade({"--to", "2.19.1", "--image", "registry.lab:5000/foreign:2.19.1"}, kRefused);

  EXPECT_THAT(outcome.Text(), AllOf(HasSubstr("registry.lab:5000/foreign"), HasSubstr("agent.yaml"),
                                    HasSubstr("images")));
}

TEST_F(RefusalTest, ATagThatDoesNotExist) {
  const Outcome outcome = Upgrade({"--to", "2.19.9"}, kFailed);

  EXPECT_THAT(outcome.Text(),
              AllOf(HasSubstr("registry.lab:5000/opensearch:2.19.9"), HasSubstr("h")));
}

TEST_F(RefusalTest, ADowngrade) {
  EXPECT_THAT(Upgrade({"--to", "2.16.0"}, kRefused).Text(),
              AllOf(HasSubstr("P8"), HasSubstr("2.16.0")));
}

TEST_F(RefusalTest, TheSameVersion) {
  EXPECT_THAT(Upgrade({"--to", "2.17.1"}, kRefused).Text(),
              AllOf(HasSubstr("P8"), HasSubstr("2.17.1")));
}

TEST_F(RefusalTest, ASkippedMajor) {
  EXPECT_THAT(Upgrade({"--to", "4.0.0"}, kRefused).Text(),
              AllOf(HasSubstr("P8"), HasSubstr("4.0.0")));
}

TEST_F(RefusalTest, ARedCluster) {
  Call("PUT", "/homeless?wait_for_active_shards=0",
       R"({"settings": {"number_of_shards": 1, "number_of_replicas": 0,
                        "index.routing.allocation.require.box": "none"}})");

  const Outcome outcome = Upgrade({"--to", "2.19.1"}, kRefused);

  Call("DELETE", "/homeless");
  EXPECT_THAT(outcome.Text(),
              AllOf(HasSubstr("P2"), HasSubstr("red"), HasSubstr("_cluster/allocation/explain")));
}

TEST_F(RefusalTest, ALeftoverAllocationSetting) {
  Call("PUT", "/_cluster/settings",
       R"({"persistent": {"cluster.routing.allocation.enable": "primaries"}})");

  const Outcome outcome = Upgrade({"--to", "2.19.1"}, kRefused);

  Call("PUT", "/_cluster/settings",
       R"({"persistent": {"cluster.routing.allocation.enable": null}})");
  EXPECT_THAT(outcome.Text(),
              AllOf(HasSubstr("P6"), HasSubstr("cluster.routing.allocation.enable=primaries"),
                    HasSubstr("PUT _cluster/settings")));
}

TEST_F(RefusalTest, AnIndexWithoutReplicasUnlessAccepted) {
  Call("PUT", "/lonely", R"({"settings": {"number_of_shards": 1, "number_of_replicas": 0}})");

  const Outcome refused = Upgrade({"--to", "2.19.1"}, kRefused);
  const Outcome accepted = Drover({"plan", kCluster, "--to", "2.19.1", "--waive", "P16", "--reason",
                                   "a gap in lonely is fine"});

  Call("DELETE", "/lonely");
  EXPECT_THAT(refused.Text(),
              AllOf(HasSubstr("P16"), HasSubstr("lonely"), HasSubstr("--waive P16")));
  EXPECT_EQ(accepted.exit_code, 0) << accepted.Text();
  EXPECT_THAT(accepted.Text(), AllOf(HasSubstr("waived by"), HasSubstr("a gap in lonely is fine")));
}

TEST_F(RefusalTest, WritesThatWouldWaitForEveryCopy) {
  Call("PUT", "/careful",
       R"({"settings": {"number_of_shards": 1, "number_of_replicas": 1,
                        "index.write.wait_for_active_shards": "all"}})");

  const Outcome outcome = Upgrade({"--to", "2.19.1"}, kRefused);

  Call("DELETE", "/careful");
  EXPECT_THAT(outcome.Text(), AllOf(HasSubstr("P18"), HasSubstr("careful (all of 2 copies)")));
}

TEST_F(RefusalTest, AWaiverOfACheckThatCannotBeWaived) {
  const Outcome outcome =
      Drover({"plan", kCluster, "--to", "2.19.1", "--waive", "P17", "--reason", "in a hurry"});

  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.Text(), AllOf(HasSubstr("P17"), HasSubstr("cannot be waived")));
}

TEST_F(RefusalTest, AForeignVotingExclusion) {
  Call("POST", "/_cluster/voting_config_exclusions?node_names=os-3");

  const Outcome outcome = Upgrade({"--to", "2.19.1"}, kRefused);

  Call("DELETE", "/_cluster/voting_config_exclusions?wait_for_removal=false");
  EXPECT_THAT(outcome.Text(),
              AllOf(HasSubstr("P5"), HasSubstr("os-3"), HasSubstr("voting_config_exclusions")));
}

TEST_F(RefusalTest, ARepositoryThatDoesNotVerify) {
  const std::string locked = LabHome() + "/snap/" + kCluster + "/locked";
  std::filesystem::create_directories(locked);
  std::filesystem::permissions(locked, std::filesystem::perms::none);
  Apply(ClusterFile(kCluster, "no-verify", "{repository: backups, type: fs, location: /snap}",
                    "{repository: locked, type: fs, location: /snap/locked}"));

  const Outcome outcome = Upgrade({"--to", "2.19.1"}, kRefused, "no-verify");

  std::filesystem::remove_all(locked);
  EXPECT_THAT(outcome.Text(), AllOf(HasSubstr("P17"), HasSubstr("locked")));
}

TEST_F(RefusalTest, ARepositoryOnANodesOwnVolume) {
  Apply(ClusterFile(kCluster, "node-local", "{repository: backups, type: fs, location: /snap}",
                    "{repository: own, type: fs, location: /usr/share/opensearch/data/snapshots}"));

  const Outcome outcome = Upgrade({"--to", "2.19.1"}, kRefused, "node-local");

  EXPECT_THAT(outcome.Text(),
              AllOf(HasSubstr("P17"), HasSubstr("own data volume"), HasSubstr("shared folder")));
}

TEST_F(RefusalTest, AHostThatIsNotConnected) {
  MustLab({"drover", "agent", "stop", "h2"});

  const Outcome outcome = Upgrade({"--to", "2.19.1"}, kRefused);

  MustLab({"drover", "up"});
  EXPECT_THAT(outcome.Text(), AllOf(HasSubstr("P23"), HasSubstr("h2"), HasSubstr("drover-agent")));
}

}  // namespace
}  // namespace drover::lab
