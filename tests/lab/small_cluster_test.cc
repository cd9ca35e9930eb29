// Clusters in which a restart is no matter of course: two cluster managers, of which one holds the
// only vote, and a single node.
#include <gmock/gmock.h>

#include <iostream>

#include "tests/lab/fault_fixture.h"
#include "tests/lab/roll_fixture.h"

namespace drover::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int kRefused = 2;
constexpr char kFrom[] = "2.17.1";
constexpr char kTo[] = "2.19.1";
constexpr Millis kToTheVote{300'000};

class TwoManagersTest : public RollTest {
 protected:
  void BringTwo(const Arguments& options) {
    hosts_ = {"h1", "h2"};
    Bring("duo", kFrom, {kTo}, options);
  }

  // The names of the nodes that are excluded from voting.
  std::vector<std::string> Exclusions() {
    const json state = Call("GET", "/_cluster/state/metadata");
    const json& voting = state["metadata"]["cluster_coordination"];
    std::vector<std::string> names;
    for (const json& node : voting.value("voting_config_exclusions", json::array())) {
      names.push_back(node["node_name"]);
    }
    return names;
  }

  // It is said beforehand what is done about the vote, and what clients may rely on.
  void ExpectPlanSaysIt() {
    const Outcome plan = Drover({"plan", name(), "--to", kTo, "-v"});
    EXPECT_EQ(plan.exit_code, 0) << plan.out << plan.err;
    EXPECT_THAT(plan.Text(),
                AllOf(HasSubstr("the vote is moved away from its holder before it stops"),
                      HasSubstr("no shard without a started copy")));
  }

  void ExpectVoteMovedAndBack() {
    EXPECT_EQ(Exclusions(), std::vector<std::string>());
    const std::vector<json> moves = EventsOf("voting.moves");
    EXPECT_GE(moves.size(), 1u);
    for (const json& event : moves) std::cout << "VOTE " << event["text"] << "\n";
  }
};

TEST_F(TwoManagersTest, TheVoteMovesBeforeItsHolderStops) {
  ASSERT_NO_FATAL_FAILURE(BringTwo({"--style", "plain"}));
  ExpectPlanSaysIt();

  Roll(kTo);

  ExpectVoteMovedAndBack();
}

class LongTwoManagersTest : public TwoManagersTest {
 protected:
  void KillController() { KillNow(ControllerPids()); }

  static void StartController(Feed& feed) {
    MustLab({"drover", "controller", "start"});
    feed.Reconnect();
  }
};

TEST_F(LongTwoManagersTest, BesideTwoDataNodesAndACoordinatingOne) {
  ASSERT_NO_FATAL_FAILURE(BringTwo({"--layout", "dedicated", "--style", "plain"}));
  ExpectPlanSaysIt();

  Roll(kTo);

  ExpectVoteMovedAndBack();
}

// Killed before the answer to the exclusion is known, and once more while it stands.
TEST_F(LongTwoManagersTest, TheControllerIsKilledBetweenTheExclusionAndItsEnd) {
  ASSERT_NO_FATAL_FAILURE(BringTwo({"--style", "plain"}));
  Watch();
  Feed feed;
  const Outcome begun = Drover({"upgrade", name(), "--to", kTo, "--yes", "--detach", "-o", "json"});
  ASSERT_EQ(begun.exit_code, 0) << begun.out << begun.err;

  const json moves = feed.Await("the vote moves", Kind("voting.moves"), kToTheVote);
  ASSERT_FALSE(moves.is_null());
  KillController();
  StartController(feed);
  ASSERT_FALSE(feed.Await("its holder has stopped", Step("LEFT")).is_null());
  KillController();
  EXPECT_EQ(Exclusions(), std::vector<std::string>{moves["fields"]["node"]});
  StartController(feed);

  const Outcome watch =
      Drover({"rollout", "watch", begun.Json()["id"].get<std::string>(), "--timeout", "5m"});
  EXPECT_EQ(watch.exit_code, 0) << watch.out << watch.err;
  ExpectKept({.version = kTo});
  ExpectVoteMovedAndBack();
}

class OneNodeTest : public RollTest {
 protected:
  // Replicas that no node can take, as an index has them that was made with the defaults. The load
  // client and `lab cluster seed` wait for green, so they get them afterwards.
  void BringOne() {
    hosts_ = {"h1"};
    seed_ = {"--docs", "4000", "--replicas", "0"};
    Bring("solo", kFrom, {kTo}, {"--style", "plain"});
    Call("PUT", "/lab-load",
         R"({"settings": {"number_of_shards": 2, "number_of_replicas": 0},
             "mappings": {"dynamic": false,
                          "properties": {"n": {"type": "long"}, "run": {"type": "keyword"}}}})");
  }

  void AddReplicas() { Call("PUT", "/_all/_settings", R"({"index.number_of_replicas": 1})"); }
};

TEST_F(OneNodeTest, IsUpgradedOnlyWhereItsDowntimeIsAccepted) {
  ASSERT_NO_FATAL_FAILURE(BringOne());
  Watch();
  AddReplicas();

  const Outcome refused = Drover({"upgrade", name(), "--to", kTo, "--yes"});
  EXPECT_EQ(refused.exit_code, kRefused) << refused.out << refused.err;
  EXPECT_THAT(refused.Text(), AllOf(HasSubstr("P5"), HasSubstr("os-1 is the only cluster-manager"),
                                    HasSubstr("--accept-downtime")));
  const json untouched = MustLab({"evidence", "compare", name()}).Json();
  EXPECT_TRUE(untouched["untouched"]) << untouched;

  const Outcome accepted = Drover({"upgrade", name(), "--to", kTo, "--accept-downtime", "--yes"});
  EXPECT_EQ(accepted.exit_code, 0) << accepted.out << accepted.err;
  EXPECT_THAT(accepted.Text(), AllOf(HasSubstr("the cluster does not serve while os-1 restarts"),
                                     Not(HasSubstr("no shard without a started copy"))));
  // Yellow as before: each replica still has no home.
  ExpectKept({.version = kTo, .health = "yellow", .serves_always = false});
}

}  // namespace
}  // namespace drover::lab
