// The controller's database after a power cut at any instant: what was acknowledged is there.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <vector>

#include "controller/store/store.h"
#include "tests/support/power_cut_vfs.h"
#include "tests/support/sample_rollout.h"
#include "tests/support/temp_folder.h"

namespace drover::store {
namespace {

using drover::testing::DiskImage;
using drover::testing::PowerCutVfs;

constexpr int kTornImages = 3;  // of each instant
constexpr int kCommits = 12;

// What a power cut left, and how many commits had been acknowledged by then.
struct Cut {
  DiskImage image;
  uint64_t acknowledged = 0;
  bool operator==(const Cut&) const = default;
};

class PowerCutTest : public ::testing::Test {
 protected:
  PowerCutTest() {
    vfs_.before_change = [this] { Look(); };
  }

  void Look() {
    Add(vfs_.Synced());
    for (int i = 0; i < kTornImages; ++i) Add(vfs_.Torn(&random_));
  }

  // Where nothing changed on the disk since the last look there is nothing new to find.
  void Add(DiskImage image) {
    Cut cut{std::move(image), acknowledged_};
    if (cuts_.empty() || !(cuts_.back() == cut)) cuts_.push_back(std::move(cut));
  }

  // The next process on what the cut left.
  StatusOr<std::unique_ptr<Store>> OpenAfter(const Cut& cut, size_t number) {
    const std::string folder = temp_.File("cut" + std::to_string(number));
    after_.Load(cut.image, folder_, folder);
    return OpenStore(folder, after_.name());
  }

  const drover::testing::TempFolder temp_;
  const std::string folder_ = temp_.File("data");
  std::mt19937 random_{20'261'123};
  PowerCutVfs vfs_{"power-cut"};
  // The disk of the next process: it syncs nothing for real, which takes most of a test's time.
  PowerCutVfs after_{"after-power-cut"};
  uint64_t acknowledged_ = 0;
  std::vector<Cut> cuts_;
};

TEST_F(PowerCutTest, EveryAcknowledgedCommitIsThereAfterACutAtEachInstant) {
  {
    auto store = OpenStore(folder_, vfs_.name());
    ASSERT_TRUE(store.ok()) << store.status();
    cuts_.clear();  // the first start may be cut anywhere: nothing was acknowledged
    Look();
    rollout::Rollout rollout = drover::testing::SampleRollout("aaaa0001");
    ASSERT_TRUE((*store)->SavePlan(*rollout.plan).ok());
    for (int i = 0; i < kCommits; ++i) {
      const rollout::Record record = drover::testing::SampleRecord(std::to_string(i));
      ASSERT_TRUE((*store)->Commit(&rollout, Time(), {record}, nullptr).ok());
      acknowledged_ = rollout.sequence;
      Look();
    }
  }
  ASSERT_GT(cuts_.size(), size_t{kCommits} * 2);
  for (size_t i = 0; i < cuts_.size(); ++i) {
    const auto store = OpenAfter(cuts_[i], i);
    ASSERT_TRUE(store.ok()) << "cut " << i << ": " << store.status();
    if (cuts_[i].acknowledged == 0) continue;
    const auto rollout = (*store)->LoadRollout(RolloutId("aaaa0001"));
    ASSERT_TRUE(rollout.ok()) << "cut " << i << ": " << rollout.status();
    // The one that was under way may be there as a whole.
    EXPECT_GE(rollout->sequence, cuts_[i].acknowledged) << "cut " << i;
    EXPECT_LE(rollout->sequence, cuts_[i].acknowledged + 1) << "cut " << i;
    EXPECT_EQ((*store)->ListRecords(RolloutId(), 0, 1000)->size(), rollout->sequence);
  }
}

TEST_F(PowerCutTest, ACutInTheFirstStartLeavesAFolderThatCanBeStarted) {
  ASSERT_TRUE(OpenStore(folder_, vfs_.name()).ok());
  for (size_t i = 0; i < cuts_.size(); ++i) {
    const auto store = OpenAfter(cuts_[i], i);
    EXPECT_TRUE(store.ok()) << "cut " << i << ": " << store.status();
  }
}

// The control: a database that does not sync loses what it acknowledged, and the VFS shows it.
TEST_F(PowerCutTest, WithoutSyncsAcknowledgedCommitsAreLost) {
  std::filesystem::create_directories(folder_);
  SQLite::Database database(folder_ + "/drover.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 0,
                            vfs_.name());
  database.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER)");
  database.exec("PRAGMA synchronous = OFF; INSERT INTO t VALUES (1)");
  drover::testing::WriteImage(vfs_.Synced(), folder_, temp_.File("after"));
  SQLite::Database after(temp_.File("after") + "/drover.db",
                         SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  EXPECT_TRUE(!after.tableExists("t") || after.execAndGet("SELECT count(*) FROM t").getInt() == 0);
}

TEST_F(PowerCutTest, AFullDiskIsSaidAndNothingOfTheCommitIsThere) {
  auto store = OpenStore(folder_, vfs_.name());
  ASSERT_TRUE(store.ok()) << store.status();
  rollout::Rollout rollout = drover::testing::SampleRollout("aaaa0001");
  ASSERT_TRUE((*store)->SavePlan(*rollout.plan).ok());
  ASSERT_TRUE(
      (*store)->Commit(&rollout, Time(), {drover::testing::SampleRecord("a")}, nullptr).ok());
  vfs_.room = 1000;
  const auto full = (*store)->AppendRecord(Time(), drover::testing::SampleRecord("b"));
  EXPECT_EQ(full.status().code(), StatusCode::kResourceExhausted) << full.status();
  EXPECT_NE(Message(full.status()).find("free some space"), std::string::npos);
  vfs_.room = -1;
  EXPECT_EQ((*store)->ListRecords(RolloutId(), 0, 10)->size(), 1u);
  EXPECT_TRUE((*store)->AppendRecord(Time(), drover::testing::SampleRecord("c")).ok());
}

}  // namespace
}  // namespace drover::store
