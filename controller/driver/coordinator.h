// What the control services ask of the rollouts: plan, start, steer, look.
#ifndef DROVER_CONTROLLER_DRIVER_COORDINATOR_H_
#define DROVER_CONTROLLER_DRIVER_COORDINATOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "controller/rollout/event.h"
#include "controller/rollout/plan.h"
#include "controller/rollout/rollout.h"
#include "controller/store/rollout_store.h"

namespace drover::driver {

enum class RefusalReason { kNone, kCheck, kPolicy, kStale, kHostsUnreachable, kClusterBusy };

// Why a start was refused, for programs; the Status beside it has the sentence.
struct Refusal {
  RefusalReason reason = RefusalReason::kNone;
  std::vector<rollout::CheckResult> checks;
  std::vector<std::string> changes;  // kStale: what is different now
  std::vector<std::string> hosts;    // kHostsUnreachable
};

// Called after each commit, in order, from the driver's thread; must not block.
using RolloutObserver =
    std::function<void(const rollout::Rollout&, const std::vector<store::StoredRecord>&)>;
// Every committed record of rollouts and fleet, in the order of their sequence.
using RecordObserver = std::function<void(const store::StoredRecord&)>;
using SubscriptionId = uint64_t;

// Thread safe. Calls may take as long as the cluster and the hosts take to answer (seconds), so
// they belong on a worker thread, never in a reaction.
class Coordinator {
 public:
  virtual ~Coordinator() = default;

  // What is seen now of a cluster that was applied; NOT_FOUND names those that exist.
  virtual StatusOr<rollout::World> Observe(const std::string& cluster) = 0;
  virtual StatusOr<std::vector<rollout::CheckResult>> Check(
      const rollout::PlanRequest& request) = 0;

  // Observes, checks, plans, saves. A plan whose checks block is returned too.
  virtual StatusOr<std::shared_ptr<const rollout::Plan>> CreatePlan(
      const rollout::PlanRequest& request, const std::string& by) = 0;
  // `id` may be a prefix that is not ambiguous.
  virtual StatusOr<std::shared_ptr<const rollout::Plan>> GetPlan(const std::string& id) = 0;

  // FAILED_PRECONDITION with `refusal` filled where it may not start; nothing is touched then.
  // Starting a plan whose rollout runs already returns that rollout.
  virtual StatusOr<rollout::Rollout> Start(const std::string& plan_id, const std::string& by,
                                           Refusal* refusal) = 0;
  // Plans what undoes a rollout that is paused or has ended: `tier` as asked for, 0 the best that
  // is open. Starting that plan ends the rollout. FAILED_PRECONDITION where there is nothing to
  // undo or no such way back; says what can be done.
  virtual StatusOr<std::shared_ptr<const rollout::Plan>> PlanUndo(const std::string& rollout_id,
                                                                  int tier,
                                                                  const std::string& by) = 0;
  // Pause, resume, abort, approve. FAILED_PRECONDITION where it makes no sense in this state, and
  // says what would.
  virtual StatusOr<rollout::Rollout> Ask(const std::string& rollout_id,
                                         const rollout::Asked& asked) = 0;

  virtual StatusOr<rollout::Rollout> Get(const std::string& rollout_id) = 0;
  virtual StatusOr<std::vector<rollout::Rollout>> List(const std::string& cluster,
                                                       size_t limit) = 0;

  // `observer` is first called with the present state and no records, before Subscribe returns.
  // Until Unsubscribe returns it may be called.
  virtual StatusOr<SubscriptionId> Subscribe(const std::string& rollout_id,
                                             RolloutObserver observer) = 0;
  virtual SubscriptionId SubscribeRecords(RecordObserver observer) = 0;
  virtual void Unsubscribe(SubscriptionId id) = 0;

  // A record of the fleet ("host.connected", …), stored and shown to record observers.
  virtual void Append(const rollout::Record& record) = 0;
};

}  // namespace drover::driver

#endif  // DROVER_CONTROLLER_DRIVER_COORDINATOR_H_
