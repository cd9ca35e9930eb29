// A server stream that is pulled: one message is made when the one before it was written.
#ifndef DROVER_CONTROLLER_API_STREAM_H_
#define DROVER_CONTROLLER_API_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "common/rpc/channel.h"
#include "controller/api/desk.h"

namespace drover::api {

// What a look for the next message found.
struct Found {
  enum class What { kMessage, kNothing, kEnd };
  What what = What::kNothing;
  grpc::Status status;  // where kEnd

  static Found Message() { return {What::kMessage, {}}; }
  static Found Nothing() { return {What::kNothing, {}}; }
  static Found End(const grpc::Status& status) { return {What::kEnd, status}; }
};

// Where a stream's messages come from. Find runs on a worker, one at a time, and may block; it is
// asked again after each written message, and after each Poke once it found nothing. A slow reader
// costs no memory: state that changed meanwhile is looked at once, when it can be written.
template <typename Response>
class Source {
 public:
  virtual ~Source() = default;
  virtual Found Find(Response* message) = 0;
  // Called once, on a worker, after the call ended: unsubscribe here.
  virtual void Close() {}
};

// Thread safe. Lives as long as somebody may poke it.
template <typename Response>
class Stream final : public OpenCall, public std::enable_shared_from_this<Stream<Response>> {
 public:
  explicit Stream(Desk& desk) : desk_(desk) {}

  static grpc::ServerWriteReactor<Response>* React(const std::shared_ptr<Stream>& stream) {
    stream->reactor_ = new Reactor(stream);
    return stream->reactor_;
  }

  // Begins; `source` is dropped after its Close.
  void Start(std::unique_ptr<Source<Response>> source) {
    std::unique_lock lock(mutex_);
    source_ = std::move(source);
    if (done_) {
      lock.unlock();
      CloseSource();
      return;
    }
    poked_ = true;
    Look(lock);
  }

  // Something may have changed: look again.
  void Poke() {
    std::unique_lock lock(mutex_);
    poked_ = true;
    Look(lock);
  }

  // Ends the call as soon as the message that is being written is out.
  void Stop(const grpc::Status& status) override {
    std::unique_lock lock(mutex_);
    if (!end_) end_ = status;
    EndIfIdle(lock);
  }

 private:
  class Reactor final : public grpc::ServerWriteReactor<Response> {
   public:
    explicit Reactor(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
    void OnWriteDone(bool ok) override { stream_->Written(ok); }
    void OnCancel() override { stream_->Stop(grpc::Status::CANCELLED); }
    void OnDone() override {
      stream_->Done();
      delete this;
    }

   private:
    const std::shared_ptr<Stream> stream_;
  };

  // gRPC is called without the lock: it may react on this very thread.
  void EndIfIdle(std::unique_lock<std::mutex>& lock) {
    if (!end_ || ended_ || writing_) return;
    ended_ = true;
    lock.unlock();
    reactor_->Finish(*end_);
  }

  void Look(std::unique_lock<std::mutex>& lock) {
    if (!poked_ || looking_ || writing_ || end_ || !source_) return;
    poked_ = false;
    looking_ = true;
    const bool taken = desk_.executor().Post([self = this->shared_from_this()] { self->Find(); });
    if (taken) return;
    looking_ = false;
    lock.unlock();
    Stop(desk_.Refusal());
  }

  void Find() {
    message_.Clear();
    Found found = source_->Find(&message_);
    std::unique_lock lock(mutex_);
    looking_ = false;
    if (done_) {
      lock.unlock();
      CloseSource();
      return;
    }
    if (!end_ && found.what == Found::What::kEnd) end_ = found.status;
    if (end_) {
      EndIfIdle(lock);
    } else if (found.what == Found::What::kMessage) {
      writing_ = true;
      lock.unlock();
      reactor_->StartWrite(&message_);
    } else {
      Look(lock);
    }
  }

  void Written(bool ok) {
    std::unique_lock lock(mutex_);
    writing_ = false;
    poked_ = true;
    if (!ok && !end_) end_ = grpc::Status::CANCELLED;
    if (end_) {
      EndIfIdle(lock);
    } else {
      Look(lock);
    }
  }

  // The last reaction. Where a look runs still, it closes the source when it comes back.
  void Done() {
    desk_.Closed(this);
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
      if (looking_) return;
    }
    const bool taken =
        desk_.executor().Post([self = this->shared_from_this()] { self->CloseSource(); });
    if (!taken) CloseSource();
  }

  void CloseSource() {
    std::unique_ptr<Source<Response>> source;
    {
      const std::lock_guard lock(mutex_);
      source.swap(source_);
    }
    if (source) source->Close();
  }

  Desk& desk_;
  Reactor* reactor_ = nullptr;  // valid until the call ended and no write is out
  std::mutex mutex_;
  std::unique_ptr<Source<Response>> source_;
  Response message_;
  bool poked_ = false;
  bool looking_ = false;  // Find is queued or runs; it alone touches source_ and message_
  bool writing_ = false;  // message_ is gRPC's
  std::optional<grpc::Status> end_;  // asked for
  bool ended_ = false;               // Finish was called
  bool done_ = false;
};

// Pokes the stream after `delay`, where it is alive then; false where the desk takes no more.
template <typename Response>
bool PokeLater(Desk& desk, const std::weak_ptr<Stream<Response>>& stream, Millis delay) {
  return desk.executor().Post(
      [stream] {
        if (const auto alive = stream.lock()) alive->Poke();
      },
      delay);
}

// Answers a streaming call: admits the caller, then `make` builds the source on a worker (it may
// block; an error ends the call).
template <typename Request, typename Response>
grpc::ServerWriteReactor<Response>* Streaming(
    Desk& desk, grpc::CallbackServerContext* context, const Request* request,
    const std::string& rpc,
    std::function<StatusOr<std::unique_ptr<Source<Response>>>(
        const Caller&, const Request&, const std::shared_ptr<Stream<Response>>&)>
        make) {
  const StatusOr<Caller> caller = desk.Admit(*context, rpc);
  auto stream = std::make_shared<Stream<Response>>(desk);
  grpc::ServerWriteReactor<Response>* const reactor = Stream<Response>::React(stream);
  if (!caller.ok()) {
    stream->Stop(rpc::ToGrpc(caller.status()));
    return reactor;
  }
  const bool taken = desk.Opened(stream) &&
                     desk.executor().Post([stream, caller = *caller, question = *request, make] {
                       auto source = make(caller, question, stream);
                       if (!source.ok()) {
                         stream->Stop(rpc::ToGrpc(source.status()));
                       } else {
                         stream->Start(std::move(*source));
                       }
                     });
  if (!taken) stream->Stop(desk.Refusal());
  return reactor;
}

}  // namespace drover::api

#endif  // DROVER_CONTROLLER_API_STREAM_H_
