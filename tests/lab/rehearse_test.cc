// Rehearsals: what a real node of the next version makes of a cluster's snapshot.
#include <gmock/gmock.h>

#include <csignal>
#include <iostream>

#include "tests/lab/fault_fixture.h"
#include "tests/lab/roll_fixture.h"

namespace drover::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int kRefused = 2;
constexpr int kAborted = 7;

class RehearseTest : public RollTest {
 protected:
  RehearseTest() {
    hosts_ = {"h1"};
    seed_ = {"--indices", "2", "--docs", "400", "--replicas", "0"};
  }

  void Must(const Arguments& command) {
    const Outcome outcome = Drover(command);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.command << "\n" << outcome.out << outcome.err;
  }

  // `drover rehearse` of the cluster, under way; `log` names what it prints into.
  static Daemon Begin(const std::string& log) {
    return {{Program("drover"), "--address", "unix://" + LabHome() + "/drover/control.sock",
             "rehearse", "clean", "--to", "2.19.1"},
            LabHome() + "/rehearsal-" + log + ".log"};
  }

  // The containers that a rehearsal made, on the only host.
  static std::string Containers() {
    return MustLab({"host", "exec", "h1", "--", "docker", "ps", "-a", "-q", "--filter",
                    "label=drover.rehearsal"})
        .out;
  }

