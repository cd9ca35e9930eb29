// Orders in, journaled events out: what the agent does with StartOperation, CancelOperation and
// AckEvents, whatever becomes of the connection meanwhile.
#ifndef DROVER_AGENT_SESSION_OPERATIONS_H_
#define DROVER_AGENT_SESSION_OPERATIONS_H_

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "agent/compose/verbs.h"
#include "agent/journal/journal.h"
#include "agent/session/keyed_executor.h"
#include "common/base/status.h"
#include "common/base/time.h"
#include "drover/agent/v1/gateway.pb.h"

namespace drover::agent {

// Where events go. Called from the threads of Operations, several at once.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // The journal holds new events.
  virtual void OnJournaled() = 0;
  // An answer to a repeated or refused order, to be sent as it is if there is a connection.
  virtual void OnAnswer(const v1::OperationEvent& event) = 0;
  // Without a number; the latest one of an operation is enough.
  virtual void OnProgress(const std::string& operation_id,
                          const v1::OperationProgress& progress) = 0;
};

struct OperationLimits {
  size_t parallel_projects = 16;
  // Waiting and running; more are refused.
  size_t operations = 256;
  // Between two progress events of one operation.
  Millis progress_interval{200};
  // How long Stop waits for verbs after it has told them to end.
  Millis kill_grace{2'000};
};

// Thread safe. The public calls but Recover and Stop return at once: they queue work for one intake
// thread, which orders it, and for the projects' threads.
class Operations {
 public:
  // All pointers stay the caller's and outlive this.
  Operations(Journal* journal, HostVerbs* verbs, Clock* clock, EventSink* sink,
             OperationLimits limits = {});
  ~Operations();

  // Before anything else: ends what an earlier process of the agent left open. A begun operation
  // ends as HostVerbs::Examine says, one that was never begun as INTERRUPTED. Blocks.
  Status Recover();

  void Start(v1::StartOperation order);
  void Cancel(v1::CancelOperation cancel);
  void Acknowledge(v1::AckEvents acks);
  // Before a connection: the host belongs to `fleet` (Journal::EnterFleet). Where it was in another
  // one, operations of that one that wait are canceled; those that run end as they do. Blocks.
  Status EnterFleet(const std::string& fleet);
  // A controller said Welcome with `epoch`; `then` runs when the journal has it.
  void Welcome(uint64_t epoch, std::function<void()> then);

  // Takes no more orders, gives running verbs `grace` to end by themselves, then ends them without
  // journaling an end: the next start examines them. False where a verb still runs after that.
  bool Stop(Millis grace);

 private:
  struct Active {
    v1::StartOperation order;
    StopRequest stop;
    bool accepted = false;  // journaled as such
    bool begun = false;     // guarded by mutex_
    Time last_progress;     // only the verb's thread
  };

  void Receive(const v1::StartOperation& order);
  void Enqueue(const std::shared_ptr<Active>& active);
  void RunNext(const std::shared_ptr<Active>& active);
  bool BeginOrRefuse(Active& active);
  v1::OperationEnd RunVerb(Active& active);
  void Finish(Active& active, v1::OperationEnd end);
  void Repeat(const std::string& operation_id);
  void Refuse(Active& active, v1::OperationErrorCode code, const std::string& message);
  void RefuseUnjournaled(const v1::StartOperation& order, v1::OperationErrorCode code,
                         const std::string& message);
  void RefuseStale(const v1::StartOperation& order, uint64_t highest);
  void SendRefusal(const v1::StartOperation& order, v1::OperationEnd end);
  Status RecoverOne(const OpenOperation& operation);
  Status LeaveOldFleet(const std::string& fleet);
  bool MayBegin(Active& active);
  std::shared_ptr<Active> FindActive(const std::string& operation_id);
  void Remove(const Active& active);
  void Intake(std::function<void()> task);

  Journal* const journal_;
  HostVerbs* const verbs_;
  Clock* const clock_;
  EventSink* const sink_;
  const OperationLimits limits_;

  std::mutex mutex_;
  std::condition_variable changed_;  // stopping_
  std::map<std::string, std::shared_ptr<Active>> active_;
  std::map<std::string, int> busy_;  // operations waiting or running, by project
  std::atomic<bool> stopping_{false};
  std::atomic<bool> abandon_{false};

  // Last, so that their threads end before what they use.
  KeyedExecutor projects_;
  KeyedExecutor intake_;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_SESSION_OPERATIONS_H_
