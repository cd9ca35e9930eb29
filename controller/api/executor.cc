#include "controller/api/executor.h"

#include <utility>

namespace drover::api {

Executor::Executor(int threads, size_t max_jobs) : max_jobs_(max_jobs) {
  for (int i = 0; i < threads; ++i) workers_.emplace_back([this] { Work(); });
}

Executor::~Executor() { Shutdown(); }

bool Executor::Post(Job job, Millis delay) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || jobs_.size() >= max_jobs_) return false;
  jobs_.emplace(std::chrono::steady_clock::now() + delay, std::move(job));
  changed_.notify_one();
  return true;
}

void Executor::Shutdown() {
  std::vector<std::thread> workers;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.erase(jobs_.upper_bound(std::chrono::steady_clock::now()), jobs_.end());
    workers.swap(workers_);
  }
  changed_.notify_all();
  for (std::thread& worker : workers) worker.join();
}

void Executor::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (jobs_.empty()) {
      if (stopping_) return;
      changed_.wait(lock);
      continue;
    }
    const SteadyTime due = jobs_.begin()->first;
    if (!stopping_ && due > std::chrono::steady_clock::now()) {
      changed_.wait_until(lock, due);
      continue;
    }
    Job job = std::move(jobs_.begin()->second);
    jobs_.erase(jobs_.begin());
    // The notification of the next job may have come to this worker, which is busy now.
    if (!jobs_.empty()) changed_.notify_one();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

}  // namespace drover::api
