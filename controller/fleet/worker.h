// One thread that runs tasks in order, now or later.
#ifndef DROVER_CONTROLLER_FLEET_WORKER_H_
#define DROVER_CONTROLLER_FLEET_WORKER_H_

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "common/base/time.h"

namespace drover::fleet {

// Thread safe. gRPC reactions hand over to it what may block or must keep an order.
class Worker {
 public:
  using Task = std::function<void()>;

  Worker();
  // As Stop.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // After the tasks that were given before. Runs also where Stop came in between; after Stop
  // returned a task is dropped.
  void Run(Task task);

  // After `delay` of the machine's monotonic clock; dropped where Stop comes before.
  void RunAfter(Millis delay, Task task);

  // Runs what Run was given so far, then ends the thread. Not from a task.
  void Stop();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  void Loop();
  // The next task; nothing where the thread should end. Waits.
  Task Next();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> ready_;                   // guarded by mutex_
  std::multimap<SteadyTime, Task> delayed_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::thread thread_;
};

}  // namespace drover::fleet

#endif  // DROVER_CONTROLLER_FLEET_WORKER_H_
