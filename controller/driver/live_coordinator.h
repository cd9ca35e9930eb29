// The coordinator of a running controller: one event loop that owns every rollout.
#ifndef DROVER_CONTROLLER_DRIVER_LIVE_COORDINATOR_H_
#define DROVER_CONTROLLER_DRIVER_LIVE_COORDINATOR_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "controller/driver/clusters.h"
#include "controller/driver/coordinator.h"
#include "controller/driver/event_intake.h"
#include "controller/driver/event_loop.h"
#include "controller/driver/live_effects.h"
#include "controller/driver/reactions.h"
#include "controller/driver/rollout_driver.h"
#include "controller/driver/world_observer.h"
#include "controller/fleet/agents.h"

namespace drover::driver {

class LiveCoordinator final : public Coordinator, public fleet::AgentListener {
 public:
  // Finds a cluster's spec by name; NOT_FOUND names those that exist.
  using SpecFinder = std::function<StatusOr<rollout::ClusterSpec>(const std::string&)>;

  // All must outlive the coordinator.
  LiveCoordinator(store::RolloutStore& store, fleet::Agents& agents, fleet::Leftovers& leftovers,
                  opensearch::ClusterApiFactory clusters, SpecFinder find_spec, Clock& clock);
  ~LiveCoordinator() override;

  // Goes on with the rollouts that have not ended. Once, before the agents may connect.
  Status Recover();
  // `fenced` is called once, from any thread, when another controller commands the agents. Before
  // the agents may connect.
  void SetFencedHandler(std::function<void(const fleet::Fenced&)> fenced);
  // Ends the loop; rollouts go on when the controller starts again.
  void Stop();

  StatusOr<rollout::World> Observe(const std::string& cluster) override;
  StatusOr<std::vector<rollout::CheckResult>> Check(const rollout::PlanRequest& request) override;
  StatusOr<std::shared_ptr<const rollout::Plan>> CreatePlan(const rollout::PlanRequest& request,
                                                            const std::string& by) override;
  StatusOr<std::shared_ptr<const rollout::Plan>> GetPlan(const std::string& id) override;
  StatusOr<rollout::Rollout> Start(const std::string& plan_id, const std::string& by,
                                   Refusal* refusal) override;
  StatusOr<std::shared_ptr<const rollout::Plan>> PlanUndo(const std::string& rollout_id, int tier,
                                                          const std::string& by) override;
  StatusOr<rollout::Rollout> Ask(const std::string& rollout_id,
                                 const rollout::Asked& asked) override;
  StatusOr<rollout::Rollout> Get(const std::string& rollout_id) override;
  StatusOr<std::vector<rollout::Rollout>> List(const std::string& cluster, size_t limit) override;
  StatusOr<SubscriptionId> Subscribe(const std::string& rollout_id,
                                     RolloutObserver observer) override;
  SubscriptionId SubscribeRecords(RecordObserver observer) override;
  void Unsubscribe(SubscriptionId id) override;
  void Append(const rollout::Record& record) override;

  void OnAgentConnected(const std::string& host) override;
  void OnAgentLost(const std::string& host, const std::string& reason) override;
  void OnOperationEvent(const std::string& host, const fleet::OperationEvent& event) override;
  // From here on no rollout takes a step and no action begins; what is under way may still end.
  void OnFenced(const fleet::Fenced& fenced) override;

 private:
  rollout::World ObserveForPlan(const rollout::PlanRequest& request,
                                const rollout::ClusterSpec& spec);
  struct Subscription {
    RolloutId rollout;
    RolloutObserver on_rollout;
    RecordObserver on_record;
  };

  // driver_->Handle, unless another controller commands. On the loop.
  Status Handle(const RolloutId& id, rollout::EventBody body);
  void Report(const RolloutId& id, rollout::EventBody body);
  void OnCommitted(const rollout::Rollout& rollout,
                   const std::vector<store::StoredRecord>& records);
  Status HandleOperation(const std::string& host, const fleet::OperationEvent& event);
  StatusOr<rollout::Rollout> AwaitChecked(const RolloutId& id);
  Status BeginOnLoop(const std::shared_ptr<const rollout::Plan>& plan, const std::string& by);
  Status CheckNewest(const rollout::Rollout& undone);
  StatusOr<RolloutId> FindRollout(const std::string& prefix);

  store::RolloutStore& store_;
  fleet::Agents& agents_;
  SpecFinder find_spec_;
  Clock& clock_;
  Clusters clusters_;
  WorldObserver observer_;
  EventIntake intake_;
  EventLoop loop_;
  std::unique_ptr<LiveEffects> effects_;
  std::unique_ptr<RolloutDriver> driver_;  // on the loop only
  Reactions reactions_;                    // on the loop only
  std::atomic<bool> fenced_{false};
  std::function<void(const fleet::Fenced&)> on_fenced_;
  std::mutex subscriptions_mutex_;
  std::map<SubscriptionId, Subscription> subscriptions_;
  SubscriptionId next_subscription_ = 1;
};

}  // namespace drover::driver

#endif  // DROVER_CONTROLLER_DRIVER_LIVE_COORDINATOR_H_
