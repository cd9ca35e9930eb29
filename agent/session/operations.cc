#include "agent/session/operations.h"

#include <future>
#include <optional>
#include <utility>

#include "agent/session/proto_time.h"
#include "common/base/log.h"

namespace drover::agent {
namespace {

constexpr char kRoom[] = "operations";
constexpr size_t kMaxIntake = 4096;
constexpr Millis kJournalRetry{1'000};
constexpr Millis kIntakeSlice{100};

v1::OperationEnd MakeEnd(v1::OperationState state, v1::OperationErrorCode code,
                         const std::string& message, Time now) {
  v1::OperationEnd end;
  end.set_state(state);
  end.mutable_error()->set_code(code);
  end.mutable_error()->set_message(message);
  *end.mutable_ended_at() = ToProto(now);
  return end;
}

v1::OperationEnd Refusal(v1::OperationErrorCode code, const std::string& message, Time now) {
  return MakeEnd(v1::OPERATION_STATE_REFUSED, code, message, now);
}

// Until when the operation may begin; nothing: at any time.
std::optional<Time> BeginBy(const v1::StartOperation& order) {
  if (order.has_begin_by()) return FromProto(order.begin_by());
  if (order.has_deadline()) return FromProto(order.deadline());
  return std::nullopt;
}

bool DeadlinePassed(const v1::StartOperation& order, Time now) {
  const std::optional<Time> by = BeginBy(order);
  return by && *by <= now;
}

std::string LateMessage(const v1::StartOperation& order, Time now) {
  return "the time " + FormatTime(*BeginBy(order)) +
         " to begin by had passed when the operation was to begin at " + FormatTime(now) +
         " (this host's clock): nothing was done; check that the clocks of host and controller "
         "agree, and order it again";
}

v1::OperationErrorCode CodeOf(const Status& journal_error) {
  return journal_error.code() == StatusCode::kResourceExhausted ? v1::OPERATION_ERROR_CODE_DISK_FULL
                                                                : v1::OPERATION_ERROR_CODE_INTERNAL;
}

std::string NotJournaled(const Status& status) {
  return "the agent could not journal the operation, so it did nothing: " + Message(status);
}

}  // namespace

Operations::Operations(Journal* journal, HostVerbs* verbs, Clock* clock, EventSink* sink,
                       OperationLimits limits)
    : journal_(journal),
      verbs_(verbs),
      clock_(clock),
      sink_(sink),
      limits_(limits),
      projects_(limits.parallel_projects, limits.operations),
      intake_(1, kMaxIntake) {}

Operations::~Operations() { Stop(Millis(0)); }

Status Operations::Recover() {
  DROVER_ASSIGN_OR_RETURN(const std::vector<OpenOperation> open, journal_->OpenOperations());
  for (const OpenOperation& operation : open) DROVER_RETURN_IF_ERROR(RecoverOne(operation));
  return OkStatus();
}

Status Operations::RecoverOne(const OpenOperation& operation) {
  const std::string& id = operation.order.operation_id();
  v1::OperationEnd end;
  if (operation.started_at) {
    end = verbs_->Examine(operation.order, *operation.started_at);
    if (!end.has_started_at()) *end.mutable_started_at() = ToProto(*operation.started_at);
    if (!end.has_ended_at()) *end.mutable_ended_at() = ToProto(clock_->Now());
  } else {
    end = MakeEnd(v1::OPERATION_STATE_INTERRUPTED, v1::OPERATION_ERROR_CODE_CANCELED,
                  "not begun: the agent was restarted while the operation waited; nothing was "
                  "done, it is safe to order again",
                  clock_->Now());
  }
  LogInfo(kRoom, "operation " + id + " was open when the agent stopped: ends as " +
                     v1::OperationState_Name(end.state()));
  return journal_->End(operation.order, end, clock_->Now());
}

void Operations::Intake(std::function<void()> task) {
  if (!intake_.Push("", std::move(task))) {
    LogWarning(kRoom,
               "dropped a message of the controller: the agent stops or is overloaded; it "
               "will be sent again after the next connection");
  }
}

void Operations::Start(v1::StartOperation order) {
  Intake([this, order = std::move(order)] { Receive(order); });
}

void Operations::Acknowledge(v1::AckEvents acks) {
  Intake([this, acks = std::move(acks)] {
    const Status status = journal_->Acknowledge(acks, clock_->Now());
    if (!status.ok()) LogWarning(kRoom, "acknowledgement not journaled: " + Message(status));
  });
}

Status Operations::EnterFleet(const std::string& fleet) {
  struct Result {
    std::promise<void> done;
    Status status = Unavailable("the agent stops");
  };
  const auto result = std::make_shared<Result>();
  const std::future<void> done = result->done.get_future();
  // After every order that came over an earlier connection.
  const bool queued = intake_.Push("", [this, fleet, result] {
    result->status = LeaveOldFleet(fleet);
    result->done.set_value();
  });
  // A stop may drop the task instead, with its promise: then this thread has the last reference to
  // it, and must not wait.
  while (queued && done.wait_for(kIntakeSlice) != std::future_status::ready && !stopping_) {
  }
  if (!queued || done.wait_for(Millis(0)) != std::future_status::ready) {
    return Unavailable("the agent stops");
  }
  return result->status;
}

Status Operations::LeaveOldFleet(const std::string& fleet) {
  DROVER_ASSIGN_OR_RETURN(const bool left, journal_->EnterFleet(fleet));
  if (!left) return OkStatus();
  LogInfo(kRoom, "this host has joined another fleet: epoch and ended operations are forgotten");
  const std::lock_guard lock(mutex_);
  for (const auto& [id, active] : active_) {
    if (!active->begun) active->stop.canceled = true;
  }
  return OkStatus();
}

void Operations::Welcome(uint64_t epoch, std::function<void()> then) {
  Intake([this, epoch, then = std::move(then)] {
    const Status status = journal_->RaiseEpoch(epoch);
    if (!status.ok()) LogError(kRoom, "epoch not journaled: " + Message(status));
    then();
  });
}

void Operations::Cancel(v1::CancelOperation cancel) {
  Intake([this, cancel = std::move(cancel)] {
    const auto highest = journal_->HighestEpoch();
    if (highest.ok() && cancel.epoch() < *highest) {
      LogWarning(kRoom, "ignored a cancel of " + cancel.operation_id() + " with stale epoch " +
                            std::to_string(cancel.epoch()));
      return;
    }
    const auto active = FindActive(cancel.operation_id());
    if (active) active->stop.canceled = true;
  });
}

std::shared_ptr<Operations::Active> Operations::FindActive(const std::string& operation_id) {
  std::lock_guard lock(mutex_);
  const auto found = active_.find(operation_id);
  return found == active_.end() ? nullptr : found->second;
}

// The journal knows the id: its events are the answer, and nothing is done.
void Operations::Repeat(const std::string& operation_id) {
  LogInfo(kRoom, "operation " + operation_id + " was ordered again: answered from the journal");
  const auto events = journal_->EventsOf(operation_id);
  if (!events.ok()) {
    LogError(kRoom, "operation " + operation_id + ": " + Message(events.status()));
    return;
  }
  for (const v1::OperationEvent& event : *events) sink_->OnAnswer(event);
}

// Journaled under the id, so that it stays refused when it is ordered again.
void Operations::Refuse(Active& active, v1::OperationErrorCode code, const std::string& message) {
  v1::OperationEnd end = Refusal(code, message, clock_->Now());
  if (active.accepted) return Finish(active, std::move(end));
  const Status status = journal_->End(active.order, end, clock_->Now());
  if (!status.ok()) return RefuseUnjournaled(active.order, CodeOf(status), NotJournaled(status));
  LogWarning(kRoom, "refused operation " + active.order.operation_id() + ": " + message);
  sink_->OnJournaled();
}

void Operations::RefuseUnjournaled(const v1::StartOperation& order, v1::OperationErrorCode code,
                                   const std::string& message) {
  SendRefusal(order, Refusal(code, message, clock_->Now()));
}

void Operations::SendRefusal(const v1::StartOperation& order, v1::OperationEnd end) {
  LogWarning(kRoom, "refused operation " + order.operation_id() + ": " + end.error().message());
  v1::OperationEvent event;
  event.set_operation_id(order.operation_id());
  event.set_sequence(1);
  *event.mutable_end() = std::move(end);
  sink_->OnAnswer(event);
}

// Not journaled: the controller that is in charge may still order this operation.
void Operations::RefuseStale(const v1::StartOperation& order, uint64_t highest) {
  const std::string message =
      "epoch " + std::to_string(order.epoch()) + " is older than " + std::to_string(highest) +
      ", which this host has seen: another controller has taken over; stop the old one";
  v1::OperationEnd end = Refusal(v1::OPERATION_ERROR_CODE_STALE_EPOCH, message, clock_->Now());
  end.mutable_error()->set_highest_epoch(highest);
  SendRefusal(order, std::move(end));
}

// On the intake thread.
void Operations::Receive(const v1::StartOperation& order) {
  const std::string& id = order.operation_id();
  const auto known = journal_->Knows(id);
  const auto highest = journal_->HighestEpoch();
  if (!known.ok() || !highest.ok()) {
    const Status& status = known.ok() ? highest.status() : known.status();
    return RefuseUnjournaled(order, CodeOf(status), NotJournaled(status));
  }
  if (*known) return Repeat(id);
  if (FindActive(id)) return;
  if (order.epoch() < *highest) {
    return RefuseStale(order, *highest);
  }
  const auto active = std::make_shared<Active>();
  active->order = order;
  const Time now = clock_->Now();
  if (DeadlinePassed(order, now)) {
    return Refuse(*active, v1::OPERATION_ERROR_CODE_DEADLINE_PASSED, LateMessage(order, now));
  }
  Enqueue(active);
}

void Operations::Enqueue(const std::shared_ptr<Active>& active) {
  const v1::StartOperation& order = active->order;
  bool waits = false;
  bool full = false;
  {
    std::lock_guard lock(mutex_);
    full = active_.size() >= limits_.operations;
    if (!full) waits = busy_[order.project()]++ > 0;
    if (!full) active_[order.operation_id()] = active;
  }
  if (full) {
    return Refuse(*active, v1::OPERATION_ERROR_CODE_INTERNAL,
                  "too many operations wait on this host; order it again later");
  }
  // One that begins at once is journaled as accepted and running in one commit.
  if (waits) {
    const Status status = journal_->Accept(order, clock_->Now());
    if (!status.ok()) {
      Remove(*active);
      return RefuseUnjournaled(order, CodeOf(status), NotJournaled(status));
    }
    active->accepted = true;
    sink_->OnJournaled();
  }
  // Refused only while the agent stops: what was accepted is ended by the next start.
  if (!projects_.Push(order.project(), [this, active] { RunNext(active); })) Remove(*active);
}

void Operations::Remove(const Active& active) {
  std::lock_guard lock(mutex_);
  active_.erase(active.order.operation_id());
  const auto busy = busy_.find(active.order.project());
  if (--busy->second == 0) busy_.erase(busy);
}

// On a thread of the project.
void Operations::RunNext(const std::shared_ptr<Active>& active) {
  if (!stopping_ && BeginOrRefuse(*active)) Finish(*active, RunVerb(*active));
  Remove(*active);
}

bool Operations::MayBegin(Active& active) {
  const std::lock_guard lock(mutex_);
  active.begun = !active.stop.canceled;
  return active.begun;
}

// True where the verb is journaled as running; else the operation has been refused.
bool Operations::BeginOrRefuse(Active& active) {
  const v1::StartOperation& order = active.order;
  const Time now = clock_->Now();
  if (!MayBegin(active)) {
    Refuse(active, v1::OPERATION_ERROR_CODE_CANCELED, "canceled before it began; nothing was done");
    return false;
  }
  if (DeadlinePassed(order, now)) {
    Refuse(active, v1::OPERATION_ERROR_CODE_DEADLINE_PASSED, LateMessage(order, now));
    return false;
  }
  const v1::OperationError refused = verbs_->Check(order);
  if (refused.code() != v1::OPERATION_ERROR_CODE_UNSPECIFIED) {
    Refuse(active, refused.code(), refused.message());
    return false;
  }
  const Status status = journal_->Begin(order, clock_->Now());
  if (status.ok()) {
    sink_->OnJournaled();
    return true;
  }
  Refuse(active, CodeOf(status), NotJournaled(status));
  return false;
}

v1::OperationEnd Operations::RunVerb(Active& active) {
  const Time started = clock_->Now();
  const std::string& id = active.order.operation_id();
  LogInfo(kRoom, "operation " + id + " begins in project " + active.order.project());
  v1::OperationEnd end = verbs_->Run(
      active.order,
      [this, &active, &id](const v1::OperationProgress& progress) {
        const Time now = clock_->Now();
        if (now - active.last_progress < limits_.progress_interval) return;
        active.last_progress = now;
        sink_->OnProgress(id, progress);
      },
      active.stop);
  if (!end.has_started_at()) *end.mutable_started_at() = ToProto(started);
  if (!end.has_ended_at()) *end.mutable_ended_at() = ToProto(clock_->Now());
  return end;
}

// Journals the end. What was done must not be forgotten: tries until the journal takes it, or until
// the agent stops, whose next start then examines the operation.
void Operations::Finish(Active& active, v1::OperationEnd end) {
  const std::string& id = active.order.operation_id();
  while (!abandon_) {
    const Status status = journal_->End(active.order, end, clock_->Now());
    if (status.ok()) {
      LogInfo(kRoom, "operation " + id + " ended: " + v1::OperationState_Name(end.state()) +
                         (end.has_error() ? ": " + end.error().message() : ""));
      return sink_->OnJournaled();
    }
    LogError(kRoom, "the end of operation " + id + " is not journaled yet: " + Message(status));
    if (status.code() == StatusCode::kFailedPrecondition) return;
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, kJournalRetry, [this] { return stopping_.load(); })) return;
  }
}

bool Operations::Stop(Millis grace) {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  projects_.Stop();
  bool idle = projects_.WaitIdle(grace);
  if (!idle) {
    abandon_ = true;
    std::lock_guard lock(mutex_);
    for (auto& [id, active] : active_) {
      LogWarning(kRoom, "operation " + id + " is cut off: the next start examines it");
      active->stop.canceled = true;
    }
  }
  if (!idle) idle = projects_.WaitIdle(limits_.kill_grace);
  intake_.Stop();
  return idle;
}

}  // namespace drover::agent
