// An answer that comes from another thread, waited for.
#ifndef DROVER_CONTROLLER_API_AWAIT_H_
#define DROVER_CONTROLLER_API_AWAIT_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::api {

// Blocks until what is given to `ask` was called; DEADLINE_EXCEEDED after `limit`, which is above
// what the answer may take by itself: one that was dropped holds no worker for ever.
template <typename Answer>
StatusOr<Answer> Await(Millis limit,
                       const std::function<void(std::function<void(StatusOr<Answer>)>)>& ask) {
  struct Box {
    std::mutex mutex;
    std::condition_variable filled;
    std::optional<StatusOr<Answer>> answer;
  };
  const auto box = std::make_shared<Box>();
  ask([box](StatusOr<Answer> answer) {
    const std::lock_guard lock(box->mutex);
    box->answer = std::move(answer);
    box->filled.notify_all();
  });
  std::unique_lock lock(box->mutex);
  box->filled.wait_for(lock, limit, [&box] { return box->answer.has_value(); });
  if (!box->answer) return DeadlineExceeded("the host gave no answer");
  return std::move(*box->answer);
}

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_AWAIT_H_