  // The same node on the same volume, by the new image.
  void MoveByHand(const std::string& version) {
    MustLab({"cluster", "by-hand", name(), "h1", "--to", version});
    WaitUntil(
        "the node of " + version,
        [&] {
          const Outcome status = Lab({"cluster", "status", name()});
          if (status.exit_code != 0) return false;
          const json found = status.Json();
          return found["nodes"][0]["version"] == version && found["health"]["status"] == "green";
        },
        Millis(120'000));
  }

  void AddIndex(const std::string& index, int documents) {
    Call("PUT", "/" + index, R"({"settings": {"number_of_shards": 1, "number_of_replicas": 0}})");
    for (int i = 0; i < documents; ++i) {
      Call("PUT", "/" + index + "/_doc/" + std::to_string(i) + "?refresh=true", R"({"n": 1})");
    }
  }
};

// One index is of 1.3, one of 2.19: a node of 3.x refuses the first and opens the second.
TEST_F(RehearseTest, FindsAnIndexOfOneThreeBeforeThreeEightDoes) {
  ASSERT_NO_FATAL_FAILURE(Bring("aged", "1.3.20", {"2.19.4", "3.8.0"}, {"--style", "plain"}));
  ASSERT_NO_FATAL_FAILURE(MoveByHand("2.19.4"));
  AddIndex("fresh", 3);

  const Outcome early = Drover({"rehearse", "aged", "--to", "3.8.0"});
  EXPECT_EQ(early.exit_code, kRefused) << early.Text();
  EXPECT_THAT(early.Text(), HasSubstr("drover snapshot create aged"));

  ASSERT_NO_FATAL_FAILURE(Must({"snapshot", "create", "aged"}));
  const json before = Call("GET", "/_cluster/settings?flat_settings=true");
  const Outcome found = Drover({"rehearse", "aged", "--to", "3.8.0"});
  std::cout << found.err << found.out;
  EXPECT_EQ(found.exit_code, kRefused) << found.Text();
  EXPECT_THAT(found.Text(), AllOf(HasSubstr("index seed-01, made by 1.3.20"),
                                  HasSubstr("cannot restore index [seed-01]"),
                                  HasSubstr("created with version [1.3.20]"),
                                  HasSubstr("drover index reindex aged seed-01")));
  EXPECT_THAT(found.out, testing::ContainsRegex("fresh +2.19.4 +✔ came up +green +3 +3"));
  EXPECT_EQ(Containers(), "");
  EXPECT_EQ(Call("GET", "/_cluster/settings?flat_settings=true"), before);
  EXPECT_EQ(Call("GET", "/_snapshot/backups")["backups"]["settings"].value("readonly", ""), "");

  // The remedy is one.
  ASSERT_NO_FATAL_FAILURE(Must({"index", "reindex", "aged", "seed-01", "seed-02", "--yes"}));
  ASSERT_NO_FATAL_FAILURE(Must({"snapshot", "create", "aged", "--name", "anew"}));
  const Outcome again = Drover({"rehearse", "aged", "--to", "3.8.0", "--all-indices"});
  std::cout << again.err << again.out;
  EXPECT_EQ(again.exit_code, 0) << again.Text();
  EXPECT_THAT(again.Text(), AllOf(HasSubstr("snapshot anew"), HasSubstr("passed: 3.8.0"),
                                  Not(HasSubstr("did not"))));
  EXPECT_EQ(Containers(), "");
}

// A clean one passes; one that is left, or whose agent or controller dies, leaves nothing.
class LongRehearseTest : public RehearseTest {};

TEST_F(LongRehearseTest, PassesAndLeavesNothingBehindInAnyEnding) {
  ASSERT_NO_FATAL_FAILURE(Bring("clean", "2.17.1", {"2.19.1"}, {"--style", "plain"}));
  AddIndex(".hidden-state", 2);
  ASSERT_NO_FATAL_FAILURE(Must({"snapshot", "create", "clean"}));

  const Outcome passed = Drover({"rehearse", "clean", "--to", "2.19.1"});
  std::cout << passed.err << passed.out;
  EXPECT_EQ(passed.exit_code, 0) << passed.Text();
  EXPECT_THAT(passed.out, testing::ContainsRegex("seed-01 +2.17.1 +✔ came up +green +200 +200"));
  EXPECT_THAT(passed.out, testing::ContainsRegex(".hidden-state +2.17.1 +✔ came up +green +2 +2"));
  EXPECT_EQ(Containers(), "");

  {
    Daemon left = Begin("left");
    left.AwaitLog("the container runs");
    EXPECT_EQ(left.End(SIGINT), kAborted) << left.Log();
    WaitUntil("the container to be gone", [] { return Containers().empty(); });
  }

  {
    const Daemon rehearsal = Begin("without-its-agent");
    rehearsal.AwaitLog("the container runs");
    EXPECT_NE(Containers(), "");
    MustLab({"drover", "agent", "kill", "h1"});
    EXPECT_NE(Containers(), "") << "nobody was there to remove it";
    MustLab({"drover", "agent", "start", "h1"});
    WaitUntil("the container to be gone", [] { return Containers().empty(); });
    rehearsal.AwaitLog("error:");
  }

  {
    const Daemon rehearsal = Begin("without-its-controller");
    rehearsal.AwaitLog("the container runs");
    KillNow(ControllerPids());
    rehearsal.AwaitLog("error:");
    MustLab({"drover", "controller", "start"});
    WaitUntil("the agent to say when it is removed", [] {
      const Outcome other = Drover({"rehearse", "clean", "--to", "2.19.1"});
      return other.Text().find("it is removed within") != std::string::npos;
    });
    WaitUntil(
        "the container to be gone", [] { return Containers().empty(); }, Millis(120'000));
  }

  const Outcome kept =
      Drover({"rehearse", "clean", "--to", "2.19.1", "--indices", "seed-01", "--keep"});
  EXPECT_EQ(kept.exit_code, 0) << kept.Text();
  EXPECT_THAT(kept.err, HasSubstr("docker rm -f -v drover-rehearsal-"));
  EXPECT_NE(Containers(), "");
  ASSERT_NO_FATAL_FAILURE(Must({"rehearse", "clean", "--to", "2.19.1", "--indices", "seed-01"}));
  EXPECT_EQ(Containers(), "") << "another rehearsal removes what was kept";
}

}  // namespace
}  // namespace drover::lab
