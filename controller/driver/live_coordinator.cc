#include "controller/driver/live_coordinator.h"

#include <chrono>
#include <condition_variable>
#include <utility>

#include "common/base/log.h"
#include "controller/driver/new_id.h"
#include "controller/rollout/control.h"

namespace drover::driver {
namespace {

constexpr size_t kRecentRollouts = 1000;
// One that has not ended is among the newest.
constexpr size_t kNewestOfCluster = 10;
constexpr Millis kCheckTimeout{60'000};

RolloutId RolloutOf(const OperationId& id) {
  return RolloutId(id.str().substr(0, id.str().find('/')));
}

RefusalReason ToReason(rollout::Refused refused) {
  switch (refused) {
    case rollout::Refused::kNone:
      return RefusalReason::kNone;
    case rollout::Refused::kCheck:
      return RefusalReason::kCheck;
    case rollout::Refused::kPolicy:
      return RefusalReason::kPolicy;
    case rollout::Refused::kStale:
      return RefusalReason::kStale;
    case rollout::Refused::kHosts:
      return RefusalReason::kHostsUnreachable;
  }
  return RefusalReason::kNone;
}

bool IsResult(const rollout::EventBody& body) {
  return !std::holds_alternative<rollout::Asked>(body) &&
         !std::holds_alternative<rollout::TimerFired>(body);
}

}  // namespace

LiveCoordinator::LiveCoordinator(store::RolloutStore& store, fleet::Agents& agents,
                                 fleet::Leftovers& leftovers,
                                 opensearch::ClusterApiFactory clusters, SpecFinder find_spec,
                                 Clock& clock)
    : store_(store),
      agents_(agents),
      find_spec_(std::move(find_spec)),
      clock_(clock),
      clusters_(std::move(clusters)),
      observer_(clusters_, agents, leftovers, clock),
      intake_(loop_, clock),
      loop_(clock) {
  effects_ = std::make_unique<LiveEffects>(
      clusters_, agents_, observer_, loop_,
      [this](const RolloutId& id, rollout::EventBody body) { Report(id, std::move(body)); });
  driver_ = std::make_unique<RolloutDriver>(
      store_, *effects_,
      [this](const rollout::Rollout& rollout, const std::vector<store::StoredRecord>& records) {
        OnCommitted(rollout, records);
      });
}

LiveCoordinator::~LiveCoordinator() { Stop(); }

Status LiveCoordinator::Recover() {
  return loop_.Call<Status>([this] { return driver_->Recover(clock_.Now()); },
                            Unavailable("the controller is stopping"));
}

void LiveCoordinator::Stop() {
  loop_.Stop();
  effects_->Stop();
}

void LiveCoordinator::SetFencedHandler(std::function<void(const fleet::Fenced&)> fenced) {
  on_fenced_ = std::move(fenced);
}

void LiveCoordinator::OnFenced(const fleet::Fenced& fenced) {
  if (fenced_.exchange(true)) return;
  effects_->Fence();
  if (on_fenced_) on_fenced_(fenced);
}

Status LiveCoordinator::Handle(const RolloutId& id, rollout::EventBody body) {
  if (fenced_) return FailedPrecondition("another controller commands; this one acts no more");
  return driver_->Handle(id, {clock_.Now(), std::move(body)});
}

void LiveCoordinator::Report(const RolloutId& id, rollout::EventBody body) {
  const auto arrived = std::chrono::steady_clock::now();
  loop_.Post([this, id, arrived, body = std::move(body)]() mutable {
    const bool is_result = IsResult(body);
    intake_.Take([this, id, body = std::move(body)] { return Handle(id, body); });
    if (is_result) {
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - arrived;
      reactions_.Add(id, took.count());
    }
  });
}

void LiveCoordinator::OnCommitted(const rollout::Rollout& rollout,
                                  const std::vector<store::StoredRecord>& records) {
  for (const store::StoredRecord& stored : records) {
    if (stored.record.kind == "rollout.state") {
      LogInfo("driver", "rollout " + rollout.id.str() + " " + stored.record.text);
    }
  }
  if (rollout::HasEnded(rollout.phase)) {
    if (const std::string summary = reactions_.TakeSummary(rollout.id); !summary.empty()) {
      LogInfo("driver", "rollout " + rollout.id.str() + " " + summary);
    }
  }
  const std::lock_guard<std::mutex> lock(subscriptions_mutex_);
  for (const auto& [id, subscription] : subscriptions_) {
    if (subscription.on_rollout && subscription.rollout == rollout.id) {
      subscription.on_rollout(rollout, records);
    }
    if (!subscription.on_record) continue;
    for (const store::StoredRecord& stored : records) subscription.on_record(stored);
  }
}

StatusOr<rollout::World> LiveCoordinator::Observe(const std::string& cluster) {
  DROVER_ASSIGN_OR_RETURN(const rollout::ClusterSpec spec, find_spec_(cluster));
  return observer_.Observe(spec, {.hosts = true, .repository = false});
}

rollout::World LiveCoordinator::ObserveForPlan(const rollout::PlanRequest& request,
                                               const rollout::ClusterSpec& spec) {
  rollout::World world =
      observer_.Observe(spec, {.images = true, .inspection = true, .request = request});
  const auto newest = store_.ListRollouts(request.cluster, kNewestOfCluster);
  if (!newest.ok()) return world;
  for (const rollout::Rollout& rollout : *newest) {
    if (!rollout::HasEnded(rollout.phase)) world.other_rollout = rollout.id.str();
  }
  return world;
}

StatusOr<std::vector<rollout::CheckResult>> LiveCoordinator::Check(
    const rollout::PlanRequest& request) {
  DROVER_RETURN_IF_ERROR(rollout::CheckWaivers(request.waivers));
  DROVER_ASSIGN_OR_RETURN(const rollout::ClusterSpec spec, find_spec_(request.cluster));
  return rollout::RunChecks(request, spec, ObserveForPlan(request, spec));
}

StatusOr<std::shared_ptr<const rollout::Plan>> LiveCoordinator::CreatePlan(
    const rollout::PlanRequest& wanted, const std::string& by) {
  DROVER_ASSIGN_OR_RETURN(const rollout::ClusterSpec spec, find_spec_(wanted.cluster));
  rollout::PlanRequest request = wanted;
  if (wanted.follow_path) {
    // Hosts are asked about the image of the first hop, so that has to be known before.
    const rollout::World world = observer_.Observe(spec, {.hosts = false, .repository = false});
    DROVER_ASSIGN_OR_RETURN(request, rollout::FirstHop(wanted, spec, world));
  }
  DROVER_ASSIGN_OR_RETURN(const rollout::History history, store_.TimingsOf(request.cluster));
  DROVER_ASSIGN_OR_RETURN(
      rollout::Plan plan,
      rollout::MakePlan(PlanId(NewId()), request, spec, ObserveForPlan(request, spec), history));
  plan.created_by = by;
  DROVER_RETURN_IF_ERROR(store_.SavePlan(plan));
  return std::make_shared<const rollout::Plan>(std::move(plan));
}

StatusOr<std::shared_ptr<const rollout::Plan>> LiveCoordinator::GetPlan(const std::string& id) {
  return store_.LoadPlan(PlanId(id));
}

StatusOr<rollout::Rollout> LiveCoordinator::AwaitChecked(const RolloutId& id) {
  struct Waiter {
    std::mutex mutex;
    std::condition_variable changed;
    bool checked = false;
  };
  auto waiter = std::make_shared<Waiter>();
  const auto watch = [waiter](const rollout::Rollout& rollout,
                              const std::vector<store::StoredRecord>&) {
    if (rollout.phase == rollout::Phase::kPlanned || rollout.phase == rollout::Phase::kChecking) {
      return;
    }
    const std::lock_guard<std::mutex> lock(waiter->mutex);
    waiter->checked = true;
    waiter->changed.notify_all();
  };
  DROVER_ASSIGN_OR_RETURN(const SubscriptionId subscription, Subscribe(id.str(), watch));
  {
    std::unique_lock<std::mutex> lock(waiter->mutex);
    waiter->changed.wait_for(lock, kCheckTimeout, [&] { return waiter->checked; });
  }
  Unsubscribe(subscription);
  return Get(id.str());
}

StatusOr<rollout::Rollout> LiveCoordinator::Start(const std::string& plan_id, const std::string& by,
                                                  Refusal* refusal) {
  const RolloutId id(plan_id);
  if (StatusOr<rollout::Rollout> running = store_.LoadRollout(id); running.ok()) return running;
  DROVER_ASSIGN_OR_RETURN(const std::shared_ptr<const rollout::Plan> plan, GetPlan(plan_id));
  if (!plan->Startable()) {
    refusal->reason = RefusalReason::kCheck;
    refusal->checks = plan->checks;
    return FailedPrecondition("plan " + plan_id + " cannot start: a check blocks");
  }
  const Status begun = loop_.Call<Status>([this, plan, by] { return BeginOnLoop(plan, by); },
                                          Unavailable("the controller is stopping"));
  if (!begun.ok()) {
    if (begun.code() == StatusCode::kFailedPrecondition) {
      refusal->reason = RefusalReason::kClusterBusy;
    }
    return begun;
  }
  DROVER_ASSIGN_OR_RETURN(rollout::Rollout rollout, AwaitChecked(id));
  if (rollout.phase == rollout::Phase::kFailed && rollout.refused != rollout::Refused::kNone) {
    refusal->reason = ToReason(rollout.refused);
    refusal->checks = rollout.checks;
    (refusal->reason == RefusalReason::kHostsUnreachable ? refusal->hosts : refusal->changes) =
        rollout.changes;
    return FailedPrecondition(rollout.reason);
  }
  return rollout;
}

StatusOr<RolloutId> LiveCoordinator::FindRollout(const std::string& prefix) {
  DROVER_ASSIGN_OR_RETURN(const std::vector<rollout::Rollout> all,
                          store_.ListRollouts("", kRecentRollouts));
  std::vector<RolloutId> found;
  std::string names;
  for (const rollout::Rollout& rollout : all) {
    if (rollout.id.str() == prefix) return rollout.id;
    if (rollout.id.str().starts_with(prefix)) found.push_back(rollout.id);
    if (names.size() < 60) names += " " + rollout.id.str();
  }
  if (found.size() == 1) return found.front();
  if (!found.empty()) {
    return InvalidArgument("'" + prefix + "' fits " + std::to_string(found.size()) +
                           " rollouts; give more of the id");
  }
  return NotFound("there is no rollout '" + prefix + "'" +
                  (names.empty() ? "; none has run yet" : "; there are:" + names));
}

StatusOr<rollout::Rollout> LiveCoordinator::Ask(const std::string& rollout_id,
                                                const rollout::Asked& asked) {
  DROVER_ASSIGN_OR_RETURN(const RolloutId id, FindRollout(rollout_id));
  const Status status = loop_.Call<Status>(
      [this, id, asked] {
        const rollout::Rollout* rollout = driver_->Find(id);
        if (rollout == nullptr) {
          DROVER_ASSIGN_OR_RETURN(const rollout::Rollout ended, store_.LoadRollout(id));
          return rollout::CanAsk(ended, asked);
        }
        DROVER_RETURN_IF_ERROR(rollout::CanAsk(*rollout, asked));
        return Handle(id, asked);
      },
      Unavailable("the controller is stopping"));
  if (!status.ok()) return status;
  return Get(id.str());
}

StatusOr<rollout::Rollout> LiveCoordinator::Get(const std::string& rollout_id) {
  DROVER_ASSIGN_OR_RETURN(const RolloutId id, FindRollout(rollout_id));
  return loop_.Call<StatusOr<rollout::Rollout>>(
      [this, id]() -> StatusOr<rollout::Rollout> {
        if (const rollout::Rollout* rollout = driver_->Find(id)) return *rollout;
        return store_.LoadRollout(id);
      },
      Unavailable("the controller is stopping"));
}

StatusOr<std::vector<rollout::Rollout>> LiveCoordinator::List(const std::string& cluster,
                                                              size_t limit) {
  return store_.ListRollouts(cluster, limit);
}

StatusOr<SubscriptionId> LiveCoordinator::Subscribe(const std::string& rollout_id,
                                                    RolloutObserver observer) {
  DROVER_ASSIGN_OR_RETURN(const RolloutId id, FindRollout(rollout_id));
  return loop_.Call<StatusOr<SubscriptionId>>(
      [this, id, observer]() -> StatusOr<SubscriptionId> {
        if (const rollout::Rollout* rollout = driver_->Find(id)) {
          observer(*rollout, {});
        } else {
          DROVER_ASSIGN_OR_RETURN(const rollout::Rollout ended, store_.LoadRollout(id));
          observer(ended, {});
        }
        const std::lock_guard<std::mutex> lock(subscriptions_mutex_);
        subscriptions_[next_subscription_] = {id, observer, nullptr};
        return next_subscription_++;
      },
      Unavailable("the controller is stopping"));
}

SubscriptionId LiveCoordinator::SubscribeRecords(RecordObserver observer) {
  const std::lock_guard<std::mutex> lock(subscriptions_mutex_);
  subscriptions_[next_subscription_] = {RolloutId(), nullptr, std::move(observer)};
  return next_subscription_++;
}

void LiveCoordinator::Unsubscribe(SubscriptionId id) {
  const std::lock_guard<std::mutex> lock(subscriptions_mutex_);
  subscriptions_.erase(id);
}

void LiveCoordinator::Append(const rollout::Record& record) {
  loop_.Post([this, record] {
    const StatusOr<store::StoredRecord> stored = store_.AppendRecord(clock_.Now(), record);
    if (!stored.ok()) {
      LogError("driver", "event " + record.kind + " is lost: " + Message(stored.status()));
      return;
    }
    const std::lock_guard<std::mutex> lock(subscriptions_mutex_);
    for (const auto& [id, subscription] : subscriptions_) {
      if (subscription.on_record) subscription.on_record(*stored);
    }
  });
}

void LiveCoordinator::OnAgentConnected(const std::string& host) {
  Append({"host.connected", "", host, "host " + host + " is connected", {}});
  loop_.Post([this, host] {
    for (const RolloutId& id : driver_->Active()) {
      intake_.Take([this, id, host] { return Handle(id, rollout::AgentConnected{host}); });
    }
  });
}

void LiveCoordinator::OnAgentLost(const std::string& host, const std::string& reason) {
  Append({"host.lost", "", host, "host " + host + " is not connected: " + reason, {}});
  loop_.Post([this, host, reason] {
    for (const RolloutId& id : driver_->Active()) {
      intake_.Take([this, id, host, reason] {
        return Handle(id, rollout::AgentLost{host, reason});
      });
    }
  });
}

void LiveCoordinator::OnOperationEvent(const std::string& host,
                                       const fleet::OperationEvent& event) {
  loop_.Post([this, host, event] {
    intake_.Take([this, host, event] { return HandleOperation(host, event); });
  });
}

// Acknowledged once it is durable, or of no use any more: its rollout has ended, or is not known.
Status LiveCoordinator::HandleOperation(const std::string& host,
                                        const fleet::OperationEvent& event) {
  const RolloutId id = RolloutOf(event.operation_id);
  Status status;
  if (event.is_end) {
    status = Handle(id, rollout::OperationEnded{event.operation_id, event.end});
    // From the end of the process on the host; an agent's clock that is ahead counts as at once.
    const Time now = clock_.Now();
    reactions_.Add(id,
                   std::max<double>(0, static_cast<double>((now - event.end.ended_at).count())));
  } else if (event.is_progress) {
    status = Handle(id, rollout::OperationProgressed{event.operation_id, event.progress});
  }
  if (fenced_ || (!status.ok() && status.code() != StatusCode::kNotFound)) return status;
  agents_.Acknowledge(host, event.operation_id, event.sequence);
  return OkStatus();
}

}  // namespace drover::driver
