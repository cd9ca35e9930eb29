// Worker threads that run tasks of one key in order, one at a time, and of different keys in
// parallel: operations by project, queries by their id.
#ifndef DROVER_AGENT_SESSION_KEYED_EXECUTOR_H_
#define DROVER_AGENT_SESSION_KEYED_EXECUTOR_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/time.h"

namespace drover::agent {

// Thread safe. Threads are made when they are first needed, and then wait without timers.
class KeyedExecutor {
 public:
  // At most `max_threads` tasks run at once; at most `max_waiting` wait to run.
  KeyedExecutor(size_t max_threads, size_t max_waiting);
  // Waits for the tasks that run; drops those that wait.
  ~KeyedExecutor();
  KeyedExecutor(const KeyedExecutor&) = delete;
  KeyedExecutor& operator=(const KeyedExecutor&) = delete;

  // Never blocks. False where too many tasks wait or the executor was stopped; then `task` is
  // dropped.
  bool Push(const std::string& key, std::function<void()> task);

  // Takes no more tasks and drops those that wait.
  void Stop();

  // After Stop: waits for the running tasks up to `timeout`; true where none runs any more.
  bool WaitIdle(Millis timeout);

 private:
  struct Queue {
    std::deque<std::function<void()>> tasks;
    bool running = false;
  };

  void Work();

  const size_t max_threads_;
  const size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::map<std::string, Queue> queues_;  // of keys with a waiting or running task
  std::deque<std::string> ready_;        // keys whose first task may run now
  size_t waiting_ = 0;
  size_t running_ = 0;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_KEYED_EXECUTOR_H_
