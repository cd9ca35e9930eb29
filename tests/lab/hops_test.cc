// Ways of several hops with one command, and a waived check to the end.
#include <gmock/gmock.h>

#include <iostream>

#include "tests/lab/roll_fixture.h"

namespace drover::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kPaused = 5;

class LongHopsTest : public RollTest {
 protected:
  // How many of the members run that version.
  static size_t CountAt(const json& versions, const std::string& version) {
    size_t count = 0;
    for (const auto& [node, own] : versions.items()) count += own == version ? 1 : 0;
    return count;
  }

  static json CheckOf(const json& rollout, const std::string& id) {
    for (const json& check : rollout["checks"]) {
      if (check["id"] == id) return check;
    }
    ADD_FAILURE() << "the rollout has no check " << id;
    return json::object();
  }

  void ExpectHop(const json& rollout, const std::string& from, const std::string& to) {
    EXPECT_EQ(rollout["state"], "ROLLOUT_STATE_SUCCEEDED") << rollout["reason"];
    EXPECT_EQ(rollout["from_version"], from);
    EXPECT_EQ(rollout["to_version"], to);
    EXPECT_EQ(rollout["snapshot"]["state"], "SUCCESS") << rollout["snapshot"];
    const std::string name = rollout["snapshot"]["name"];
    const std::string repository = rollout["snapshot"]["repository"];
    const json snapshot = Call("GET", "/_snapshot/" + repository + "/" + name)["snapshots"][0];
    EXPECT_EQ(snapshot["state"], "SUCCESS") << snapshot;
    EXPECT_EQ(snapshot["version"], from) << snapshot;
  }
};

// One command; before the last node of 2.x stops it waits for a person.
TEST_F(LongHopsTest, FromTwoSeventeenByTwoNineteenToThreeEight) {
  ASSERT_NO_FATAL_FAILURE(Bring("hops", "2.17.1", {"2.19.1", "3.8.0"}));
  Watch();

  const Outcome upgrade = Drover({"upgrade", name(), "--to", "3.8.0", "--via", "2.19.1", "--yes"});

  EXPECT_EQ(upgrade.exit_code, kPaused) << upgrade.out << upgrade.err;
  EXPECT_THAT(upgrade.Text(),
              AllOf(HasSubstr("hop 1 of 2 is done: hops runs 2.19.1"),
                    HasSubstr("the point of no return"), HasSubstr("drover rollout approve"),
                    HasSubstr("drover upgrade hops --to 3.8.0 --via 2.19.1")));
  const json paused = MustLab({"evidence", "compare", name()}).Json();
  EXPECT_TRUE(paused["settings"]["equal"]) << paused["settings"];
  EXPECT_EQ(CountAt(paused["versions"]["after"], "2.19.1"), 1u) << paused["versions"];
  EXPECT_EQ(CountAt(paused["versions"]["after"], "3.8.0"), 2u) << paused["versions"];

  const std::string id = Rollouts()[0]["id"];
  const Outcome approved = Drover({"rollout", "approve", id, "-w"});
  EXPECT_EQ(approved.exit_code, 0) << approved.out << approved.err;
  ExpectKept({.version = "3.8.0",
              .stops = {{"os-1", 2}, {"os-2", 2}, {"os-3", 2}},
              .is_one_rollout = false});
  const json rollouts = Rollouts();
  ASSERT_GE(rollouts.size(), 2u);
  ExpectHop(rollouts[1], "2.17.1", "2.19.1");
  ExpectHop(rollouts[0], "2.19.1", "3.8.0");
}

TEST_F(LongHopsTest, AWaivedCheckGoesToTheEndAndIsOnRecord) {
  constexpr char kReason[] = "a gap in lonely is fine";
  ASSERT_NO_FATAL_FAILURE(Bring("waived", "2.17.1", {"2.19.1"}, {"--style", "plain"}));
  Call("PUT", "/lonely", R"({"settings": {"number_of_shards": 2, "number_of_replicas": 0}})");
  Call("PUT", "/lonely/_doc/1?refresh=true", R"({"kept": true})");

  Roll("2.19.1", {"--waive", "P16", "--reason", kReason});

  const std::string id = Rollouts()[0]["id"];
  const json shown = Drover({"rollout", "show", id, "-o", "json"}).Json();
  const json check = CheckOf(shown, "P16");
  EXPECT_EQ(check["verdict"], "VERDICT_WAIVED") << check;
  EXPECT_EQ(check["waived_reason"], kReason) << check;
  EXPECT_NE(check["waived_by"], "") << check;
  EXPECT_THAT(check["evidence"], HasSubstr("lonely")) << check;
  const std::vector<json> waived = EventsOf("check.waived");
  ASSERT_EQ(waived.size(), 1u);
  EXPECT_EQ(waived[0]["fields"]["check"], "P16");
  EXPECT_EQ(waived[0]["fields"]["reason"], kReason);
  std::cout << "WAIVED " << waived[0]["text"] << "\n";
}

}  // namespace
}  // namespace drover::lab
