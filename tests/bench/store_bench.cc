// Commits a second, in memory and in a file, of a rollout of three members: the state of a rollout
// in its middle, one record a commit, the cells and the outbox changing as a driver changes them.
//
//   build/release/tests/bench/drover_bench_store
#include <benchmark/benchmark.h>

#include <string>

#include "controller/store/store.h"
#include "tests/support/sample_rollout.h"
#include "tests/support/temp_folder.h"

namespace drover::store {
namespace {

constexpr int kCommitsOfARollout = 64;

rollout::Rollout InTheMiddle(const std::string& id) {
  rollout::Rollout rollout = testing::SampleRollout(id);
  rollout.phase = rollout::Phase::kRolling;
  rollout.started_by = "operator";
  rollout.health = "yellow";
  rollout.snapshot.state = "SUCCESS";
  rollout.snapshot.started_at = rollout.created_at;
  rollout.snapshot.ended_at = rollout.created_at + Millis(14'000);
  rollout.snapshot_done = true;
  rollout.settings = {{"cluster.routing.allocation.enable", std::nullopt, "primaries", true}};
  for (int i = 1; i <= 20; ++i) {
    rollout.checks.push_back({"P" + std::to_string(i), "a check of the cluster",
                              rollout::Verdict::kPass, std::string(120, 'e'), ""});
  }
  for (auto& member : rollout.members) {
    member.prefetched = true;
    member.digest = "sha256:" + std::string(64, 'd');
    member.cells[0] = {rollout.created_at, rollout.created_at + Millis(9000), false, ""};
  }
  return rollout;
}

// One step of the engine, as far as the store can tell.
void Advance(int n, rollout::Rollout* rollout) {
  auto& member = rollout->members[static_cast<size_t>(n) / 22 % rollout->members.size()];
  member.step = static_cast<rollout::MemberStep>(n % 11);
  member.cells[static_cast<size_t>(n) / 5 % rollout::kCells].started_at =
      rollout->created_at + Millis(n * 100);
  member.wait = rollout::Wait{"the node to join", rollout->created_at, std::nullopt,
                              "it is in /_nodes with version 2.19.1"};
  const std::string id = rollout->id.str() + "/node-1/UP/" + std::to_string(n);
  rollout->outstanding = {
      {OperationId(id),
       rollout::StartOperation{{OperationId(id), "host-1", "logs",
                                rollout::UpService{"opensearch", true}, rollout->created_at}},
       0}};
  rollout->next_action++;
  rollout->phase =
      n == kCommitsOfARollout - 1 ? rollout::Phase::kSucceeded : rollout::Phase::kRolling;
}

void Commits(benchmark::State& state, const std::string& folder) {
  auto store = OpenStore(folder);
  if (!store.ok()) return state.SkipWithError(store.status().ToString().c_str());
  const std::vector<rollout::Record> records = {testing::SampleRecord("node-1: FREEZE to FLUSH")};
  std::vector<StoredRecord> stored;
  int64_t number = 0;
  int n = kCommitsOfARollout;
  rollout::Rollout rollout;
  for (auto _ : state) {
    if (n == kCommitsOfARollout) {
      n = 0;
      rollout = InTheMiddle(std::to_string(10'000'000 + number++));
      if (!(*store)->SavePlan(*rollout.plan).ok()) return state.SkipWithError("SavePlan");
    }
    Advance(n++, &rollout);
    const Status status = (*store)->Commit(&rollout, rollout.created_at, records, &stored);
    if (!status.ok()) return state.SkipWithError(status.ToString().c_str());
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["rollouts/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) / kCommitsOfARollout, benchmark::Counter::kIsRate);
}

void CommitInMemory(benchmark::State& state) { Commits(state, kInMemory); }
BENCHMARK(CommitInMemory)->MinTime(2);

// Each commit is synced: the disk's speed, and TMPDIR says which disk.
void CommitInFile(benchmark::State& state) {
  const testing::TempFolder folder;
  Commits(state, folder.path());
}
BENCHMARK(CommitInFile)->MinTime(2)->UseRealTime();

}  // namespace
}  // namespace drover::store

BENCHMARK_MAIN();
