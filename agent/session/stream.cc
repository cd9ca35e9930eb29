#include "agent/session/stream.h"

#include <utility>

#include "common/base/log.h"

namespace drover::agent {

ControlStream::ControlStream(const std::shared_ptr<grpc::Channel>& channel, Numberer numberer,
                             StreamListener* listener)
    : stub_(v1::AgentGateway::NewStub(channel)),
      numberer_(std::move(numberer)),
      listener_(listener) {}

std::shared_ptr<ControlStream> ControlStream::Make(const std::shared_ptr<grpc::Channel>& channel,
                                                   Numberer numberer, StreamListener* listener) {
  std::shared_ptr<ControlStream> stream(new ControlStream(channel, std::move(numberer), listener));
  stream->self_ = stream;
  return stream;
}

void ControlStream::Open(const v1::Hello& hello) {
  stub_->async()->Connect(&context_, this);
  *writing_.mutable_hello() = hello;
  write_under_way_ = true;
  StartWrite(&writing_);
  StartRead(&incoming_);
  // Writes begin outside of reactions as well; the hold goes when reading ends.
  AddHold();
  StartCall();
}

void ControlStream::Send(v1::AgentMessage message) {
  std::unique_lock lock(mutex_);
  if (closed_) return;
  if (waiting_.size() >= kMaxWaiting) {
    LogWarning("session", "the controller does not read: the connection is made anew");
    lock.unlock();
    return Close();
  }
  waiting_.push_back(std::move(message));
  Kick(std::move(lock));
}

void ControlStream::SendReport(v1::HostReport report) {
  std::unique_lock lock(mutex_);
  report_ = std::move(report);
  Kick(std::move(lock));
}

void ControlStream::SendProgress(const std::string& operation_id,
                                 const v1::OperationProgress& progress) {
  std::unique_lock lock(mutex_);
  progress_[operation_id] = progress;
  Kick(std::move(lock));
}

void ControlStream::Close() { context_.TryCancel(); }

// StartWrite runs without the lock, as gRPC may call a reaction from inside of it. The hold of its
// own keeps the call alive should reading end in between.
void ControlStream::Kick(std::unique_lock<std::mutex> lock) {
  if (closed_ || write_under_way_ || !TakeNext()) return;
  write_under_way_ = true;
  AddHold();
  lock.unlock();
  StartWrite(&writing_);
  RemoveHold();
}

bool ControlStream::TakeNext() {
  if (!waiting_.empty()) {
    writing_ = std::move(waiting_.front());
    waiting_.pop_front();
    return true;
  }
  if (report_) {
    writing_.Clear();
    *writing_.mutable_report() = std::move(*report_);
    report_.reset();
    return true;
  }
  return TakeProgress();
}

bool ControlStream::TakeProgress() {
  while (!progress_.empty()) {
    const auto first = progress_.begin();
    const uint64_t sequence = numberer_(first->first);
    if (sequence != 0) {
      writing_.Clear();
      v1::OperationEvent* event = writing_.mutable_operation_event();
      event->set_operation_id(first->first);
      event->set_sequence(sequence);
      *event->mutable_progress() = std::move(first->second);
    }
    progress_.erase(first);
    if (sequence != 0) return true;
  }
  return false;
}

void ControlStream::OnReadDone(bool ok) {
  if (ok) {
    listener_->OnMessage(std::move(incoming_));
    incoming_.Clear();
    StartRead(&incoming_);
    return;
  }
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    waiting_.clear();
    progress_.clear();
  }
  RemoveHold();
}

void ControlStream::OnWriteDone(bool ok) {
  {
    std::lock_guard lock(mutex_);
    write_under_way_ = ok && !closed_ && TakeNext();
    if (!write_under_way_) return;
  }
  // In a reaction: the call cannot end before it returns.
  StartWrite(&writing_);
}

void ControlStream::OnDone(const grpc::Status& status) {
  const std::shared_ptr<ControlStream> self = std::move(self_);
  listener_->OnClosed(status);
}

}  // namespace drover::agent
