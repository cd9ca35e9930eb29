// Opening: folder, modes, lock, damage, foreign and newer databases.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/base/files.h"
#include "controller/store/store.h"
#include "tests/support/sample_rollout.h"
#include "tests/support/temp_folder.h"

namespace drover::store {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

mode_t Mode(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

class OpenStoreTest : public ::testing::Test {
 protected:
  // Makes a database with a rollout in it and closes it.
  void MakeDatabase() {
    auto store = OpenStore(folder_);
    ASSERT_TRUE(store.ok()) << store.status();
    rollout::Rollout rollout = testing::SampleRollout("aaaa0001");
    ASSERT_TRUE((*store)->SavePlan(*rollout.plan).ok());
    ASSERT_TRUE((*store)->Commit(&rollout, Time(), {testing::SampleRecord("a")}, nullptr).ok());
  }

  // Executes `sql` on the closed database.
  void Execute(const std::string& sql) {
    SQLite::Database connection(database_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    connection.exec(sql);
  }

  Status Open() { return OpenStore(folder_).status(); }

  const testing::TempFolder temp_;
  const std::string folder_ = temp_.File("var/lib/drover");
  const std::string database_ = folder_ + "/drover.db";
};

TEST_F(OpenStoreTest, MakesAPrivateFolderAndFile) {
  const mode_t before = ::umask(0);
  const auto store = OpenStore(folder_);
  ::umask(before);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(Mode(folder_), 0700u);
  EXPECT_EQ(Mode(database_), 0600u);
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    EXPECT_EQ(Mode(file.path()), 0600u) << file.path();
  }
}

TEST_F(OpenStoreTest, NarrowsAFileThatOthersCouldRead) {
  MakeDatabase();
  ASSERT_EQ(::chmod(database_.c_str(), 0644), 0);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(Mode(database_), 0600u);
}

TEST_F(OpenStoreTest, TheSecondOpenerIsToldWhoHoldsIt) {
  const auto first = OpenStore(folder_);
  ASSERT_TRUE(first.ok());
  const Status second = Open();
  EXPECT_EQ(second.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(second),
              AllOf(HasSubstr(folder_), HasSubstr("pid " + std::to_string(::getpid()) + ")")));
}

TEST_F(OpenStoreTest, AnotherProcessIsToldToo) {
  const auto first = OpenStore(folder_);
  ASSERT_TRUE(first.ok());
  const pid_t child = ::fork();
  if (child == 0) {
    const bool refused = OpenStore(folder_).status().code() == StatusCode::kFailedPrecondition;
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(OpenStoreTest, TheLockGoesWithItsHolder) {
  {
    const auto first = OpenStore(folder_);
    ASSERT_TRUE(first.ok());
    EXPECT_FALSE(Open().ok());
  }
  EXPECT_TRUE(Open().ok());
  // A process that was killed leaves its pid in the file, but no lock.
  std::ofstream(folder_ + "/lock") << "1\n";
  EXPECT_TRUE(Open().ok());
}

TEST_F(OpenStoreTest, AFileThatIsNoDatabaseIsKept) {
  MakeDatabase();
  std::ofstream(database_, std::ios::trunc) << std::string(8192, 'x');
  const Status status = Open();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(Message(status),
              AllOf(HasSubstr(database_), HasSubstr("backup"), HasSubstr("do not delete")));
  EXPECT_EQ(*ReadFile(database_), std::string(8192, 'x'));
}

TEST_F(OpenStoreTest, ADamagedPageIsFoundAtTheStart) {
  MakeDatabase();
  Execute("PRAGMA wal_checkpoint(TRUNCATE)");
  {
    std::fstream file(database_, std::ios::in | std::ios::out | std::ios::binary);
    for (const int page : {2, 3, 4, 5, 6, 7, 8}) {
      file.seekp(page * 4096);
      file << std::string(512, '\xee');
    }
  }
  const Status status = Open();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(Message(status), HasSubstr("do not delete"));
}

TEST_F(OpenStoreTest, ADatabaseThatVanishedIsNotTakenForANewFleet) {
  MakeDatabase();
  std::ofstream(folder_ + "/ca.key") << "key";
  std::filesystem::remove(database_);
  Status status = Open();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(Message(status),
              AllOf(HasSubstr(database_ + " is gone"), HasSubstr("drover-controller restore"),
                    HasSubstr("drover cluster adopt")));
  EXPECT_FALSE(std::filesystem::exists(database_));

  std::ofstream(database_).flush();
  status = Open();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(Message(status), HasSubstr("is empty"));

  // Nothing was there yet: a first start that was cut off.
  std::filesystem::remove(folder_ + "/ca.key");
  EXPECT_TRUE(Open().ok());
}

TEST_F(OpenStoreTest, ATruncatedDatabaseIsFoundAtTheStart) {
  MakeDatabase();
  std::filesystem::resize_file(database_, std::filesystem::file_size(database_) / 2);
  const Status status = Open();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(Message(status), HasSubstr("drover-controller restore"));
}

// The newest commits are in the log as long as a controller runs, and when it was killed.
TEST_F(OpenStoreTest, ALogThatVanishedAfterACrashIsSaid) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = OpenStore(folder_);
    const bool done = store.ok() && (*store)->NextEpoch(5).ok();
    ::_exit(done ? 0 : 1);  // as a kill: nothing is closed
  }
  int ended = 0;
  ASSERT_EQ(::waitpid(child, &ended, 0), child);
  ASSERT_EQ(ended, 0);
  const std::string log = database_ + "-wal";
  ASSERT_TRUE(std::filesystem::exists(log));
  std::filesystem::rename(log, temp_.File("log"));
  const Status status = Open();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(Message(status), AllOf(HasSubstr(log), HasSubstr("gone")));

  std::filesystem::rename(temp_.File("log"), log);
  const auto store = OpenStore(folder_);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->Epochs()->last, 5u);
}

TEST_F(OpenStoreTest, ADamagedRecordIsSaidWhenItIsRead) {
  MakeDatabase();
  Execute("UPDATE rollouts SET state = x'ffffffff'");
  const auto store = OpenStore(folder_);
  ASSERT_TRUE(store.ok()) << store.status();
  const auto loaded = (*store)->LoadUnfinished();
  EXPECT_EQ(loaded.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(Message(loaded.status()), HasSubstr("do not delete"));
}

TEST_F(OpenStoreTest, ANewerSchemaIsRefused) {
  MakeDatabase();
  Execute("INSERT INTO schema_steps VALUES (1000, 0)");
  const Status status = Open();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(Message(status), AllOf(HasSubstr(database_), HasSubstr("schema 1000"),
                                     HasSubstr("newer drover-controller")));
}

TEST_F(OpenStoreTest, AnotherProgramsDatabaseIsRefused) {
  std::filesystem::create_directories(folder_);
  Execute("CREATE TABLE theirs (a)");
  const Status status = Open();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(Message(status), HasSubstr("another program"));
}

TEST_F(OpenStoreTest, TablesThatSomebodyChangedAreSaid) {
  MakeDatabase();
  Execute("ALTER TABLE records DROP COLUMN data");
  const Status status = Open();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_THAT(Message(status), HasSubstr("tables"));
}

TEST_F(OpenStoreTest, AStartThatWasKilledInAStepGoesOn) {
  std::filesystem::create_directories(folder_);
  Execute(
      "CREATE TABLE schema_steps (version INTEGER PRIMARY KEY, applied_at_ms INTEGER NOT NULL)");
  EXPECT_TRUE(Open().ok());
  MakeDatabase();
}

TEST_F(OpenStoreTest, AFolderThatIsAFileIsRefused) {
  const std::string file = temp_.File("file");
  std::ofstream(file) << "x";
  const Status status = OpenStore(file).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(Message(status), HasSubstr(file));
}

}  // namespace
}  // namespace drover::store
