// Snapshots as a feature of their own: taken, proven, restored onto the same and a newer version,
// never onto an older one, deleted.
#include <gmock/gmock.h>

#include "tests/lab/roll_fixture.h"

namespace drover::lab {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kOld[] = "2.17.1";
constexpr char kNew[] = "2.19.1";
constexpr int kIndices = 10;
constexpr int kDocuments = 4000;

class SnapshotTest : public RollTest {
 protected:
  void TearDown() override {
    if (!IsSkipped()) Lab({"down", "--cluster", "older"});
    RollTest::TearDown();
  }

  Outcome Must(const Arguments& command) {
    Outcome outcome = Drover(command);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.command << "\n" << outcome.out << outcome.err;
    return outcome;
  }

  // Documents of the indexes that match, each refreshed.
  int CountOf(const std::string& indexes) {
    Call("POST", "/" + indexes + "/_refresh");
    return Call("GET", "/" + indexes + "/_count").value("count", -1);
  }

  std::string IndexNames() {
    std::string names;
    for (const json& index : Call("GET", "/_cat/indices?format=json&expand_wildcards=all")) {
      names += index.value("index", "") + " ";
    }
    return names;
  }

  // A cluster of one node of the old version that shares a copy of the snapshots.
  void BringOlder() {
    MustLab({"cluster", "up", "older", "--version", kOld, "--hosts", "h1", "--style", "plain"});
    const std::string snapshots = LabHome() + "/snap/";
    const Outcome copied = Execute({"cp", "-a", snapshots + name() + "/.", snapshots + "older/"});
    ASSERT_EQ(copied.exit_code, 0) << copied.err;
    Must({"cluster", "apply", LabHome() + "/clusters/older.yaml"});
    Must({"snapshot", "verify", "older"});
  }
};

TEST_F(SnapshotTest, ComesBackOnTheSameAndANewerVersionNeverOnAnOlder) {
  ASSERT_NO_FATAL_FAILURE(Bring("snap", kOld, {kNew}, {"--style", "plain"}));
  Must({"snapshot", "create", name(), "--name", "before"});

  // A proof leaves nothing behind.
  const Outcome proof = Must({"snapshot", "prove", name(), "before", "--sample", "2"});
  EXPECT_THAT(proof.err, HasSubstr("proven: 2 indexes of snapshot before"));
  EXPECT_THAT(IndexNames(), Not(HasSubstr("drover-proof")));

  // An index that is there is not written over; one that is gone comes back.
  const Outcome there = Drover({"snapshot", "restore", name(), "before", "seed-01", "-y"});
  EXPECT_NE(there.exit_code, 0);
  EXPECT_THAT(there.Text(), HasSubstr("it is there already"));
  Call("DELETE", "/seed-01");
  Must({"snapshot", "restore", name(), "before", "seed-01", "-y"});
  EXPECT_EQ(CountOf("seed-01"), kDocuments / kIndices);

  // All of them, beside those that are there.
  const Outcome beside = Must({"snapshot", "restore", name(), "before", "--prefix", "copy-", "-y"});
  EXPECT_THAT(beside.out, AllOf(HasSubstr("copy-seed-10"), HasSubstr("400")));
  EXPECT_EQ(CountOf("copy-seed-*"), kDocuments);
  Call("DELETE", "/copy-seed-*");

  // Onto a newer version.
  Must({"upgrade", name(), "--to", kNew, "--yes"});
  Must({"snapshot", "restore", name(), "before", "seed-02", "--prefix", "newer-", "-y"});
  EXPECT_EQ(CountOf("newer-seed-02"), kDocuments / kIndices);

  // Onto an older one.
  Must({"snapshot", "create", name(), "--name", "after"});
  ASSERT_NO_FATAL_FAILURE(BringOlder());
  const Outcome refused = Drover({"snapshot", "restore", "older", "after", "-y"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.Text(), AllOf(HasSubstr("was taken by 2.19.1"), HasSubstr("runs 2.17.1")));
  Must({"snapshot", "restore", "older", "before", "-y"});

  Must({"snapshot", "delete", name(), "after", "-y"});
  EXPECT_THAT(Drover({"snapshot", "ls", name()}).out,
              AllOf(HasSubstr("before"), Not(HasSubstr("after"))));
}

}  // namespace
}  // namespace drover::lab
