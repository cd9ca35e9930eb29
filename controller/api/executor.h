// Worker threads for what may block: reactions of gRPC only hand work over.
#ifndef DROVER_CONTROLLER_API_EXECUTOR_H_
#define DROVER_CONTROLLER_API_EXECUTOR_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "common/base/time.h"

namespace drover::api {

// Thread safe. Jobs run in the order of their time; jobs of one moment in the order they came.
class Executor {
 public:
  using Job = std::function<void()>;

  // `threads` of at least one; at most `max_jobs` wait at a time.
  Executor(int threads, size_t max_jobs);
  // Shuts down.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Runs `job` on a worker after `delay`. False, and the job is dropped, where too many wait
  // already or Shutdown has begun.
  bool Post(Job job, Millis delay = Millis(0));

  // Runs the jobs that are due, drops those that wait for a later time, and joins the workers. Not
  // to be called from a job.
  void Shutdown();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void Work();

  const size_t max_jobs_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<SteadyTime, Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_EXECUTOR_H_
