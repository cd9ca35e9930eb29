// A server stream that is read on a thread of its own and connected again where it is lost.
#ifndef DROVER_CONTROLLER_CLI_FOLLOWER_H_
#define DROVER_CONTROLLER_CLI_FOLLOWER_H_

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "common/base/time.h"

namespace drover::cli {

// Tries in a row before a lost stream is given up.
inline constexpr int kTries = 10;

struct FollowerLimits {
  // How long the first try lasts at least; the next ones twice as long each, up to twelve times.
  Millis retry_first{1000};
  int tries = kTries;
};

// "connection to the controller lost; connecting again, try 3 of 10"; empty while all is well.
std::string RetryNotice(int attempt, const FollowerLimits& limits);

// How long try `attempt` (1 is the first) lasts before the next one begins.
Millis RetrySpan(int attempt, const FollowerLimits& limits);

// All but Interrupt() belong to one thread, the owner's.
template <typename Message>
class Follower {
 public:
  using Clock = std::chrono::steady_clock;
  using Reader = grpc::ClientReaderInterface<Message>;
  // Begins the stream where the caller has got to. Called on the follower's own thread, one call at
  // a time, never while Next() delivers.
  using Open = std::function<std::unique_ptr<Reader>(grpc::ClientContext*)>;

  enum class What {
    kMessage,
    // notice() is another one now.
    kNotice,
    kTimeout,
    kInterrupted,
    // The server ended the stream without an error.
    kEnded,
    // status() says why: an error that trying again does not mend, or too many tries.
    kFailed
  };

  // `is_up` says whether a connection to the server stands.
  Follower(Open open, std::function<bool()> is_up, const FollowerLimits& limits)
      : open_(std::move(open)), is_up_(std::move(is_up)), limits_(limits) {
    Start();
  }
  ~Follower() { Stop(); }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Waits at most until `until`. Where a message came, it is moved to `message`.
  What Next(Message* message, Clock::time_point until) {
    std::unique_lock lock(mutex_);
    const Clock::time_point wake = attempt_ > 0 ? std::min(until, try_ends_) : until;
    changed_.wait_until(lock, wake, [&] {
      return interrupted_ || !queue_.empty() || (ended_ && (attempt_ == 0 || !WorthTrying()));
    });
    if (interrupted_) return What::kInterrupted;
    if (!queue_.empty()) {
      if (Connected()) return What::kNotice;
      *message = std::move(queue_.front());
      queue_.pop_front();
      changed_.notify_all();
      return What::kMessage;
    }
    if (attempt_ == 0 && !ended_) return What::kTimeout;
    if (ended_ && !WorthTrying()) {
      return status_.ok() ? What::kEnded : What::kFailed;
    }
    if (attempt_ > 0 && Clock::now() < try_ends_) return What::kTimeout;
    if (!ended_ && is_up_()) return Connected() ? What::kNotice : What::kTimeout;
    return TryAgain(lock);
  }

  // After kEnded: the stream should not have ended, so it counts as lost. It is opened again a
  // while later, so that a server that ends it each time is not asked without a pause.
  void Lost() {
    const std::lock_guard lock(mutex_);
    status_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the stream ended too early");
    BeginTry();
  }

  // Makes Next() return kInterrupted. Thread safe.
  void Interrupt() {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    changed_.notify_all();
  }

  const std::string& notice() const { return notice_; }
  const grpc::Status& status() const { return status_; }

 private:
  // Backpressure: the reader waits while so many messages have not been taken.
  static constexpr size_t kQueued = 64;

  // What a controller that ends or a broken connection looks like from here.
  bool WorthTrying() const {
    return status_.error_code() == grpc::StatusCode::UNAVAILABLE ||
           status_.error_code() == grpc::StatusCode::CANCELLED ||
           status_.error_code() == grpc::StatusCode::UNKNOWN;
  }

  void BeginTry() {
    ++attempt_;
    notice_ = RetryNotice(attempt_, limits_);
    try_ends_ = Clock::now() + RetrySpan(attempt_, limits_);
  }

  // True where a try was under way and is over now.
  bool Connected() {
    if (attempt_ == 0) return false;
    attempt_ = 0;
    notice_.clear();
    return true;
  }

  What TryAgain(std::unique_lock<std::mutex>& lock) {
    if (attempt_ >= limits_.tries) {
      if (status_.ok()) status_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection lost");
      return What::kFailed;
    }
    BeginTry();
    lock.unlock();
    Stop();
    Start();
    return What::kNotice;
  }

  void Start() {
    context_ = std::make_unique<grpc::ClientContext>();
    // The first call tells at once where nobody listens; a later one waits for its chance.
    context_->set_wait_for_ready(attempt_ > 0);
    ended_ = false;
    stopping_ = false;
    queue_.clear();
    thread_ = std::thread([this] { Read(); });
  }

  void Stop() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    context_->TryCancel();
    thread_.join();
  }

  void Read() {
    const std::unique_ptr<Reader> reader = open_(context_.get());
    Message message;
    while (reader->Read(&message)) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || queue_.size() < kQueued; });
      if (stopping_) break;
      queue_.push_back(std::move(message));
      message = Message();
      changed_.notify_all();
    }
    const grpc::Status status = reader->Finish();
    const std::lock_guard lock(mutex_);
    if (!stopping_) status_ = status;
    ended_ = true;
    changed_.notify_all();
  }

  const Open open_;
  const std::function<bool()> is_up_;
  const FollowerLimits limits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::thread thread_;
  std::deque<Message> queue_;
  bool ended_ = false;
  bool stopping_ = false;
  bool interrupted_ = false;
  grpc::Status status_;
  // 0 while connected.
  int attempt_ = 0;
  Clock::time_point try_ends_;
  std::string notice_;
};

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_FOLLOWER_H_
