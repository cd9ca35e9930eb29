#include "agent/journal/journal.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace drover::agent {
namespace {

constexpr Time kNow{Millis{1'800'000'000'000}};
constexpr Millis kDay{24 * 3600 * 1000};

v1::StartOperation Order(const std::string& id, uint64_t epoch = 1) {
  v1::StartOperation order;
  order.set_operation_id(id);
  order.set_epoch(epoch);
  order.set_project("search");
  order.mutable_verb()->mutable_stop_service()->set_service("opensearch");
  return order;
}

v1::OperationEnd Succeeded() {
  v1::OperationEnd end;
  end.set_state(v1::OPERATION_STATE_SUCCEEDED);
  end.mutable_stop_service()->set_container_id("c1");
  return end;
}

v1::AckEvents Ack(const std::string& id, uint64_t sequence) {
  v1::AckEvents acks;
  auto* ack = acks.add_acks();
  ack->set_operation_id(id);
  ack->set_sequence(sequence);
  return acks;
}

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/drover-journal-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    folder_ = folder;
    options_.path = folder_ + "/journal.db";
    Reopen();
  }
  void TearDown() override {
    journal_.reset();
    std::filesystem::remove_all(folder_);
  }

  // What a new process of the agent finds.
  void Reopen(Time now = kNow) {
    journal_.reset();
    auto opened = Journal::Open(options_, now);
    ASSERT_TRUE(opened.ok()) << opened.status();
    journal_ = std::move(*opened);
  }

  std::vector<uint64_t> Unacknowledged(const std::string& id) {
    std::vector<uint64_t> sequences;
    const auto events = journal_->EventsAfter(0);
    EXPECT_TRUE(events.ok()) << events.status();
    for (const JournaledEvent& next : *events) {
      if (next.event.operation_id() == id) sequences.push_back(next.event.sequence());
    }
    return sequences;
  }

  using Sequences = std::vector<uint64_t>;
  std::string folder_;
  JournalOptions options_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, KeepsEachStepOverARestart) {
  ASSERT_TRUE(journal_->Accept(Order("a"), kNow).ok());
  Reopen();
  auto open = journal_->OpenOperations();
  ASSERT_TRUE(open.ok());
  ASSERT_EQ(open->size(), 1U);
  EXPECT_EQ((*open)[0].order.SerializeAsString(), Order("a").SerializeAsString());
  EXPECT_EQ((*open)[0].accepted_at, kNow);
  EXPECT_FALSE((*open)[0].started_at.has_value());
  EXPECT_EQ(Unacknowledged("a"), Sequences({1}));

  ASSERT_TRUE(journal_->Begin(Order("a"), kNow + Millis(5)).ok());
  Reopen();
  open = journal_->OpenOperations();
  ASSERT_EQ(open->size(), 1U);
  EXPECT_EQ((*open)[0].started_at, kNow + Millis(5));
  EXPECT_EQ(Unacknowledged("a"), Sequences({1, 2}));

  ASSERT_TRUE(journal_->End(Order("a"), Succeeded(), kNow + Millis(9)).ok());
  Reopen();
  EXPECT_TRUE(journal_->OpenOperations()->empty());
  const auto events = journal_->EventsOf("a");
  ASSERT_EQ(events->size(), 3U);
  EXPECT_EQ((*events)[2].end().stop_service().container_id(), "c1");
}

TEST_F(JournalTest, BeginWithoutAcceptHasBothEvents) {
  ASSERT_TRUE(journal_->Begin(Order("a"), kNow).ok());
  const auto events = journal_->EventsOf("a");
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ((*events)[0].state(), v1::OPERATION_STATE_ACCEPTED);
  EXPECT_EQ((*events)[1].state(), v1::OPERATION_STATE_RUNNING);
}

