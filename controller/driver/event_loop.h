// One thread that runs tasks in order and timers when they are due.
#ifndef DROVER_CONTROLLER_DRIVER_EVENT_LOOP_H_
#define DROVER_CONTROLLER_DRIVER_EVENT_LOOP_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "common/base/time.h"

namespace drover::driver {

class EventLoop {
 public:
  // `clock` must outlive the loop.
  explicit EventLoop(Clock& clock);
  // Ends the thread; tasks that have not run are dropped.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // From any thread. False after Stop: the task was dropped.
  bool Post(std::function<void()> task);
  bool PostAt(Time at, std::function<void()> task);
  void Stop();

  // Runs `task` on the loop and waits for its result; `fallback` where the loop has stopped. Not
  // from the loop's own thread.
  template <typename T>
  T Call(std::function<T()> task, T fallback);

 private:
  void Run();

  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::multimap<Time, std::function<void()>> timers_;
  bool stopped_ = false;
  std::thread thread_;
};

template <typename T>
T EventLoop::Call(std::function<T()> task, T fallback) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable done;
    bool ready = false;
    T value;
    explicit Shared(T initial) : value(std::move(initial)) {}
  };
  auto shared = std::make_shared<Shared>(std::move(fallback));
  // The guard makes a dropped task wake the caller too.
  std::shared_ptr<void> guard(nullptr, [shared](void*) {
    const std::lock_guard<std::mutex> lock(shared->mutex);
    shared->ready = true;
    shared->done.notify_all();
  });
  Post([shared, guard = std::move(guard), task = std::move(task)]() mutable {
    T value = task();
    {
      const std::lock_guard<std::mutex> lock(shared->mutex);
      shared->value = std::move(value);
    }
    guard.reset();
  });
  std::unique_lock<std::mutex> lock(shared->mutex);
  shared->done.wait(lock, [&] { return shared->ready; });
  return std::move(shared->value);
}

}  // namespace drover::driver

#endif  // DROVER_CONTROLLER_DRIVER_EVENT_LOOP_H_
