// What the session asks of this host: run a verb, examine what a cut-off verb left, read.
#ifndef DROVER_AGENT_COMPOSE_VERBS_H_
#define DROVER_AGENT_COMPOSE_VERBS_H_

#include <atomic>
#include <functional>
#include <string>

#include "common/base/status.h"
#include "common/base/time.h"
#include "drover/agent/v1/gateway.pb.h"

namespace drover::agent {

// Set from another thread to end a running verb early; the verb then ends as FAILED with CANCELED
// or DEADLINE_PASSED.
struct StopRequest {
  std::atomic<bool> canceled{false};
};

// Blocks; called from worker threads, one verb at a time per project, several projects at once.
class HostVerbs {
 public:
  // Called zero or more times from the thread that runs the verb. Cheap; may drop.
  using Progress = std::function<void(const v1::OperationProgress&)>;

  virtual ~HostVerbs() = default;

  // Whether the host can and may run `order`: project known, policy allows, arguments sound. OK or
  // the error the operation is REFUSED with; touches nothing.
  virtual v1::OperationError Check(const v1::StartOperation& order) = 0;

  // Runs the verb to its end: SUCCEEDED or FAILED, never throws. Ends by order.deadline.
  virtual v1::OperationEnd Run(const v1::StartOperation& order, const Progress& progress,
                               const StopRequest& stop) = 0;

  // After a restart of the agent or the host in the middle of Run: looks at files, containers and
  // images and says SUCCEEDED, FAILED or INTERRUPTED (protocol.md, "Verbs", third column). Never
  // runs the verb again. `started_at` is when the verb had begun.
  virtual v1::OperationEnd Examine(const v1::StartOperation& order, Time started_at) = 0;

  // Projects as last seen, containers as they are now, disk, clock. Never fails: an Engine that
  // does not answer is a field of the report.
  virtual v1::HostReport Report() = 0;

  // engine_version, compose_versions, policy_summary of Hello.
  virtual void FillHello(v1::Hello* hello) = 0;

  // Reads, afresh, or removes what verbs left behind. Errors are in the result.
  virtual v1::QueryResult Answer(const v1::Query& query) = 0;

  // Streams a service's log until `stop` or until `sink` returns false.
  virtual Status FollowLog(const v1::TailLog& request, const StopRequest& stop,
                           const std::function<bool(const std::string& bytes)>& sink) = 0;

  // Blocks up to `timeout` until a container of a known project changed state, by the Engine's
  // event stream; true where one did.
  virtual bool WaitForChange(Millis timeout) = 0;
};

}  // namespace drover::agent

#endif  // DROVER_AGENT_COMPOSE_VERBS_H_
