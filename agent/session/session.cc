#include "agent/session/session.h"

#include <algorithm>
#include <utility>

#include "agent/session/callback_threads.h"
#include "agent/session/failure.h"
#include "agent/session/proto_time.h"
#include "agent/session/renewal.h"
#include "common/base/log.h"
#include "common/crypto/crypto.h"
#include "common/rpc/channel.h"
#include "common/rpc/limits.h"

namespace drover::agent {
namespace {

using std::chrono::steady_clock;

constexpr char kRoom[] = "session";
// Changes that come closer together than this are told in one report.
constexpr Millis kReportGap{100};
constexpr Millis kFollowHeartbeat{10'000};
constexpr Millis kRenewalCheck{60'000};
constexpr Millis kRenewalRetry{10 * 60'000};
constexpr Millis kSameFailureAgain{5 * 60'000};
constexpr Millis kMinReportInterval{100};
constexpr Millis kMaxReportInterval{5 * 60'000};
constexpr size_t kMaxReportBytes = rpc::kMaxMessageBytes / 2;

void BoundReport(v1::HostReport* report) {
  if (report->ByteSizeLong() <= kMaxReportBytes) return;
  LogError(kRoom, "the report of this host is too long; its last projects are left out");
  while (report->ByteSizeLong() > kMaxReportBytes && report->projects_size() > 0) {
    report->mutable_projects()->RemoveLast();
  }
}

}  // namespace

Session::Session(SessionParts parts, SessionOptions options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      report_interval_(rpc::kReportInterval),
      backoff_(options_.random),
      renewal_random_(options_.random()),
      queries_(parts_.verbs),
      operations_(parts_.journal, parts_.verbs, parts_.clock, this, options_.operations) {}

Session::~Session() { Stop(Millis(0)); }

Status Session::Start() {
  KeepCallbackThreads();
  DROVER_RETURN_IF_ERROR(operations_.Recover());
  dialer_ = std::thread([this] { DialLoop(); });
  reporter_ = std::thread([this] { ReportLoop(); });
  return OkStatus();
}

bool Session::Stop(Millis grace) {
  const bool idle = operations_.Stop(grace);
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (dialer_.joinable()) dialer_.join();
  if (reporter_.joinable()) reporter_.join();
  queries_.EndFollows();
  return idle;
}

bool Session::Stopping() {
  std::lock_guard lock(mutex_);
  return stopping_;
}

void Session::WaitForStop(Millis at_most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, at_most, [this] { return stopping_; });
}

void Session::DialLoop() {
  while (!Stopping()) {
    const Status status = ConnectOnce();
    if (Stopping()) return;
    if (status.ok()) continue;
    ReportFailure(status, address_);
    {
      std::lock_guard lock(mutex_);
      backoff_.SetWindow(window_);
    }
    const bool refused = ExplainFailure(status, address_).refused;
    WaitForStop(refused ? backoff_.NextSlow() : backoff_.Next());
  }
}

// Says what is new at once, and what stays the same from time to time.
void Session::ReportFailure(const Status& status, const std::string& address) {
  const std::string text = address.empty() ? Message(status) : ExplainFailure(status, address).text;
  const auto now = steady_clock::now();
  if (text == last_failure_ && now - last_failure_at_ < kSameFailureAgain) {
    LogDebug(kRoom, text);
    return;
  }
  last_failure_ = text;
  last_failure_at_ = now;
  LogWarning(kRoom, text);
  if (options_.on_status) options_.on_status("not connected: " + text);
}

Status Session::ConnectOnce() {
  address_.clear();
  DROVER_ASSIGN_OR_RETURN(const HostIdentity identity, parts_.identity->Load());
  address_ = identity.controller;
  // Without one the connection fails, and says so.
  if (const auto fleet = crypto::CertificateDigest(identity.ca); fleet.ok()) {
    DROVER_RETURN_IF_ERROR(operations_.EnterFleet(*fleet));
  }
  PlanRenewal(identity);
  const v1::Hello hello = MakeHello(identity);
  const auto channel = parts_.channels(identity);
  const auto stream = ControlStream::Make(
      channel, [this](const std::string& id) { return parts_.journal->NumberProgress(id); }, this);
  {
    std::lock_guard lock(mutex_);
    stream_ = stream;
    channel_ = channel;
    welcomed_ = live_ = closed_ = connect_anew_ = false;
    controller_clock_.Clear();
  }
  stream->Open(hello);
  const Status status = HoldConnection(channel, identity);
  stream->Close();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_; });
  stream_.reset();
  channel_.reset();
  live_ = false;
  lock.unlock();
  queries_.EndFollows();
  return status;
}

Status Session::HoldConnection(const std::shared_ptr<grpc::Channel>& channel,
                               const HostIdentity& identity) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, rpc::kHandshakeTimeout,
                    [this] { return welcomed_ || closed_ || stopping_; });
  if (!welcomed_ && !closed_ && !stopping_) {
    return DeadlineExceeded("no Welcome within " + FormatDuration(rpc::kHandshakeTimeout));
  }
  if (welcomed_) {
    lock.unlock();
    backoff_.Reset();
    last_failure_.clear();
    LogInfo(kRoom, "connected to the controller at " + identity.controller + " as host " +
                       identity.host_name + " (" + identity.host_id + ")");
    if (options_.on_status) options_.on_status("connected to " + identity.controller);
    lock.lock();
  }
  while (!closed_ && !stopping_ && !connect_anew_) {
    lock.unlock();
    if (RenewIfDue(channel, identity)) return OkStatus();
    lock.lock();
    changed_.wait_for(lock, kRenewalCheck,
                      [this] { return closed_ || stopping_ || connect_anew_; });
  }
  if (!closed_) return OkStatus();
  Status status = rpc::FromGrpc(close_status_);
  // An orderly end by the controller is a reason to wait as well.
  if (status.ok()) status = Unavailable("it has ended the call");
  const bool lost = welcomed_ && status.code() == StatusCode::kUnavailable;
  return lost ? Unavailable(kConnectionLost + Message(status)) : status;
}

void Session::PlanRenewal(const HostIdentity& identity) {
  const auto certificate = crypto::ReadCertificate(identity.certificate_chain);
  if (!certificate.ok()) {
    renew_at_ = Time::max();
    LogError(kRoom, parts_.identity->path() + ": " + Message(certificate.status()));
    return;
  }
  renew_at_ = RenewalTime(certificate->not_before, certificate->not_after, renewal_random_);
  if (certificate->not_after <= parts_.clock->Now()) {
    LogError(kRoom, "this host's certificate ended at " + FormatTime(certificate->not_after) +
                        ": make a token (drover token create) and run drover-agent join --force");
  }
}

bool Session::RenewIfDue(const std::shared_ptr<grpc::Channel>& channel,
                         const HostIdentity& identity) {
  const Time now = parts_.clock->Now();
  if (now < renew_at_) return false;
  const auto renewed = RenewIdentity(channel, identity);
  Status status = renewed.status();
  if (status.ok()) status = parts_.identity->Save(*renewed);
  if (status.ok()) {
    LogInfo(kRoom, "the certificate was renewed; connecting with the new one");
    return true;
  }
  renew_at_ = now + kRenewalRetry;
  LogWarning(kRoom, "the certificate could not be renewed, next try in " +
                        FormatDuration(kRenewalRetry) + ": " + Message(status));
  return false;
}

v1::Hello Session::MakeHello(const HostIdentity& identity) {
  v1::Hello hello;
  parts_.verbs->FillHello(&hello);
  hello.set_host_name(identity.host_name);
  hello.set_agent_version(options_.agent_version);
  hello.set_boot_id(options_.boot_id);
  *hello.mutable_report() = parts_.verbs->Report();
  BoundReport(hello.mutable_report());
  const auto epoch = parts_.journal->HighestEpoch();
  const auto open = parts_.journal->UnacknowledgedOperations();
  if (epoch.ok()) hello.set_highest_epoch(*epoch);
  if (open.ok()) hello.mutable_unacknowledged_operations()->Assign(open->begin(), open->end());
  return hello;
}

void Session::OnMessage(v1::ControllerMessage message) {
  switch (message.message_case()) {
    case v1::ControllerMessage::kWelcome:
      return OnWelcome(message.welcome());
    case v1::ControllerMessage::kStartOperation:
      return OnStartOperation(std::move(*message.mutable_start_operation()));
    case v1::ControllerMessage::kCancelOperation:
      return operations_.Cancel(std::move(*message.mutable_cancel_operation()));
    case v1::ControllerMessage::kAckEvents:
      return operations_.Acknowledge(std::move(*message.mutable_ack_events()));
    case v1::ControllerMessage::kQuery:
      break;
    case v1::ControllerMessage::MESSAGE_NOT_SET:
      return LogWarning(kRoom, "ignored a message of a kind that this agent does not know");
  }
  std::unique_lock lock(mutex_);
  const std::weak_ptr<ControlStream> stream = stream_;
  const auto channel = channel_;
  lock.unlock();
  queries_.Answer(message.query(), channel, [stream](const v1::QueryResult& result) {
    const auto to = stream.lock();
    if (!to) return;
    v1::AgentMessage answer;
    *answer.mutable_query_result() = result;
    to->Send(std::move(answer));
  });
}

// Times become those of this host's clock. Where that clock cannot be trusted the order is dropped
// with its connection: the controller sends it again over the next.
void Session::OnStartOperation(v1::StartOperation order) {
  std::unique_lock lock(mutex_);
  const auto translate = [this, host = parts_.clock->Now(),
                          now = steady_clock::now()](google::protobuf::Timestamp* time) {
    const auto known = controller_clock_.ToHost(FromProto(*time), host, now);
    if (known) *time = ToProto(*known);
    return known.has_value();
  };
  if ((order.has_deadline() && !translate(order.mutable_deadline())) ||
      (order.has_begin_by() && !translate(order.mutable_begin_by()))) {
    LogWarning(kRoom,
               "this host's clock was set, or the host slept: connecting anew, to hear the "
               "controller's time");
    connect_anew_ = true;
    changed_.notify_all();
    return;
  }
  lock.unlock();
  operations_.Start(std::move(order));
}

void Session::OnWelcome(const v1::Welcome& welcome) {
  std::unique_lock lock(mutex_);
  const std::weak_ptr<ControlStream> stream = stream_;
  if (welcome.has_report_interval()) {
    report_interval_ =
        std::clamp(FromProto(welcome.report_interval()), kMinReportInterval, kMaxReportInterval);
  }
  window_ = std::max(FromProto(welcome.reconnect_window()), Millis(0));
  next_report_ = steady_clock::now() + report_interval_;
  if (welcome.has_controller_time()) {
    controller_clock_.Set(FromProto(welcome.controller_time()), parts_.clock->Now(),
                          steady_clock::now());
  }
  welcomed_ = true;
  lock.unlock();
  changed_.notify_all();
  operations_.Welcome(welcome.epoch(), [this, stream] { GoLive(stream); });
}

void Session::GoLive(const std::weak_ptr<ControlStream>& stream) {
  {
    std::lock_guard lock(mutex_);
    if (closed_ || stream.lock() != stream_) return;
    live_ = true;
  }
  OnJournaled();
}

void Session::OnClosed(const grpc::Status& status) {
  // Under the lock: the dialing thread may go on, and this object with it, once closed_ is seen.
  std::lock_guard lock(mutex_);
  close_status_ = status;
  closed_ = true;
  live_ = false;
  changed_.notify_all();
}

std::shared_ptr<ControlStream> Session::LiveStream() {
  std::lock_guard lock(mutex_);
  return live_ ? stream_ : nullptr;
}

// Events reach a stream in the order of the journal, each once, whoever journaled them.
void Session::OnJournaled() {
  std::lock_guard lock(pump_mutex_);
  const auto stream = LiveStream();
  if (!stream) return;
  if (pumped_.lock() != stream) {
    pumped_ = stream;
    position_ = 0;
  }
  auto events = parts_.journal->EventsAfter(position_);
  if (!events.ok()) {
    LogError(kRoom, "events cannot be read: " + Message(events.status()));
    return;
  }
  for (JournaledEvent& next : *events) {
    v1::AgentMessage message;
    *message.mutable_operation_event() = std::move(next.event);
    stream->Send(std::move(message));
    position_ = next.position;
  }
}

void Session::OnAnswer(const v1::OperationEvent& event) {
  const auto stream = LiveStream();
  if (!stream) return;
  v1::AgentMessage message;
  *message.mutable_operation_event() = event;
  stream->Send(std::move(message));
}

void Session::OnProgress(const std::string& operation_id, const v1::OperationProgress& progress) {
  const auto stream = LiveStream();
  if (stream) stream->SendProgress(operation_id, progress);
}

void Session::ReportLoop() {
  bool changed = false;
  auto next_heartbeat = steady_clock::now() + kFollowHeartbeat;
  while (!Stopping()) {
    const auto began = steady_clock::now();
    if (parts_.verbs->WaitForChange(options_.change_slice)) {
      changed = true;
    } else if (const auto took = steady_clock::now() - began; took < options_.change_slice / 2) {
      // An engine that is down has no events to wait for.
      WaitForStop(std::chrono::duration_cast<Millis>(options_.change_slice - took));
    }
    const auto now = steady_clock::now();
    if (now >= next_heartbeat) {
      queries_.Heartbeat();
      next_heartbeat = now + kFollowHeartbeat;
    }
    const auto stream = LiveStream();
    if (!stream) continue;
    {
      std::lock_guard lock(mutex_);
      if (!changed && now < next_report_) continue;
      next_report_ = now + report_interval_;
    }
    v1::HostReport report = parts_.verbs->Report();
    BoundReport(&report);
    stream->SendReport(std::move(report));
    if (std::exchange(changed, false)) WaitForStop(kReportGap);
  }
}

}  // namespace drover::agent
