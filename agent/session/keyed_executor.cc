#include "agent/session/keyed_executor.h"

#include <utility>

namespace drover::agent {

KeyedExecutor::KeyedExecutor(size_t max_threads, size_t max_waiting)
    : max_threads_(max_threads), max_waiting_(max_waiting) {}

KeyedExecutor::~KeyedExecutor() {
  Stop();
  for (std::thread& thread : threads_) thread.join();
}

bool KeyedExecutor::Push(const std::string& key, std::function<void()> task) {
  std::lock_guard lock(mutex_);
  if (stopped_ || waiting_ >= max_waiting_) return false;
  Queue& queue = queues_[key];
  queue.tasks.push_back(std::move(task));
  ++waiting_;
  if (queue.running || queue.tasks.size() > 1) return true;
  ready_.push_back(key);
  if (threads_.size() < max_threads_ && running_ + ready_.size() > threads_.size()) {
    threads_.emplace_back([this] { Work(); });
  }
  wake_.notify_one();
  return true;
}

void KeyedExecutor::Stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  ready_.clear();
  for (auto& [key, queue] : queues_) queue.tasks.clear();
  waiting_ = 0;
  wake_.notify_all();
}

bool KeyedExecutor::WaitIdle(Millis timeout) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, timeout, [this] { return running_ == 0; });
}

void KeyedExecutor::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopped_ || !ready_.empty(); });
    if (stopped_) return;
    const std::string key = std::move(ready_.front());
    ready_.pop_front();
    Queue& queue = queues_[key];
    std::function<void()> task = std::move(queue.tasks.front());
    queue.tasks.pop_front();
    queue.running = true;
    --waiting_;
    ++running_;
    lock.unlock();
    task();
    task = nullptr;  // what it holds goes before anybody is told that it is over
    lock.lock();
    --running_;
    queue.running = false;
    if (queue.tasks.empty()) {
      queues_.erase(key);
    } else {
      ready_.push_back(key);
      wake_.notify_one();
    }
    if (running_ == 0) idle_.notify_all();
  }
}

}  // namespace drover::agent
