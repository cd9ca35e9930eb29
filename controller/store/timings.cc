#include "controller/store/timings.h"

#include <algorithm>
#include <optional>

namespace drover::store {
namespace {

class Mean {
 public:
  void Add(const std::optional<Time>& from, const std::optional<Time>& to) {
    if (!from || !to || *to < *from) return;
    sum_ += *to - *from;
    ++count_;
  }
  Millis value() const { return count_ == 0 ? Millis{} : sum_ / count_; }

 private:
  Millis sum_{};
  int count_ = 0;
};

const rollout::CellTimes& Times(const rollout::MemberState& member, rollout::Cell cell) {
  return member.cells[static_cast<size_t>(cell)];
}

void AddPrefetch(const rollout::Rollout& rollout, Mean* mean) {
  std::optional<Time> first, last;
  for (const auto& member : rollout.members) {
    const rollout::CellTimes& times = Times(member, rollout::Cell::kPrefetch);
    if (times.started_at) first = std::min(first.value_or(*times.started_at), *times.started_at);
    if (times.ended_at) last = std::max(last.value_or(*times.ended_at), *times.ended_at);
  }
  mean->Add(first, last);
}

}  // namespace

rollout::History Timings(const std::vector<rollout::Rollout>& succeeded) {
  Mean snapshot, prefetch, member;
  for (const auto& rollout : succeeded) {
    snapshot.Add(rollout.snapshot.started_at, rollout.snapshot.ended_at);
    AddPrefetch(rollout, &prefetch);
    for (const auto& state : rollout.members) {
      member.Add(Times(state, rollout::Cell::kStop).started_at,
                 Times(state, rollout::Cell::kRecover).ended_at);
    }
  }
  rollout::History history;
  history.rollouts = static_cast<int>(succeeded.size());
  history.snapshot = snapshot.value();
  history.prefetch = prefetch.value();
  history.member = member.value();
  return history;
}

}  // namespace drover::store
