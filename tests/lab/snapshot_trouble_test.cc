// A snapshot that comes to nothing: the upgrade does not start, and nothing of it is left behind.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/lab/fault_fixture.h"
#include "tests/lab/roll_fixture.h"

namespace drover::lab {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

constexpr char kName[] = "trouble";
constexpr char kOld[] = "2.17.1";
constexpr char kNew[] = "2.19.1";
constexpr int kFailed = 4;
constexpr unsigned kNodeUser = 1000;
// Slow enough that what a case does lands in the middle of the snapshot.
constexpr char kRepository[] =
    "{repository: backups, type: fs, location: /snap/store, max_snapshot_bytes_per_sec: 20kb}";

// The nodes' shared folder is a small file system of its own; the repository is a folder in it, and
// above that only root may write, as where a mount is missing.
class SnapshotTroubleTest : public RollTest {
 protected:
  void SetUp() override {
    RollTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    Lab({"down", "--cluster", kName});
    Unmount();
    fs::create_directories(Folder());
    const Outcome mounted =
        Execute({"mount", "-t", "tmpfs", "-o", "size=16m", "drover-lab-trouble", Folder()});
    ASSERT_EQ(mounted.exit_code, 0) << mounted.err;
    ASSERT_NO_FATAL_FAILURE(Bring(kName, kOld, {kNew}, {"--style", "plain"}));
    fs::create_directories(Store());
    ASSERT_EQ(::chown(Store().c_str(), kNodeUser, kNodeUser), 0);
    ASSERT_EQ(::chown(Folder().c_str(), 0, 0), 0);
    const Outcome apply =
        Drover({"cluster", "apply",
                ClusterFile(kName, kName, "{repository: backups, type: fs, location: /snap}",
                            kRepository)});
    ASSERT_EQ(apply.exit_code, 0) << apply.Text();
  }

  void TearDown() override {
    if (IsSkipped()) return;
    feed_.reset();
    // The nodes hold it for themselves until they are gone.
    Unmount();
    RollTest::TearDown();
  }

  static std::string Folder() { return LabHome() + "/snap/" + kName; }
  static std::string Store() { return Folder() + "/store"; }
  static void Unmount() { Execute({"umount", "--lazy", Folder()}); }

  void Begin() {
    MustLab({"evidence", "save", kName});
    feed_ = std::make_unique<Feed>();
    const Outcome begun =
        Drover({"upgrade", kName, "--to", kNew, "--yes", "--detach", "-o", "json"});
    ASSERT_EQ(begun.exit_code, 0) << begun.Text();
    id_ = begun.Json()["id"];
  }

  json Show() { return Drover({"rollout", "show", id_, "-o", "json"}).Json(); }

  // Returns once the nodes write.
  void AwaitTheMiddleOfTheSnapshot() {
    feed_->Await("SNAPSHOTTING", State("SNAPSHOTTING"));
    WaitUntil("the snapshot to be under way",
              [&] { return Show()["snapshot"].value("state", "") == "IN_PROGRESS"; });
    EXPECT_EQ(Show()["snapshot"]["repository"], "backups-drover-" + id_);
  }

  // Returns why it failed.
  std::string ExpectFailedAndNothingLeft() {
    const Outcome watch = Drover({"rollout", "watch", id_, "--timeout", "5m"});
    EXPECT_EQ(watch.exit_code, kFailed) << watch.Text();
    EXPECT_FALSE(feed_->Has(Step("STOP")));
    const json rollout = Show();
    std::cout << "FAILED " << rollout["reason"] << " " << rollout["outcome"] << "\n";
    Call("GET",
         "/_cluster/health?wait_for_nodes=3&wait_for_status=green&wait_for_events=languid&"
         "wait_for_no_relocating_shards=true&timeout=120s");
    const json found = MustLab({"evidence", "compare", kName}).Json();
    EXPECT_TRUE(found["untouched"]) << found;
    const json repositories = Call("GET", "/_snapshot");
    EXPECT_EQ(repositories.size(), 1u) << repositories;
    EXPECT_TRUE(repositories.contains("backups")) << repositories;
    return rollout.value("reason", "");
  }

  // Neither a snapshot nor anything else is in the way of the next try.
  void ExpectTheChecksLetTheNextOneBegin() {
    const json listed = Drover({"snapshot", "ls", kName, "-o", "json"}).Json();
    EXPECT_TRUE(listed.value("snapshots", json::array()).empty()) << listed;
    const Outcome plan = Drover({"plan", kName, "--to", kNew});
    EXPECT_EQ(plan.exit_code, 0) << plan.Text();
  }

  std::unique_ptr<Feed> feed_;
  std::string id_;
};

TEST_F(SnapshotTroubleTest, ANodeIsKilledWhileItWrites) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  AwaitTheMiddleOfTheSnapshot();
  const Outcome pid = Lab({"host", "exec", "h2", "--", "docker", "inspect", "--format",
                           "{{.State.Pid}}", std::string(kName) + "-os-2"});
  ASSERT_EQ(pid.exit_code, 0) << pid.err;
  // Its Engine starts the container again, as its restart policy says.
  KillNow({std::stoi(pid.out)});

  const std::string reason = ExpectFailedAndNothingLeft();

  EXPECT_THAT(reason, AllOf(HasSubstr("PARTIAL"), HasSubstr("shards failed: "),
                            HasSubstr("Nothing was stopped")));
  ExpectTheChecksLetTheNextOneBegin();
}

class LongSnapshotTroubleTest : public SnapshotTroubleTest {};

TEST_F(LongSnapshotTroubleTest, TheRepositoryFillsUp) {
  const std::string filler = Folder() + "/filler";
  const auto room = fs::space(Folder()).available;
  // What the verification writes fits, the documents do not.
  std::ofstream(filler) << std::string(room - 256 * 1024, 'x');
  ASSERT_NO_FATAL_FAILURE(Begin());
  AwaitTheMiddleOfTheSnapshot();

  const std::string reason = ExpectFailedAndNothingLeft();

  EXPECT_THAT(reason, AllOf(AnyOf(HasSubstr("No space left"), HasSubstr("Is there room in it")),
                            HasSubstr("Nothing was stopped")));
  fs::remove(filler);
  ExpectTheChecksLetTheNextOneBegin();
}

TEST_F(LongSnapshotTroubleTest, TheRepositoryVanishes) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  AwaitTheMiddleOfTheSnapshot();
  const std::string away = Folder() + "/away";
  fs::rename(Store(), away);

  const std::string reason = ExpectFailedAndNothingLeft();

  EXPECT_THAT(reason, AllOf(HasSubstr("drover-" + id_), HasSubstr("Nothing was stopped")));
  EXPECT_THAT(reason, AnyOf(HasSubstr("/snap/store"), HasSubstr("can every node still write")));
  fs::remove_all(Store());  // what the nodes have begun anew there
  fs::rename(away, Store());
  ExpectTheChecksLetTheNextOneBegin();
}

}  // namespace
}  // namespace drover::lab
