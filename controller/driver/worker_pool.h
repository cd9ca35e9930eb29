// Threads for calls that block: REST calls and long polls.
#ifndef DROVER_CONTROLLER_DRIVER_WORKER_POOL_H_
#define DROVER_CONTROLLER_DRIVER_WORKER_POOL_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace drover::driver {

// Starts a thread when a job finds none idle, up to `limit`; further jobs wait their turn.
class WorkerPool {
 public:
  explicit WorkerPool(size_t limit);
  // Waits for running jobs; jobs that have not begun are dropped.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void Run(std::function<void()> job);
  void Stop();

 private:
  void Work();

  const size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool stopped_ = false;
};

}  // namespace drover::driver

#endif  // DROVER_CONTROLLER_DRIVER_WORKER_POOL_H_
