// The agents' control streams.
#include <utility>

#include "common/base/log.h"
#include "common/rpc/limits.h"
#include "controller/fleet/convert.h"
#include "controller/fleet/gateway.h"

namespace drover::fleet {
namespace {

// Beyond the first disconnect in this time, last_seen in the store is good enough as it is.
constexpr Millis kLastSeenGrain{60'000};

}  // namespace

Gateway::SessionPtr Gateway::Connect(grpc::CallbackServerContext* context) {
  const auto host = AuthorizeAgent(*context->auth_context());
  SessionPtr session = Session::Make(context, *this, host.ok() ? host->id : HostId());
  if (!host.ok()) {
    LogWarning("fleet",
               "refused a connection from " + context->peer() + ": " + Message(host.status()));
    EndSession(session, host.status());
    return session;
  }
  {
    const std::lock_guard lock(waiting_mutex_);
    waiting_[session.get()] = session;
  }
  // After the entry in waiting_: Shutdown either sees the entry or is seen here.
  if (stopping_) {
    EndSession(session, Unavailable("the controller is restarting; connect again"));
    return session;
  }
  callbacks_.RunAfter(options_.hello_timeout, [this, weak = std::weak_ptr<Session>(session)] {
    const SessionPtr still = weak.lock();
    if (still == nullptr || !StopWaiting(*still)) return;
    EndSession(still, DeadlineExceeded("no Hello within " + FormatDuration(options_.hello_timeout) +
                                       "; connect again"));
  });
  session->Read();
  return session;
}

bool Gateway::StopWaiting(const Session& session) {
  const std::lock_guard lock(waiting_mutex_);
  return waiting_.erase(&session) > 0;
}

void Gateway::OnMessage(const SessionPtr& session, agent::v1::AgentMessage& message) {
  if (message.has_hello()) {
    OnHello(session, message.hello());
    return;
  }
  if (!hosts_.IsCurrent(*session)) {
    EndSession(session, InvalidArgument("the first message of a connection must be Hello"));
    return;
  }
  switch (message.message_case()) {
    case agent::v1::AgentMessage::kReport:
      OnReport(session, message.report());
      break;
    case agent::v1::AgentMessage::kOperationEvent:
      OnOperation(session, message.operation_event());
      break;
    case agent::v1::AgentMessage::kQueryResult:
      queries_.Complete(session->host(), std::move(*message.mutable_query_result()));
      session->Read();
      break;
    default:
      session->Read();  // of a newer agent
  }
}

std::string Fenced::Text() const {
  return "host " + host + " has obeyed " +
         (epoch == 0 ? "a newer controller" : "a controller of epoch " + std::to_string(epoch)) +
         ", this one has epoch " + std::to_string(own_epoch) +
         ": another controller took over, or this one runs on an old copy of its database. It acts "
         "no more. Keep the one that should command and stop the other; if the other one is gone "
         "for good, start this one once with --take-over";
}

bool Gateway::IsOwnEpoch(uint64_t seen) const {
  if (seen > options_.epoch) return false;
  return options_.previous_epoch == 0 || seen <= options_.previous_epoch || seen == options_.epoch;
}

Status Gateway::Fence(const std::string& host, uint64_t seen) {
  const Fenced fenced{host, seen, options_.epoch};
  fenced_ = true;
  if (listener_ != nullptr) listener_->OnFenced(fenced);
  return FailedPrecondition(fenced.Text());
}

agent::v1::ControllerMessage Gateway::Welcome() const {
  agent::v1::ControllerMessage message;
  agent::v1::Welcome* welcome = message.mutable_welcome();
  welcome->set_epoch(options_.epoch);
  *welcome->mutable_report_interval() = ToProto(rpc::kReportInterval);
  *welcome->mutable_reconnect_window() =
      ToProto(rpc::kReconnectWindowPerAgent * static_cast<int64_t>(hosts_.CountEnrolled()));
  *welcome->mutable_controller_time() = ToProto(clock_.Now());
  return message;
}

void Gateway::OnHello(const SessionPtr& session, const agent::v1::Hello& hello) {
  if (!StopWaiting(*session)) {
    EndSession(session, InvalidArgument("a connection says Hello once"));
    return;
  }
  const auto record = hosts_.Admit(session->host());
  Status status = record.status();
  if (status.ok() && !IsOwnEpoch(hello.highest_epoch())) {
    EndSession(session, Fence(record->name, hello.highest_epoch()));
    return;
  }
  if (!status.ok()) {
    LogError("fleet", Message(status));
    EndSession(session, status);
    return;
  }
  const agent::v1::ControllerMessage welcome = Welcome();
  const std::string name = record->name;
  const Time now = clock_.Now();
  {
    const std::lock_guard order(order_mutex_);
    const auto old = hosts_.Attach(session, now, [&](rollout::HostView& view) {
      // Here nobody can find the session yet, and whoever hears Welcome finds it: nothing else is
      // the first message, and no order is refused after it.
      session->Write(welcome);
      ApplyHello(hello, &view);
      if (hello.has_report()) ApplyReport(hello.report(), now, &view);
    });
    if (!old.ok()) {
      EndSession(session, old.status());
      return;
    }
    if (*old != nullptr) {
      const Status replaced = Aborted("host " + name + " connected anew; this connection is over");
      EndSession(*old, replaced);
      queries_.FailHost(session->host(), Unavailable("host " + name + ": its agent reconnected"));
      callbacks_.Run([this, name] {
        if (listener_ != nullptr) listener_->OnAgentLost(name, "its agent connected anew");
      });
    }
    callbacks_.Run([this, name] {
      if (listener_ != nullptr) listener_->OnAgentConnected(name);
    });
  }
  // Shutdown looked for sessions before this one was in the table.
  if (stopping_) EndSession(session, Unavailable("the controller is restarting; connect again"));
  LogInfo("fleet", "host " + name + " connected");
  NotifyChanged(session->host());
  session->Read();
}

void Gateway::OnReport(const SessionPtr& session, const agent::v1::HostReport& report) {
  const Time now = clock_.Now();
  hosts_.Update(*session, [&](rollout::HostView& view) { ApplyReport(report, now, &view); });
  NotifyChanged(session->host());
  session->Read();
}

void Gateway::OnOperation(const SessionPtr& session, const agent::v1::OperationEvent& event) {
  const auto host = hosts_.Admit(session->host());
  if (!host.ok()) {
    EndSession(session, host.status());
    return;
  }
  const agent::v1::OperationError& error = event.end().error();
  if (error.code() == agent::v1::OPERATION_ERROR_CODE_STALE_EPOCH &&
      (error.highest_epoch() == 0 || error.highest_epoch() > options_.epoch)) {
    EndSession(session, Fence(host->name, error.highest_epoch()));
    return;
  }
  OperationEvent converted = FromProto(event);
  if (converted.is_end) {
    const auto status = hosts_.GetById(session->host());
    const Millis clock_offset = status ? status->view.clock_offset : Millis(0);
    converted.end.started_at -= clock_offset;
    converted.end.ended_at -= clock_offset;
  }
  const std::lock_guard order(order_mutex_);
  if (!hosts_.IsCurrent(*session)) return;
  // The next message is read when the listener has had this one.
  callbacks_.Run([this, session, name = host->name, converted = std::move(converted)] {
    if (listener_ != nullptr) listener_->OnOperationEvent(name, converted);
    session->Read();
  });
}

void Gateway::OnEnd(const SessionPtr& session, const std::string& reason) {
  StopWaiting(*session);
  const Time now = clock_.Now();
  const auto host = hosts_.GetById(session->host());
  {
    const std::lock_guard order(order_mutex_);
    if (!hosts_.Detach(*session, now) || !host.has_value()) return;
    StoreLastSeen(session->host(), now);
    queries_.FailHost(session->host(), Unavailable("host " + host->view.name +
                                                   ": its agent disconnected: " + reason));
    callbacks_.Run([this, name = host->view.name, reason] {
      if (listener_ != nullptr) listener_->OnAgentLost(name, reason);
    });
  }
  LogInfo("fleet", "host " + host->view.name + " disconnected: " + reason);
  NotifyChanged(session->host());
}

void Gateway::StoreLastSeen(const HostId& host, Time now) {
  // A controller that stops does not wait for one write for each of its hosts.
  if (stopping_) return;
  records_.Run([this, host, now] {
    const auto changed = hosts_.Change(host, [now](store::HostRecord& record) {
      if (now - record.last_seen > kLastSeenGrain) record.last_seen = now;
    });
    if (!changed.ok()) LogWarning("fleet", Message(changed.status()));
  });
}

}  // namespace drover::fleet
