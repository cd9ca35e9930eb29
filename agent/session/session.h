// The agent's side of the connection to the controller: keeps it, says Hello, feeds orders to
// Operations and queries to Queries, sends events, reports and answers, renews the certificate.
#ifndef DROVER_AGENT_SESSION_SESSION_H_
#define DROVER_AGENT_SESSION_SESSION_H_

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "agent/compose/verbs.h"
#include "agent/journal/journal.h"
#include "agent/session/backoff.h"
#include "agent/session/controller_clock.h"
#include "agent/session/identity.h"
#include "agent/session/operations.h"
#include "agent/session/queries.h"
#include "agent/session/stream.h"
#include "common/base/status.h"
#include "common/base/time.h"

namespace drover::agent {

using ChannelFactory = std::function<std::shared_ptr<grpc::Channel>(const HostIdentity&)>;

struct SessionOptions {
  std::string agent_version;
  // The kernel's, new with each boot of the host.
  std::string boot_id;
  OperationLimits operations;
  // How long the engine's events are waited on before the report's timer is looked at; a stop may
  // have to wait for as long.
  Millis change_slice{1'000};
  // From [0, 1): jitter of reconnects and of renewal. Called from one thread.
  std::function<double()> random;
  // Told in a line, from the session's thread, when the connection comes or goes.
  std::function<void(const std::string&)> on_status;
};

// What the session works on; all pointers stay the caller's and outlive it.
struct SessionParts {
  Journal* journal = nullptr;
  HostVerbs* verbs = nullptr;
  Clock* clock = nullptr;
  // Read again before each connection, so that a new enrolment takes effect without a restart.
  const IdentityFile* identity = nullptr;
  // A new channel for each connection, so that no earlier failure's wait is in it.
  ChannelFactory channels;
};

// Threads: one dials and waits, one reports; Operations and Queries have their own; reactions of
// gRPC only queue. mutex_ is never held while calling out.
class Session final : private StreamListener, private EventSink {
 public:
  Session(SessionParts parts, SessionOptions options);
  // Calls Stop(0).
  ~Session() override;

  // Ends what an earlier run left open, then begins to connect. Once. Blocks while it examines the
  // host; an error of the journal is returned, then nothing runs.
  Status Start();

  // Takes no more orders, gives running verbs `grace`, closes the connection. False where a verb
  // still runs: then the process should leave without destroying this, and the next start examines.
  bool Stop(Millis grace);

 private:
  using Steady = std::chrono::steady_clock::time_point;

  // StreamListener
  void OnMessage(v1::ControllerMessage message) override;
  void OnClosed(const grpc::Status& status) override;
  // EventSink
  void OnJournaled() override;
  void OnAnswer(const v1::OperationEvent& event) override;
  void OnProgress(const std::string& operation_id, const v1::OperationProgress& progress) override;

  void DialLoop();
  // One connection from dialing to its end; OK where it is to be made anew at once.
  Status ConnectOnce();
  Status HoldConnection(const std::shared_ptr<grpc::Channel>& channel,
                        const HostIdentity& identity);
  // True where a new identity is in place.
  bool RenewIfDue(const std::shared_ptr<grpc::Channel>& channel, const HostIdentity& identity);
  void PlanRenewal(const HostIdentity& identity);
  v1::Hello MakeHello(const HostIdentity& identity);
  void ReportFailure(const Status& status, const std::string& address);
  void OnWelcome(const v1::Welcome& welcome);
  void OnStartOperation(v1::StartOperation order);
  void GoLive(const std::weak_ptr<ControlStream>& stream);
  // The stream, once the controller has said Welcome and the journal knows its epoch; else null.
  std::shared_ptr<ControlStream> LiveStream();

  void ReportLoop();
  void WaitForStop(Millis at_most);
  bool Stopping();

  const SessionParts parts_;
  const SessionOptions options_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<ControlStream> stream_;
  std::shared_ptr<grpc::Channel> channel_;  // of stream_
  bool welcomed_ = false;
  bool live_ = false;
  bool closed_ = true;
  bool stopping_ = false;
  bool connect_anew_ = false;  // the connection is to be ended and another one made at once
  ControllerClock controller_clock_;
  grpc::Status close_status_;
  Millis report_interval_;
  Steady next_report_;
  Millis window_{0};

  std::mutex pump_mutex_;
  std::weak_ptr<ControlStream> pumped_;
  int64_t position_ = 0;  // journaled events up to here were handed to pumped_

  // Only the dialing thread.
  Backoff backoff_;
  std::string address_;
  std::string last_failure_;
  Steady last_failure_at_;
  const double renewal_random_;
  Time renew_at_;

  // Last, so that their threads end before what they use.
  Queries queries_;
  Operations operations_;
  std::thread dialer_;
  std::thread reporter_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_SESSION_H_
