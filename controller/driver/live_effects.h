// Performs actions on real agents and clusters.
#ifndef DROVER_CONTROLLER_DRIVER_LIVE_EFFECTS_H_
#define DROVER_CONTROLLER_DRIVER_LIVE_EFFECTS_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "controller/driver/clusters.h"
#include "controller/driver/effects.h"
#include "controller/driver/event_loop.h"
#include "controller/driver/worker_pool.h"
#include "controller/driver/world_observer.h"
#include "controller/fleet/agents.h"
#include "controller/rollout/event.h"

namespace drover::driver {

// Perform is called on the event loop; results come back through `report`, from any thread.
class LiveEffects final : public Effects {
 public:
  using Report = std::function<void(const RolloutId&, rollout::EventBody)>;

  // All must outlive the effects. `loop` runs the timers.
  LiveEffects(Clusters& clusters, fleet::Agents& agents, WorldObserver& observer, EventLoop& loop,
              Report report);
  ~LiveEffects() override;

  void Perform(const rollout::Rollout& rollout, const rollout::Outstanding& action) override;

  // No action begins from here on, and nothing is reported any more. Does not wait.
  void Fence() { stopped_ = true; }

  // Calls that wait end soon; nothing is reported any more.
  void Stop();

 private:
  struct Job;
  struct Performer;
  // Runs `call` on a worker with the cluster's client; a client that cannot be made is `failed`.
  void OnCluster(const Job& job, std::function<rollout::EventBody(opensearch::ClusterApi&)> call,
                 std::function<rollout::EventBody(const std::string& error)> failed);
  void FollowSnapshot(const Job& job, const rollout::TakeSnapshot& order);
  void StartOperation(const Job& job, const rollout::OperationOrder& order);
  void ReadContainer(const Job& job, const rollout::ReadContainer& read);
  void ReadContainerAfresh(const Job& job, const rollout::ReadContainer& read);
  void ReadLog(const Job& job, const rollout::ReadLog& read);

  Clusters& clusters_;
  fleet::Agents& agents_;
  WorldObserver& observer_;
  EventLoop& loop_;
  Report report_;
  std::atomic<bool> stopped_{false};
  WorkerPool workers_;
};

}  // namespace drover::driver

#endif  // DROVER_CONTROLLER_DRIVER_LIVE_EFFECTS_H_
