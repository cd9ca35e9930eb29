#include "tests/contract/store_contract.h"

#include <gmock/gmock.h>

#include <thread>

#include "tests/support/fields.h"
#include "tests/support/sample_rollout.h"

namespace drover::testing {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

rollout::Rollout StoreContract::Begin(const std::string& id, const std::string& cluster) {
  rollout::Rollout rollout = SampleRollout(id, cluster);
  EXPECT_TRUE(store_->SavePlan(*rollout.plan).ok());
  Commit(&rollout);
  return rollout;
}

void StoreContract::Commit(rollout::Rollout* next, const std::vector<rollout::Record>& records) {
  const Status status = store_->Commit(next, now_, records, nullptr);
  ASSERT_TRUE(status.ok()) << status;
}

namespace {

std::vector<std::string> Ids(const StatusOr<std::vector<rollout::Rollout>>& rollouts) {
  std::vector<std::string> ids;
  if (!rollouts.ok()) return {rollouts.status().ToString()};
  for (const auto& rollout : *rollouts) ids.push_back(rollout.id.str());
  return ids;
}

std::vector<std::string> Texts(const StatusOr<std::vector<store::StoredRecord>>& records) {
  std::vector<std::string> texts;
  if (!records.ok()) return {records.status().ToString()};
  for (const auto& record : *records) texts.push_back(record.record.text);
  return texts;
}

store::HostRecord Host(const std::string& id, const std::string& name) {
  store::HostRecord host;
  host.id = HostId(id);
  host.name = name;
  host.enrolled_at = FromUnixMillis(1000);
  host.certificate_serial = "0a1b";
  host.certificate_ends = FromUnixMillis(2000);
  host.last_seen = FromUnixMillis(3000);
  return host;
}

}  // namespace

TEST_P(StoreContract, EveryFieldOfAPlanComesBack) {
  rollout::Plan plan;
  Filler().Fill(plan);
  ASSERT_TRUE(store_->SavePlan(plan).ok());
  const auto loaded = store_->LoadPlan(plan.id);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(Same(**loaded, plan));
}

TEST_P(StoreContract, APlanNeverChanges) {
  rollout::Plan plan = SamplePlan("aaaa0001");
  ASSERT_TRUE(store_->SavePlan(plan).ok());
  EXPECT_TRUE(store_->SavePlan(plan).ok());
  plan.request.to_version = "3.0.0";
  EXPECT_EQ(store_->SavePlan(plan).code(), StatusCode::kAlreadyExists);
  const auto loaded = store_->LoadPlan(plan.id);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ((*loaded)->request.to_version, "2.19.1");
}

TEST_P(StoreContract, AMissingPlanIsNamed) {
  const auto loaded = store_->LoadPlan(PlanId("ffffffff"));
  EXPECT_EQ(loaded.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(Message(loaded.status()), HasSubstr("ffffffff"));
}

TEST_P(StoreContract, EveryFieldOfARolloutComesBack) {
  rollout::Rollout rollout = SampleRollout("aaaa0001");
  ASSERT_TRUE(store_->SavePlan(*rollout.plan).ok());
  Filler().Fill(rollout);
  Commit(&rollout);
  const auto loaded = store_->LoadRollout(rollout.id);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(Same(*loaded, rollout));
}

TEST_P(StoreContract, ALaterCommitReplacesTheState) {
  rollout::Rollout rollout = Begin("aaaa0001");
  Filler filler;
  for (int i = 0; i < 3; ++i) {
    filler.Fill(rollout.members);
    filler.Fill(rollout.outstanding);
    filler.Fill(rollout.checks);
    rollout.wait.reset();
    Commit(&rollout);
    const auto loaded = store_->LoadRollout(rollout.id);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_TRUE(Same(*loaded, rollout));
  }
  rollout.outstanding.clear();
  rollout.checks.clear();
  Commit(&rollout);
  const auto loaded = store_->LoadRollout(rollout.id);
  ASSERT_TRUE(loaded.ok());
  EXPECT_TRUE(Same(*loaded, rollout));
}

TEST_P(StoreContract, ARolloutNeedsItsPlan) {
  rollout::Rollout rollout = SampleRollout("aaaa0001");
  rollout.sequence = 7;
  const Status status = store_->Commit(&rollout, now_, {SampleRecord("a")}, nullptr);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(rollout.sequence, 7u);
  EXPECT_EQ(store_->LoadRollout(rollout.id).status().code(), StatusCode::kNotFound);
  EXPECT_THAT(Texts(store_->ListRecords(RolloutId(), 0, 10)), ElementsAre());
  // The refusal leaves nothing behind that would be in the way once the plan is there.
  ASSERT_TRUE(store_->SavePlan(*rollout.plan).ok());
  Commit(&rollout, {SampleRecord("b")});
  EXPECT_EQ(rollout.sequence, 1u);
}

TEST_P(StoreContract, SequencesGrowOverRolloutsAndTheFleet) {
  rollout::Rollout first = Begin("aaaa0001"), second = Begin("aaaa0002", "metrics");
  std::vector<store::StoredRecord> stored = {store::StoredRecord{}};
  ASSERT_TRUE(store_->Commit(&first, now_, {SampleRecord("a"), SampleRecord("b")}, &stored).ok());
  ASSERT_EQ(stored.size(), 2u);
  EXPECT_EQ(stored[0].sequence, 1u);
  EXPECT_EQ(stored[1], (store::StoredRecord{2, now_, first.id, "logs", SampleRecord("b")}));
  EXPECT_EQ(first.sequence, 2u);

  const auto fleet = store_->AppendRecord(now_ + Millis(5), SampleRecord("c"));
  ASSERT_TRUE(fleet.ok()) << fleet.status();
  EXPECT_EQ(*fleet, (store::StoredRecord{3, now_ + Millis(5), {}, "", SampleRecord("c")}));

  Commit(&second, {SampleRecord("d")});
  EXPECT_EQ(second.sequence, 4u);
  Commit(&first);
  EXPECT_EQ(first.sequence, 2u) << "kept where there is no record";

  const auto all = store_->ListRecords(RolloutId(), 0, 10);
  EXPECT_THAT(Texts(all), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ((*all)[1], stored[1]);
  EXPECT_EQ((*all)[2], *fleet);
  EXPECT_EQ((*all)[3].cluster, "metrics");
}

TEST_P(StoreContract, RecordsAreReadFromACursor) {
  rollout::Rollout first = Begin("aaaa0001"), second = Begin("aaaa0002");
  Commit(&first, {SampleRecord("a"), SampleRecord("b")});
  Commit(&second, {SampleRecord("c")});
  Commit(&first, {SampleRecord("d")});
  EXPECT_THAT(Texts(store_->ListRecords(RolloutId(), 1, 2)), ElementsAre("b", "c"));
  EXPECT_THAT(Texts(store_->ListRecords(first.id, 0, 10)), ElementsAre("a", "b", "d"));
  EXPECT_THAT(Texts(store_->ListRecords(first.id, 1, 10)), ElementsAre("b", "d"));
  EXPECT_THAT(Texts(store_->ListRecords(first.id, 4, 10)), ElementsAre());
  EXPECT_THAT(Texts(store_->ListRecords(first.id, UINT64_MAX, SIZE_MAX)), ElementsAre());
  EXPECT_THAT(Texts(store_->ListRecords(RolloutId("ffffffff"), 0, 10)), ElementsAre());
}

TEST_P(StoreContract, UnfinishedAreOldestFirst) {
  rollout::Rollout a = Begin("cccc0001"), b = Begin("bbbb0002"), c = Begin("aaaa0003");
  EXPECT_THAT(Ids(store_->LoadUnfinished()), ElementsAre("cccc0001", "bbbb0002", "aaaa0003"));
  b.phase = rollout::Phase::kFailed;
  Commit(&b);
  c.phase = rollout::Phase::kPaused;
  Commit(&c);
  EXPECT_THAT(Ids(store_->LoadUnfinished()), ElementsAre("cccc0001", "aaaa0003"));
  // A rollback begins where a rollout has ended.
  b.phase = rollout::Phase::kRollingBack;
  Commit(&b);
  EXPECT_THAT(Ids(store_->LoadUnfinished()), ElementsAre("cccc0001", "bbbb0002", "aaaa0003"));
}

TEST_P(StoreContract, EveryEndingIsFinished) {
  using rollout::Phase;
  int n = 0;
  for (const Phase phase :
       {Phase::kSucceeded, Phase::kFailed, Phase::kAborted, Phase::kRolledBack}) {
    rollout::Rollout rollout = Begin("aaaa000" + std::to_string(++n));
    rollout.phase = phase;
    Commit(&rollout);
    EXPECT_THAT(Ids(store_->LoadUnfinished()), ElementsAre()) << rollout::Name(phase);
  }
}

TEST_P(StoreContract, ListIsNewestFirst) {
  Begin("cccc0001");
  Begin("bbbb0002", "metrics");
  Begin("aaaa0003");
  EXPECT_THAT(Ids(store_->ListRollouts("", 10)), ElementsAre("aaaa0003", "bbbb0002", "cccc0001"));
  EXPECT_THAT(Ids(store_->ListRollouts("", 2)), ElementsAre("aaaa0003", "bbbb0002"));
  EXPECT_THAT(Ids(store_->ListRollouts("logs", 10)), ElementsAre("aaaa0003", "cccc0001"));
  EXPECT_THAT(Ids(store_->ListRollouts("other", 10)), ElementsAre());
}

TEST_P(StoreContract, LoadedRolloutsHaveTheirPlan) {
  Begin("aaaa0001", "metrics");
  const auto unfinished = store_->LoadUnfinished();
  ASSERT_TRUE(unfinished.ok());
  ASSERT_EQ(unfinished->size(), 1u);
  ASSERT_NE(unfinished->front().plan, nullptr);
  EXPECT_TRUE(Same(*unfinished->front().plan, SamplePlan("aaaa0001", "metrics")));
}

TEST_P(StoreContract, EpochsGrow) {
  EXPECT_EQ(*store_->Epochs(), store::EpochHistory{});
  const auto first = store_->NextEpoch(0), second = store_->NextEpoch(0);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_GT(*first, 0u);
  EXPECT_GT(*second, *first);
  EXPECT_EQ(*store_->NextEpoch(1'795'410'000'000), 1'795'410'000'000u);
  // A clock that was set back.
  EXPECT_EQ(*store_->NextEpoch(1'000), 1'795'410'000'001u);
  EXPECT_EQ(store_->Epochs()->last, 1'795'410'000'001u);
}

TEST_P(StoreContract, ThatAnotherControllerTookOverIsKnownUntilTheNextStart) {
  ASSERT_TRUE(store_->NextEpoch(5).ok());
  ASSERT_TRUE(store_->RecordFenced(9).ok());
  EXPECT_EQ(*store_->Epochs(), (store::EpochHistory{5, 9, false}));
  EXPECT_EQ(*store_->NextEpoch(10), 10u);
  EXPECT_EQ(*store_->Epochs(), (store::EpochHistory{10, 0, false}));
}

TEST_P(StoreContract, TimingsAreOfSucceededRolloutsOfTheCluster) {
  const auto none = store_->TimingsOf("logs");
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->rollouts, 0);
  EXPECT_EQ(none->member, Millis(0));

  const auto finish = [&](const std::string& id, rollout::Phase phase, int seconds) {
    rollout::Rollout rollout = Begin(id);
    const auto at = [&](int s) { return now_ + std::chrono::seconds(s * seconds); };
    rollout.phase = phase;
    rollout.snapshot.started_at = at(0);
    rollout.snapshot.ended_at = at(1);
    for (size_t i = 0; i < rollout.members.size(); ++i) {
      auto& cells = rollout.members[i].cells;
      const int start = static_cast<int>(i);
      cells[static_cast<size_t>(rollout::Cell::kPrefetch)] = {at(start), at(start + 2), false, ""};
      cells[static_cast<size_t>(rollout::Cell::kStop)] = {at(10), at(11), false, ""};
      cells[static_cast<size_t>(rollout::Cell::kRecover)] = {at(12), at(15), false, ""};
    }
    Commit(&rollout);
  };
  finish("aaaa0001", rollout::Phase::kSucceeded, 1);
  finish("aaaa0002", rollout::Phase::kSucceeded, 3);
  finish("aaaa0003", rollout::Phase::kFailed, 100);
  Begin("aaaa0004", "metrics");

  const auto timings = store_->TimingsOf("logs");
  ASSERT_TRUE(timings.ok()) << timings.status();
  EXPECT_EQ(timings->rollouts, 2);
  EXPECT_EQ(timings->snapshot, std::chrono::seconds(2));
  EXPECT_EQ(timings->prefetch, std::chrono::seconds(8));
  EXPECT_EQ(timings->member, std::chrono::seconds(10));
}

TEST_P(StoreContract, ATokenEnrolsOneHost) {
  ASSERT_TRUE(store_->AddToken({"hash", now_, now_ + Millis(1000), std::nullopt}).ok());
  EXPECT_EQ(store_->AddToken({"hash", now_, now_, std::nullopt}).code(),
            StatusCode::kAlreadyExists);
  const Status unknown = store_->Enroll("other", now_, Host("h-1", "one"));
  EXPECT_EQ(unknown.code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(Message(unknown), Not(HasSubstr("other"))) << "no part of a secret in a message";
  const Status expired = store_->Enroll("hash", now_ + Millis(1000), Host("h-1", "one"));
  EXPECT_EQ(expired.code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(Message(expired), HasSubstr("expired"));
  ASSERT_TRUE(store_->Enroll("hash", now_ + Millis(999), Host("h-1", "one")).ok());
  const Status used = store_->Enroll("hash", now_, Host("h-2", "two"));
  EXPECT_EQ(used.code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(Message(used), HasSubstr("used"));
  const auto hosts = store_->ListHosts();
  ASSERT_TRUE(hosts.ok());
  EXPECT_THAT(*hosts, ElementsAre(Host("h-1", "one")));
}

TEST_P(StoreContract, ARefusedEnrolmentKeepsTheToken) {
  for (const char* token : {"a", "b"}) {
    ASSERT_TRUE(store_->AddToken({token, now_, now_ + Millis(1000), std::nullopt}).ok());
  }
  ASSERT_TRUE(store_->Enroll("a", now_, Host("h-1", "one")).ok());
  const Status same_name = store_->Enroll("b", now_, Host("h-2", "one"));
  EXPECT_EQ(same_name.code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(Message(same_name), HasSubstr("one"));
  EXPECT_EQ(store_->Enroll("b", now_, Host("h-1", "two")).code(), StatusCode::kAlreadyExists);

  store::HostRecord revoked = Host("h-1", "one");
  revoked.revoked = true;
  ASSERT_TRUE(store_->UpdateHost(revoked).ok());
  EXPECT_TRUE(store_->Enroll("b", now_, Host("h-2", "one")).ok());
  const Status back = store_->UpdateHost(Host("h-1", "one"));
  EXPECT_EQ(back.code(), StatusCode::kAlreadyExists);
  const auto hosts = store_->ListHosts();
  ASSERT_TRUE(hosts.ok());
  EXPECT_THAT(*hosts, ElementsAre(revoked, Host("h-2", "one")));
}

TEST_P(StoreContract, ATokenIsUsedOnceByManyThreads) {
  ASSERT_TRUE(store_->AddToken({"hash", now_, now_ + Millis(1000), std::nullopt}).ok());
  std::vector<Status> results(8);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back([this, i, &results] {
      const std::string n = std::to_string(i);
      results[i] = store_->Enroll("hash", now_, Host("h-" + n, "host-" + n));
    });
  }
  for (std::thread& thread : threads) thread.join();
  int enrolled = 0;
  for (const Status& result : results) {
    if (result.ok()) {
      ++enrolled;
    } else {
      EXPECT_EQ(result.code(), StatusCode::kUnauthenticated) << result;
    }
  }
  EXPECT_EQ(enrolled, 1);
  const auto hosts = store_->ListHosts();
  ASSERT_TRUE(hosts.ok());
  EXPECT_EQ(hosts->size(), 1u);
}

TEST_P(StoreContract, EveryFieldOfAHostCanBeUpdated) {
  EXPECT_EQ(store_->UpdateHost(Host("h-1", "one")).code(), StatusCode::kNotFound);
  ASSERT_TRUE(store_->AddToken({"hash", now_, now_ + Millis(1000), std::nullopt}).ok());
  ASSERT_TRUE(store_->Enroll("hash", now_, Host("h-1", "one")).ok());
  store::HostRecord host = Host("h-1", "uno");
  host.cordoned = true;
  host.certificate_serial = "ffee";
  host.enrolled_at = FromUnixMillis(11);
  host.certificate_ends = FromUnixMillis(12);
  host.last_seen = FromUnixMillis(13);
  ASSERT_TRUE(store_->UpdateHost(host).ok());
  const auto hosts = store_->ListHosts();
  ASSERT_TRUE(hosts.ok());
  EXPECT_THAT(*hosts, ElementsAre(host));
}

TEST_P(StoreContract, ClustersAreReplacedByName) {
  const auto none = store_->GetCluster("logs");
  EXPECT_EQ(none.status().code(), StatusCode::kNotFound);
  const store::ClusterRecord logs{"logs", "cluster: logs\n# naïve \"quotes\" 'too'\n", now_};
  const store::ClusterRecord apps{"apps", "cluster: apps\n", now_};
  ASSERT_TRUE(store_->PutCluster({"logs", "old", now_ - Millis(1)}).ok());
  ASSERT_TRUE(store_->PutCluster(logs).ok());
  ASSERT_TRUE(store_->PutCluster(apps).ok());
  const auto got = store_->GetCluster("logs");
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(*got, logs);
  const auto all = store_->ListClusters();
  ASSERT_TRUE(all.ok());
  EXPECT_THAT(*all, ElementsAre(apps, logs));
  EXPECT_THAT(Message(store_->GetCluster("other").status()), HasSubstr("apps, logs"));
}

TEST_P(StoreContract, WritersAndReadersMayRunAtOnce) {
  constexpr int kCommits = 50;
  std::vector<std::thread> writers;
  for (int w = 0; w < 2; ++w) {
    writers.emplace_back([this, w] {
      rollout::Rollout rollout = Begin("aaaa000" + std::to_string(w));
      for (int i = 0; i < kCommits; ++i) Commit(&rollout, {SampleRecord("r")});
    });
  }
  std::thread reader([this] {
    for (int i = 0; i < kCommits; ++i) {
      EXPECT_TRUE(store_->LoadUnfinished().ok());
      EXPECT_TRUE(store_->ListRecords(RolloutId(), 0, 5).ok());
    }
  });
  for (std::thread& writer : writers) writer.join();
  reader.join();
  const auto all = store_->ListRecords(RolloutId(), 0, 1000);
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 2u * kCommits);
  for (size_t i = 0; i < all->size(); ++i) EXPECT_EQ((*all)[i].sequence, i + 1);
}

}  // namespace drover::testing
