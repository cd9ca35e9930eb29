#include "controller/fleet/worker.h"

#include <utility>

namespace drover::fleet {

Worker::Worker() : thread_([this] { Loop(); }) {}

Worker::~Worker() { Stop(); }

void Worker::Run(Task task) {
  {
    const std::lock_guard lock(mutex_);
    ready_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void Worker::RunAfter(Millis delay, Task task) {
  {
    const std::lock_guard lock(mutex_);
    delayed_.emplace(std::chrono::steady_clock::now() + delay, std::move(task));
  }
  wake_.notify_one();
}

void Worker::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Worker::Loop() {
  while (Task task = Next()) task();
}

Worker::Task Worker::Next() {
  std::unique_lock lock(mutex_);
  while (true) {
    const bool due =
        !delayed_.empty() && delayed_.begin()->first <= std::chrono::steady_clock::now();
    if (due && !stopping_) {
      ready_.push_back(std::move(delayed_.begin()->second));
      delayed_.erase(delayed_.begin());
      continue;
    }
    if (!ready_.empty()) {
      Task task = std::move(ready_.front());
      ready_.pop_front();
      return task;
    }
    if (stopping_) return nullptr;
    if (delayed_.empty()) {
      wake_.wait(lock);
    } else {
      wake_.wait_until(lock, delayed_.begin()->first);
    }
  }
}

}  // namespace drover::fleet
