#include "controller/fleet/session.h"

#include <algorithm>
#include <utility>

#include "common/rpc/channel.h"

namespace drover::fleet {

using agent::v1::ControllerMessage;

Session::Session(grpc::CallbackServerContext* context, Owner& owner, HostId host)
    : owner_(owner), host_(std::move(host)), context_(context) {}

std::shared_ptr<Session> Session::Make(grpc::CallbackServerContext* context, Owner& owner,
                                       HostId host) {
  std::shared_ptr<Session> session(new Session(context, owner, std::move(host)));
  session->self_ = session;
  return session;
}

void Session::Read() {
  const std::lock_guard lock(mutex_);
  if (!ended_) StartRead(&incoming_);
}

bool Session::Write(ControllerMessage message) {
  const std::lock_guard lock(mutex_);
  if (ended_) return false;
  if (queue_.size() >= kMaxQueued) {
    EndLocked(MakeStatus(StatusCode::kResourceExhausted,
                         "the agent does not read what the controller sends; connect again"));
    return false;
  }
  queue_.push_back(std::move(message));
  StartNextWriteLocked();
  return true;
}

void Session::Acknowledge(const OperationId& id, uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  uint64_t& known = acknowledgements_[id.str()];
  known = std::max(known, sequence);
  StartNextWriteLocked();
}

void Session::End(const Status& status) {
  const std::lock_guard lock(mutex_);
  EndLocked(status);
}

void Session::CutIfNotDone() {
  const std::lock_guard lock(mutex_);
  if (context_ != nullptr) context_->TryCancel();
}

void Session::EndLocked(const Status& status) {
  if (ended_) return;
  ended_ = true;
  reason_ = status.ok() ? "the agent closed the connection" : Message(status);
  queue_.clear();
  acknowledgements_.clear();
  Finish(rpc::ToGrpc(status));
}

void Session::StartNextWriteLocked() {
  if (writing_ || ended_) return;
  if (!acknowledgements_.empty()) {
    outgoing_.Clear();
    for (const auto& [id, sequence] : acknowledgements_) {
      auto* ack = outgoing_.mutable_ack_events()->add_acks();
      ack->set_operation_id(id);
      ack->set_sequence(sequence);
    }
    acknowledgements_.clear();
  } else if (!queue_.empty()) {
    outgoing_ = std::move(queue_.front());
    queue_.pop_front();
  } else {
    return;
  }
  writing_ = true;
  StartWrite(&outgoing_);
}

void Session::OnReadDone(bool ok) {
  if (!ok) {
    End(OkStatus());
    return;
  }
  // Out of incoming_, so that a waiting session does not hold the memory of a large report.
  agent::v1::AgentMessage message;
  message.Swap(&incoming_);
  // OnDone cannot come before this returns, so self_ is there.
  owner_.OnMessage(self_, message);
}

void Session::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  if (!ok) {
    EndLocked(Unavailable("the connection broke"));
    return;
  }
  StartNextWriteLocked();
}

void Session::OnCancel() { End(MakeStatus(StatusCode::kCancelled, "the connection broke")); }

void Session::OnDone() {
  const std::shared_ptr<Session> self = std::move(self_);
  std::string reason;
  {
    const std::lock_guard lock(mutex_);
    context_ = nullptr;
    ended_ = true;
    reason = reason_.empty() ? "the connection broke" : reason_;
  }
  owner_.OnEnd(self, reason);
}

}  // namespace drover::fleet
