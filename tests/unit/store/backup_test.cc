// Backup and restore: beside a running store, elsewhere, and what is refused.
#include "controller/store/backup.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "common/base/files.h"
#include "controller/store/store.h"
#include "tests/support/sample_rollout.h"
#include "tests/support/temp_folder.h"

namespace drover::store {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kSideFiles = {"ca.key", "ca.pem"};

class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = OpenStore(folder_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = std::move(*store);
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/ca.key", "the secret key", 0600).ok());
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/ca.pem", "the certificate", 0644).ok());
  }

  Status BackUpTo(const std::string& file, bool force = false) {
    return BackUp(folder_, kSideFiles, file, force);
  }

  size_t Rollouts(Store& store) { return store.ListRollouts("", 10'000)->size(); }

  const drover::testing::TempFolder temp_;
  const std::string folder_ = temp_.File("data");
  const std::string file_ = temp_.File("backup");
  const std::string elsewhere_ = temp_.File("elsewhere");
  std::unique_ptr<Store> store_;
};

TEST_F(BackupTest, EverythingIsThereElsewhereAndItIsToCommand) {
  rollout::Rollout rollout = drover::testing::SampleRollout("aaaa0001");
  ASSERT_TRUE(store_->SavePlan(*rollout.plan).ok());
  ASSERT_TRUE(store_->Commit(&rollout, Time(), {drover::testing::SampleRecord("a")}, nullptr).ok());
  ASSERT_TRUE(store_->PutCluster({"logs", "name: logs\n", Time(Millis(3))}).ok());
  ASSERT_TRUE(store_->NextEpoch(77).ok());

  ASSERT_TRUE(BackUpTo(file_).ok());
  ASSERT_TRUE(Restore(file_, elsewhere_).ok());

  const auto restored = OpenStore(elsewhere_);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ((*restored)->LoadRollout(RolloutId("aaaa0001"))->sequence, rollout.sequence);
  EXPECT_EQ((*restored)->GetCluster("logs")->file, "name: logs\n");
  EXPECT_EQ(*(*restored)->Epochs(), (EpochHistory{77, 0, true}));
  EXPECT_EQ(*(*restored)->NextEpoch(0), 78u);
  EXPECT_FALSE((*restored)->Epochs()->restored);
  EXPECT_FALSE(store_->Epochs()->restored);
  EXPECT_EQ(*ReadFile(elsewhere_ + "/ca.key"), "the secret key");
  EXPECT_EQ(*ReadFile(elsewhere_ + "/ca.pem"), "the certificate");
}

TEST_F(BackupTest, OnlyItsOwnerMayReadIt) {
  ASSERT_TRUE(BackUpTo(file_).ok());
  ASSERT_TRUE(Restore(file_, elsewhere_).ok());
  for (const std::string& path : {file_, elsewhere_ + "/ca.key", elsewhere_ + "/drover.db"}) {
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0) << path;
    EXPECT_EQ(info.st_mode & 07777, 0600u) << path;
  }
}

TEST_F(BackupTest, NoKeyStaysInTheDatabase) {
  ASSERT_TRUE(BackUpTo(file_).ok());
  ASSERT_TRUE(Restore(file_, elsewhere_).ok());
  EXPECT_THAT(*ReadFile(elsewhere_ + "/drover.db"), Not(HasSubstr("the secret key")));
}

// Each backup is one point in time: rollouts are committed one after the other with a record each,
// so there must be as many of the one as of the other.
TEST_F(BackupTest, IsOnePointInTimeWhileTheStoreCommits) {
  std::atomic<bool> stop{false};
  std::atomic<size_t> committed{0};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      rollout::Rollout rollout = drover::testing::SampleRollout("r" + std::to_string(100'000 + i));
      ASSERT_TRUE(store_->SavePlan(*rollout.plan).ok());
      ASSERT_TRUE(
          store_->Commit(&rollout, Time(), {drover::testing::SampleRecord("a")}, nullptr).ok());
      ++committed;
    }
  });
  for (int i = 0; i < 5; ++i) {
    const size_t before = committed;
    const std::string file = temp_.File("backup" + std::to_string(i));
    EXPECT_TRUE(BackUpTo(file).ok());
    ASSERT_TRUE(Restore(file, elsewhere_ + std::to_string(i)).ok());
    const auto restored = OpenStore(elsewhere_ + std::to_string(i));
    ASSERT_TRUE(restored.ok()) << restored.status();
    const size_t rollouts = Rollouts(**restored);
    EXPECT_GE(rollouts, before);
    EXPECT_EQ((*restored)->ListRecords(RolloutId(), 0, 1'000'000)->size(), rollouts);
  }
  stop = true;
  writer.join();
  EXPECT_EQ(Rollouts(*store_), std::min<size_t>(committed, 10'000));
}

TEST_F(BackupTest, AFileThatIsThereIsReplacedOnlyByForce) {
  std::ofstream(file_) << "precious";
  EXPECT_EQ(BackUpTo(file_).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(*ReadFile(file_), "precious");
  EXPECT_TRUE(BackUpTo(file_, true).ok());
  EXPECT_TRUE(Restore(file_, elsewhere_).ok());
}

TEST_F(BackupTest, NothingIsLeftOfABackupThatFailed) {
  EXPECT_EQ(BackUp(folder_, {"ca.key", "missing"}, file_, false).code(), StatusCode::kNotFound);
  EXPECT_EQ(BackUp(temp_.File("none"), kSideFiles, file_, false).code(), StatusCode::kNotFound);
  EXPECT_FALSE(BackUpTo(temp_.File("no/such/folder/backup")).ok());
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(temp_.path())) {
    ++files;
  }
  EXPECT_EQ(files, 1u);  // the data folder
}

TEST_F(BackupTest, AFolderThatIsNotEmptyIsNotRestoredInto) {
  ASSERT_TRUE(BackUpTo(file_).ok());
  const Status status = Restore(file_, folder_);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), AllOf(HasSubstr(folder_), HasSubstr("not empty")));
}

TEST_F(BackupTest, WhatIsNoBackupOrDamagedIsSaid) {
  EXPECT_EQ(Restore(file_, elsewhere_).code(), StatusCode::kNotFound);
  std::filesystem::copy_file(folder_ + "/drover.db", file_);
  EXPECT_FALSE(Restore(file_, elsewhere_).ok());
  std::ofstream(file_, std::ios::trunc) << std::string(8192, 'x');
  EXPECT_EQ(Restore(file_, elsewhere_).code(), StatusCode::kDataLoss);
  ASSERT_TRUE(BackUpTo(file_, true).ok());
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) / 2);
  EXPECT_EQ(Restore(file_, elsewhere_).code(), StatusCode::kDataLoss);
  ASSERT_TRUE(BackUpTo(file_, true).ok());
  SQLite::Database(file_, SQLite::OPEN_READWRITE)
      .exec("UPDATE schema_steps SET version = version + 1000");
  EXPECT_THAT(Message(Restore(file_, elsewhere_)), HasSubstr("newer"));
  EXPECT_FALSE(std::filesystem::exists(elsewhere_));
}

}  // namespace
}  // namespace drover::store
