// What was committed is there after the process is gone, at every commit.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/store/store.h"
#include "tests/support/fields.h"
#include "tests/support/sample_rollout.h"
#include "tests/support/temp_folder.h"

namespace drover::store {
namespace {

class ReopenTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    store_.reset();
    auto opened = OpenStore(temp_.path());
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = std::move(opened).value();
  }

  const testing::TempFolder temp_;
  std::unique_ptr<Store> store_;
};

TEST_F(ReopenTest, EachCommitIsThere) {
  rollout::Rollout rollout = testing::SampleRollout("aaaa0001");
  ASSERT_TRUE(store_->SavePlan(*rollout.plan).ok());
  testing::Filler filler;
  for (uint64_t i = 1; i <= 5; ++i) {
    filler.Fill(rollout.members);
    filler.Fill(rollout.wait);
    if (i % 2 == 0) filler.Fill(rollout.checks);
    ASSERT_TRUE(
        store_->Commit(&rollout, Time(Millis(i)), {testing::SampleRecord("r")}, nullptr).ok());
    Reopen();
    const auto loaded = store_->LoadUnfinished();
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    ASSERT_EQ(loaded->size(), 1u);
    EXPECT_TRUE(testing::Same(loaded->front(), rollout));
    EXPECT_EQ(rollout.sequence, i) << "sequences go on over a restart";
  }
  const auto records = store_->ListRecords(rollout.id, 0, 10);
  ASSERT_TRUE(records.ok());
  EXPECT_EQ(records->size(), 5u);
}

TEST_F(ReopenTest, SequencesGoOnBehindTheFleets) {
  ASSERT_TRUE(store_->AppendRecord(Time(), testing::SampleRecord("a")).ok());
  Reopen();
  const auto next = store_->AppendRecord(Time(), testing::SampleRecord("b"));
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->sequence, 2u);
}

TEST_F(ReopenTest, EpochsGrowOverRestarts) {
  uint64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    const auto epoch = store_->NextEpoch(0);
    ASSERT_TRUE(epoch.ok());
    EXPECT_GT(*epoch, last);
    last = *epoch;
    Reopen();
  }
}

TEST_F(ReopenTest, FleetAndClustersAreThere) {
  HostRecord host;
  host.id = HostId("h-1");
  host.name = "one";
  host.cordoned = true;
  ASSERT_TRUE(store_->AddToken({"hash", Time(), Time(Millis(10)), std::nullopt}).ok());
  ASSERT_TRUE(store_->Enroll("hash", Time(), host).ok());
  ASSERT_TRUE(store_->PutCluster({"logs", "cluster: logs\n", Time(Millis(3))}).ok());
  Reopen();
  EXPECT_EQ(store_->Enroll("hash", Time(), host).code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(*store_->ListHosts(), ::testing::ElementsAre(host));
  EXPECT_EQ(store_->GetCluster("logs")->file, "cluster: logs\n");
}

// State, checks and records are one transaction: where the last of them fails, none is there.
TEST_F(ReopenTest, AFailedCommitChangesNothing) {
  rollout::Rollout rollout = testing::SampleRollout("aaaa0001");
  ASSERT_TRUE(store_->SavePlan(*rollout.plan).ok());
  ASSERT_TRUE(store_->Commit(&rollout, Time(), {testing::SampleRecord("a")}, nullptr).ok());
  const rollout::Rollout before = rollout;

  // Somebody else's row stands where the next record goes.
  SQLite::Database beside(temp_.File("drover.db"), SQLite::OPEN_READWRITE);
  beside.exec("INSERT INTO records VALUES (2, 0, NULL, x'')");
  rollout.phase = rollout::Phase::kSucceeded;
  testing::Filler().Fill(rollout.checks);
  EXPECT_FALSE(store_->Commit(&rollout, Time(), {testing::SampleRecord("b")}, nullptr).ok());
  EXPECT_EQ(rollout.sequence, 1u);
  const auto unfinished = store_->LoadUnfinished();
  ASSERT_TRUE(unfinished.ok()) << unfinished.status();
  ASSERT_EQ(unfinished->size(), 1u);
  EXPECT_TRUE(testing::Same(unfinished->front(), before));

  beside.exec("DELETE FROM records WHERE sequence = 2");
  ASSERT_TRUE(store_->Commit(&rollout, Time(), {testing::SampleRecord("b")}, nullptr).ok());
  EXPECT_EQ(rollout.sequence, 2u);
  const auto after = store_->LoadRollout(rollout.id);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_TRUE(testing::Same(*after, rollout));
  EXPECT_TRUE(store_->LoadUnfinished()->empty());
}

// A process that is killed right after a commit loses nothing that it was told is durable.
TEST_F(ReopenTest, AKilledProcessLosesNothing) {
  store_.reset();
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = OpenStore(temp_.path());
    rollout::Rollout rollout = testing::SampleRollout("aaaa0001");
    bool ok = store.ok() && (*store)->SavePlan(*rollout.plan).ok();
    for (int i = 0; i < 3; ++i) {
      rollout.batch = i;
      ok = ok && (*store)->Commit(&rollout, Time(), {testing::SampleRecord("r")}, nullptr).ok();
    }
    const char told = ok ? 'y' : 'n';
    if (::write(pipe[1], &told, 1) == 1) ::pause();
    ::_exit(1);
  }
  char told = 0;
  ASSERT_EQ(::read(pipe[0], &told, 1), 1);
  ASSERT_EQ(told, 'y');
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ::close(pipe[0]);
  ::close(pipe[1]);
  Reopen();
  const auto loaded = store_->LoadRollout(RolloutId("aaaa0001"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->batch, 2);
  EXPECT_EQ(loaded->sequence, 3u);
}

}  // namespace
}  // namespace drover::store
