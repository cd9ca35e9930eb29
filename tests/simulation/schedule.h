// Virtual time: what is to happen, in order. One thread; nothing in the simulator asks a clock.
#ifndef DROVER_TESTS_SIMULATION_SCHEDULE_H_
#define DROVER_TESTS_SIMULATION_SCHEDULE_H_

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "common/base/time.h"

namespace drover::simulation {

class Schedule {
 public:
  using Task = std::function<void()>;

  explicit Schedule(Time start) : now_(start), start_(start) {}

  Time now() const { return now_; }
  Millis elapsed() const { return now_ - start_; }

  // Tasks of the same instant run in the order in which they were given.
  void At(Time at, Task task) {
    heap_.push_back({std::max(at, now_), next_++, std::move(task)});
    std::push_heap(heap_.begin(), heap_.end(), Later);
  }
  void After(Millis delay, Task task) { At(now_ + delay, std::move(task)); }

  bool empty() const { return heap_.empty(); }
  // Moves time to the next task and runs it.
  void RunNext() {
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    Entry next = std::move(heap_.back());
    heap_.pop_back();
    now_ = next.at;
    next.task();
  }

 private:
  struct Entry {
    Time at;
    uint64_t order;
    Task task;
  };
  static bool Later(const Entry& a, const Entry& b) {
    return std::tie(a.at, a.order) > std::tie(b.at, b.order);
  }

  Time now_, start_;
  uint64_t next_ = 0;
  std::vector<Entry> heap_;
};

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_SCHEDULE_H_