TEST_F(JournalTest, AnIdBeginsAndEndsOnce) {
  ASSERT_TRUE(journal_->Begin(Order("a"), kNow).ok());
  EXPECT_EQ(journal_->Begin(Order("a"), kNow).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(journal_->Accept(Order("a"), kNow).code(), StatusCode::kAlreadyExists);
  ASSERT_TRUE(journal_->End(Order("a"), Succeeded(), kNow).ok());
  EXPECT_EQ(journal_->End(Order("a"), Succeeded(), kNow).code(), StatusCode::kFailedPrecondition);
  Reopen();
  EXPECT_EQ(journal_->Begin(Order("a"), kNow).code(), StatusCode::kFailedPrecondition);
}

TEST_F(JournalTest, ProgressTakesNumbersWithoutAGapToTheEnd) {
  EXPECT_EQ(journal_->NumberProgress("a"), 0U);
  ASSERT_TRUE(journal_->Begin(Order("a"), kNow).ok());
  EXPECT_EQ(journal_->NumberProgress("a"), 3U);
  EXPECT_EQ(journal_->NumberProgress("a"), 4U);
  ASSERT_TRUE(journal_->End(Order("a"), Succeeded(), kNow).ok());
  EXPECT_EQ(journal_->NumberProgress("a"), 0U);
  EXPECT_EQ(Unacknowledged("a"), Sequences({1, 2, 5}));
}

TEST_F(JournalTest, AnEndAfterARestartIsAboveEachProgressThatMayHaveBeenSent) {
  ASSERT_TRUE(journal_->Begin(Order("a"), kNow).ok());
  uint64_t last = 0;
  while (const uint64_t next = journal_->NumberProgress("a")) last = next;
  EXPECT_EQ(last, 2 + Journal::kProgressNumbers);
  Reopen();
  ASSERT_TRUE(journal_->End(Order("a"), Succeeded(), kNow).ok());
  EXPECT_EQ(Unacknowledged("a"), Sequences({1, 2, last + 1}));
}

TEST_F(JournalTest, AcknowledgedEventsAreForgottenButTheEndAnswersRepeats) {
  ASSERT_TRUE(journal_->Begin(Order("a"), kNow).ok());
  ASSERT_TRUE(journal_->Acknowledge(Ack("a", 1), kNow).ok());
  EXPECT_EQ(Unacknowledged("a"), Sequences({2}));
  ASSERT_TRUE(journal_->End(Order("a"), Succeeded(), kNow).ok());
  EXPECT_EQ(journal_->UnacknowledgedOperations()->size(), 1U);
  ASSERT_TRUE(journal_->Acknowledge(Ack("a", 3), kNow).ok());
  Reopen();
  EXPECT_TRUE(Unacknowledged("a").empty());
  EXPECT_TRUE(journal_->UnacknowledgedOperations()->empty());
  EXPECT_TRUE(*journal_->Knows("a"));
  const auto events = journal_->EventsOf("a");
  ASSERT_EQ(events->size(), 1U);
  EXPECT_EQ((*events)[0].end().state(), v1::OPERATION_STATE_SUCCEEDED);
}

TEST_F(JournalTest, AnAcknowledgementBeyondTheEndOrOfAnUnknownIdIsHarmless) {
  ASSERT_TRUE(journal_->Accept(Order("a"), kNow).ok());
  ASSERT_TRUE(journal_->Acknowledge(Ack("a", 900), kNow).ok());
  ASSERT_TRUE(journal_->Acknowledge(Ack("nobody", 1), kNow).ok());
  ASSERT_TRUE(journal_->End(Order("a"), Succeeded(), kNow).ok());
  EXPECT_EQ(Unacknowledged("a"), Sequences({2}));
}

TEST_F(JournalTest, PositionsAreNeverUsedAgain) {
  ASSERT_TRUE(journal_->Accept(Order("a"), kNow).ok());
  const int64_t position = journal_->EventsAfter(0)->back().position;
  ASSERT_TRUE(journal_->Acknowledge(Ack("a", 1), kNow).ok());
  Reopen();
  ASSERT_TRUE(journal_->Accept(Order("b"), kNow).ok());
  const auto next = journal_->EventsAfter(position);
  ASSERT_EQ(next->size(), 1U);
  EXPECT_EQ((*next)[0].event.operation_id(), "b");
}

TEST_F(JournalTest, RemembersTheHighestEpoch) {
  EXPECT_EQ(*journal_->HighestEpoch(), 0U);
  ASSERT_TRUE(journal_->RaiseEpoch(7).ok());
  ASSERT_TRUE(journal_->RaiseEpoch(3).ok());
  Reopen();
  EXPECT_EQ(*journal_->HighestEpoch(), 7U);
  ASSERT_TRUE(journal_->Begin(Order("a", 9), kNow).ok());
  EXPECT_EQ(*journal_->HighestEpoch(), 9U);
}

TEST_F(JournalTest, AnotherFleetBeginsAtEpochZeroAndKnowsNoEndedOperation) {
  EXPECT_FALSE(*journal_->EnterFleet("old"));
  ASSERT_TRUE(journal_->End(Order("ended", 7), Succeeded(), kNow).ok());
  ASSERT_TRUE(journal_->Begin(Order("open", 7), kNow).ok());
  EXPECT_FALSE(*journal_->EnterFleet("old"));
  EXPECT_EQ(*journal_->HighestEpoch(), 7U);
  EXPECT_TRUE(*journal_->Knows("ended"));

  EXPECT_TRUE(*journal_->EnterFleet("new"));
  Reopen();
  EXPECT_EQ(*journal_->HighestEpoch(), 0U);
  EXPECT_FALSE(*journal_->Knows("ended"));
  ASSERT_EQ(journal_->OpenOperations()->size(), 1U);
  ASSERT_TRUE(journal_->End(Order("open"), Succeeded(), kNow).ok());
  EXPECT_FALSE(*journal_->EnterFleet("new"));
}

// Written before journals noted their fleet: the host is where it was.
TEST_F(JournalTest, AJournalOfFormat1KeepsItsEpoch) {
  ASSERT_TRUE(journal_->RaiseEpoch(7).ok());
  journal_.reset();
  {
    SQLite::Database file(options_.path, SQLite::OPEN_READWRITE);
    file.exec("ALTER TABLE fence DROP COLUMN fleet; PRAGMA user_version=1");
  }
  Reopen();
  EXPECT_FALSE(*journal_->EnterFleet("fleet"));
  EXPECT_EQ(*journal_->HighestEpoch(), 7U);
  EXPECT_TRUE(*journal_->EnterFleet("other"));
}

TEST_F(JournalTest, KeepsEndedIdsSevenDays) {
  ASSERT_TRUE(journal_->End(Order("a"), Succeeded(), kNow).ok());
  ASSERT_TRUE(journal_->End(Order("unacknowledged"), Succeeded(), kNow).ok());
  ASSERT_TRUE(journal_->Acknowledge(Ack("a", 1), kNow).ok());
  Reopen(kNow + 7 * kDay);
  EXPECT_TRUE(*journal_->Knows("a"));
  Reopen(kNow + 7 * kDay + Millis(1));
  EXPECT_FALSE(*journal_->Knows("a"));
  EXPECT_TRUE(*journal_->Knows("unacknowledged"));
}

TEST_F(JournalTest, KeepsABoundedNumberOfEndedIds) {
  options_.max_ended = 2;
  for (int i = 0; i < 4; ++i) {
    const std::string id = "op" + std::to_string(i);
    ASSERT_TRUE(journal_->End(Order(id), Succeeded(), kNow + Millis(i)).ok());
    ASSERT_TRUE(journal_->Acknowledge(Ack(id, 1), kNow).ok());
  }
  Reopen();
  EXPECT_FALSE(*journal_->Knows("op1"));
  EXPECT_TRUE(*journal_->Knows("op2"));
  EXPECT_TRUE(*journal_->Knows("op3"));
}

TEST_F(JournalTest, ADamagedFileSaysWhatToDo) {
  journal_.reset();
  std::ofstream(options_.path, std::ios::binary | std::ios::trunc) << std::string(8192, 'x');
  const auto opened = Journal::Open(options_, kNow);
  EXPECT_EQ(opened.status().code(), StatusCode::kDataLoss);
  EXPECT_NE(Message(opened.status()).find(options_.path), std::string::npos);
  EXPECT_NE(Message(opened.status()).find("move this file"), std::string::npos);
}

TEST_F(JournalTest, ANewerFormatIsRefused) {
  journal_.reset();
  {
    std::fstream file(options_.path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(60);  // user_version, big endian (SQLite's file format)
    file.write("\0\0\0\x63", 4);
  }
  const auto opened = Journal::Open(options_, kNow);
  EXPECT_EQ(opened.status().code(), StatusCode::kFailedPrecondition) << opened.status();
}

TEST_F(JournalTest, AReaderWorksBesideARunningAgentAndMakesNoFile) {
  ASSERT_TRUE(journal_->Accept(Order("a"), kNow).ok());
  JournalOptions reading = options_;
  reading.read_only = true;
  const auto reader = Journal::Open(reading, kNow);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->OpenOperations()->size(), 1U);
  EXPECT_FALSE((*reader)->RaiseEpoch(5).ok());
  reading.path = folder_ + "/none.db";
  EXPECT_EQ(Journal::Open(reading, kNow).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(reading.path));
}

}  // namespace
}  // namespace drover::agent
