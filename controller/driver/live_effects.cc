#include "controller/driver/live_effects.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "common/base/log.h"
#include "controller/opensearch/upgrade_snapshots.h"

namespace drover::driver {
namespace {

constexpr size_t kMaxWorkers = 64;
constexpr Millis kSnapshotPollFirst{50};
constexpr Millis kSnapshotPollMax{1'000};
constexpr Millis kLogTimeout{5'000};
constexpr Millis kInspectTimeout{15'000};

// What another controller needs to go on, should nothing of this one be left.
rollout::SnapshotOrigin OriginOf(const rollout::Rollout& rollout) {
  rollout::SnapshotOrigin origin;
  origin.rollout = rollout.id.str();
  const auto uuid = rollout.plan->fingerprint.find("cluster uuid");
  if (uuid != rollout.plan->fingerprint.end()) origin.cluster_uuid = uuid->second;
  origin.from_version = rollout.plan->from_version;
  origin.to_version = rollout.plan->Target();
  for (const auto& setting : rollout.settings) origin.settings[setting.name] = setting.before;
  origin.policies = rollout.stopped_policies;
  return origin;
}

std::string ErrorOf(const Status& status) { return status.ok() ? "" : Message(status); }

// An index that is there was asked back before a restart of the controller, or the new cluster has
// made it by itself.
Status RestoreMissing(opensearch::ClusterApi& api, const rollout::RestoreSnapshot& order) {
  DROVER_ASSIGN_OR_RETURN(const rollout::SnapshotView snapshot,
                          api.GetSnapshot(order.repository, order.snapshot));
  DROVER_ASSIGN_OR_RETURN(const rollout::ClusterObservation cluster, api.Observe());
  rollout::RestoreRequest request;
  request.global_state = order.global_state;
  request.is_admin = api.IsAdmin().value_or(false);
  for (const std::string& name : order.indices) {
    const bool there =
        std::any_of(cluster.indices.begin(), cluster.indices.end(),
                    [&](const rollout::IndexView& index) { return index.name == name; });
    if (!there) request.indices.push_back(name);
  }
  if (request.indices.empty()) return OkStatus();
  DROVER_ASSIGN_OR_RETURN(const rollout::RestorePlan plan,
                          rollout::PlanRestore(request, snapshot, cluster));
  return api.BeginRestore(plan, false);
}

}  // namespace

// What an action needs of its rollout, copied: the rollout may have ended when it is done.
struct LiveEffects::Job {
  RolloutId rollout;
  rollout::ActionId id;
  std::shared_ptr<const rollout::Plan> plan;
  rollout::SnapshotOrigin origin;  // of a snapshot that is to be taken
};

LiveEffects::LiveEffects(Clusters& clusters, fleet::Agents& agents, WorldObserver& observer,
                         EventLoop& loop, Report report)
    : clusters_(clusters),
      agents_(agents),
      observer_(observer),
      loop_(loop),
      report_(std::move(report)),
      workers_(kMaxWorkers) {}

LiveEffects::~LiveEffects() { Stop(); }

void LiveEffects::Stop() {
  stopped_ = true;
  workers_.Stop();
}

void LiveEffects::OnCluster(const Job& job,
                            std::function<rollout::EventBody(opensearch::ClusterApi&)> call,
                            std::function<rollout::EventBody(const std::string& error)> failed) {
  workers_.Run([this, job, call = std::move(call), failed = std::move(failed)] {
    if (stopped_) return;
    StatusOr<std::shared_ptr<opensearch::ClusterApi>> api = clusters_.Get(job.plan->spec);
    rollout::EventBody body = api.ok() ? call(**api) : failed(Message(api.status()));
    if (!stopped_) report_(job.rollout, std::move(body));
  });
}

void LiveEffects::FollowSnapshot(const Job& job, const rollout::TakeSnapshot& order) {
  workers_.Run([this, job, order] {
    const auto report = [&](rollout::SnapshotView view, const std::string& error) {
      if (!stopped_) report_(job.rollout, rollout::SnapshotSeen{job.id, std::move(view), error});
    };
    StatusOr<std::shared_ptr<opensearch::ClusterApi>> api = clusters_.Get(job.plan->spec);
    if (!api.ok()) return report({}, Message(api.status()));
    if (stopped_) return;
    const Status prepared = opensearch::PrepareRepository(**api, order);
    if (!prepared.ok()) return report({}, Message(prepared));
    // A name that is taken is the snapshot that this action began before a restart.
    const Status begun = (*api)->BeginRolloutSnapshot(order.repository, order.name, job.origin);
    if (!begun.ok() && begun.code() != StatusCode::kAlreadyExists) {
      return report({}, Message(begun));
    }
    for (Millis wait = kSnapshotPollFirst; !stopped_; wait = std::min(wait * 2, kSnapshotPollMax)) {
      StatusOr<rollout::SnapshotView> view = (*api)->GetSnapshot(order.repository, order.name);
      if (!view.ok()) return report({}, Message(view.status()));
      const bool running = view->state == "IN_PROGRESS" || view->state == "STARTED";
      report(std::move(*view), "");
      if (!running) return;
      std::this_thread::sleep_for(wait);
    }
  });
}

void LiveEffects::StartOperation(const Job& job, const rollout::OperationOrder& order) {
  const Status sent = agents_.Start(order);
  // An agent that is away gets the order when it connects again (AgentConnected performs it again).
  if (sent.ok() || sent.code() == StatusCode::kUnavailable) return;
  rollout::OperationEnd end;
  end.state = rollout::OperationState::kRefused;
  end.error = rollout::OperationErrorCode::kPolicyDenied;
  end.message = Message(sent);
  report_(job.rollout, rollout::OperationEnded{job.id, std::move(end)});
}

// A project that could not be resolved, or an Engine that is down, says nothing of the container:
// that counts as no answer.
void LiveEffects::ReadContainerAfresh(const Job& job, const rollout::ReadContainer& read) {
  agents_.InspectProject(read.host, read.project, {}, kInspectTimeout,
                         [this, job, read](StatusOr<rollout::ProjectView> project) {
                           rollout::ContainerSeen seen;
                           seen.id = job.id;
                           const rollout::ServiceView* service = nullptr;
                           if (project.ok() && project->error.empty()) {
                             service = project->Service(read.service);
                           }
                           seen.connected = service != nullptr;
                           if (service != nullptr) seen.container = service->container;
                           if (!stopped_) report_(job.rollout, std::move(seen));
                         });
}

void LiveEffects::ReadContainer(const Job& job, const rollout::ReadContainer& read) {
  if (read.fresh) return ReadContainerAfresh(job, read);
  rollout::ContainerSeen seen;
  seen.id = job.id;
  for (const rollout::HostView& host : agents_.Hosts()) {
    if (host.name != read.host) continue;
    seen.connected = host.connected;
    const rollout::ProjectView* project = host.Project(read.project);
    const rollout::ServiceView* service =
        project == nullptr ? nullptr : project->Service(read.service);
    if (service != nullptr) seen.container = service->container;
  }
  report_(job.rollout, std::move(seen));
}

void LiveEffects::ReadLog(const Job& job, const rollout::ReadLog& read) {
  agents_.TailLog(read.host, read.project, read.service, read.lines, kLogTimeout,
                  [this, job](StatusOr<fleet::LogChunk> chunk) {
                    rollout::LogSeen seen;
                    seen.id = job.id;
                    if (chunk.ok()) {
                      seen.lines = std::move(chunk->lines);
                    } else {
                      seen.lines = {"(no log: " + Message(chunk.status()) + ")"};
                    }
                    if (!stopped_) report_(job.rollout, std::move(seen));
                  });
}

// One function for each kind of action.
struct LiveEffects::Performer {
  LiveEffects& self;
  Job job;

  void Call(std::function<Status(opensearch::ClusterApi&)> call) {
    const rollout::ActionId id = job.id;
    self.OnCluster(
        job,
        [id, call = std::move(call)](opensearch::ClusterApi& api) -> rollout::EventBody {
          return rollout::CallEnded{id, ErrorOf(call(api))};
        },
        [id](const std::string& error) -> rollout::EventBody {
          return rollout::CallEnded{id, error};
        });
  }

  void operator()(const rollout::ObserveWorld& observe) {
    self.workers_.Run([&self = self, job = job, observe] {
      if (self.stopped_) return;
      rollout::World world =
          self.observer_.Observe(job.plan->spec, {.hosts = observe.with_hosts,
                                                  .repository = observe.with_repository,
                                                  .explanation = observe.with_explanation,
                                                  .images = observe.with_images,
                                                  .operations = observe.with_operations,
                                                  .request = job.plan->request,
                                                  .register_repository = observe.with_repository});
      if (!self.stopped_) {
        self.report_(job.rollout, rollout::Observed{job.id, std::move(world)});
      }
    });
  }
  void operator()(const rollout::StartOperation& start) { self.StartOperation(job, start.order); }
  void operator()(const rollout::CancelOperation& cancel) {
    self.agents_.Cancel(cancel.host, cancel.operation).IgnoreError();
  }
  void operator()(const rollout::TakeSnapshot& order) { self.FollowSnapshot(job, order); }
  void operator()(const rollout::DeleteSnapshot& order) {
    const rollout::ActionId id = job.id;
    self.OnCluster(
        job,
        [id, order](opensearch::ClusterApi& api) -> rollout::EventBody {
          rollout::CallEnded ended{id, ""};
          ended.error = ErrorOf(opensearch::RemoveSnapshot(api, order, &ended.names));
          return ended;
        },
        [id](const std::string& error) -> rollout::EventBody {
          return rollout::CallEnded{id, error};
        });
  }
  void operator()(const rollout::PutSettings& put) {
    Call([put](opensearch::ClusterApi& api) { return api.PutSettings(put.persistent, {}); });
  }
  void operator()(const rollout::ClearArchived&) {
    const rollout::ActionId id = job.id;
    self.OnCluster(
        job,
        [id](opensearch::ClusterApi& api) -> rollout::EventBody {
          StatusOr<std::vector<std::string>> names = api.ClearArchivedSettings();
          if (!names.ok()) return rollout::CallEnded{id, Message(names.status())};
          return rollout::CallEnded{id, "", std::move(*names)};
        },
        [id](const std::string& error) -> rollout::EventBody {
          return rollout::CallEnded{id, error};
        });
  }
  void operator()(const rollout::Flush& flush) {
    Call([flush](opensearch::ClusterApi& api) {
      Status status;
      for (int i = 0; i < flush.times && status.ok(); ++i) status = api.Flush();
      return status;
    });
  }
  void operator()(const rollout::RegisterRepository& order) {
    Call([order](opensearch::ClusterApi& api) {
      return api.RegisterRepository({order.name, order.type, order.settings});
    });
  }
  void operator()(const rollout::RestoreSnapshot& order) {
    Call([order](opensearch::ClusterApi& api) { return RestoreMissing(api, order); });
  }
  void operator()(const rollout::RetryFailedShards&) {
    Call([](opensearch::ClusterApi& api) { return api.RetryFailedShards(); });
  }
  void operator()(const rollout::AddVotingExclusion& add) {
    Call([add](opensearch::ClusterApi& api) { return api.AddVotingExclusions(add.nodes); });
  }
  void operator()(const rollout::ClearVotingExclusions&) {
    Call([](opensearch::ClusterApi& api) { return api.ClearVotingExclusions(); });
  }
  void operator()(const rollout::StopPolicies& stop) {
    Call([stop](opensearch::ClusterApi& api) {
      for (const std::string& name : stop.names) {
        DROVER_RETURN_IF_ERROR(api.StopSnapshotPolicy(name));
      }
      return OkStatus();
    });
  }
  void operator()(const rollout::StartPolicies& start) {
    Call([start](opensearch::ClusterApi& api) {
      for (const std::string& name : start.names) {
        DROVER_RETURN_IF_ERROR(api.StartSnapshotPolicy(name));
      }
      return OkStatus();
    });
  }
  void operator()(const rollout::AwaitHealth& await) {
    const rollout::ActionId id = job.id;
    self.OnCluster(
        job,
        [id, await](opensearch::ClusterApi& api) -> rollout::EventBody {
          StatusOr<rollout::HealthView> health =
              api.AwaitHealth(await.condition, await.timeout, await.avoid_nodes);
          if (!health.ok()) return rollout::HealthSeen{id, {}, Message(health.status())};
          return rollout::HealthSeen{id, std::move(*health), ""};
        },
        [id](const std::string& error) -> rollout::EventBody {
          return rollout::HealthSeen{id, {}, error};
        });
  }
  void operator()(const rollout::ReadNodes&) {
    const rollout::ActionId id = job.id;
    self.OnCluster(
        job,
        [id](opensearch::ClusterApi& api) -> rollout::EventBody {
          StatusOr<std::vector<rollout::NodeView>> nodes = api.Nodes();
          if (!nodes.ok()) return rollout::NodesSeen{id, {}, Message(nodes.status())};
          return rollout::NodesSeen{id, std::move(*nodes), ""};
        },
        [id](const std::string& error) -> rollout::EventBody {
          return rollout::NodesSeen{id, {}, error};
        });
  }
  void operator()(const rollout::ReadContainer& read) { self.ReadContainer(job, read); }
  void operator()(const rollout::ReadLog& read) { self.ReadLog(job, read); }
  void operator()(const rollout::SetTimer& timer) {
    self.loop_.PostAt(timer.at, [&self = self, job = job] {
      if (!self.stopped_) self.report_(job.rollout, rollout::TimerFired{job.id});
    });
  }
};

void LiveEffects::Perform(const rollout::Rollout& rollout, const rollout::Outstanding& action) {
  if (stopped_) return;
  Job job{rollout.id, action.id, rollout.plan, {}};
  if (std::holds_alternative<rollout::TakeSnapshot>(action.action)) job.origin = OriginOf(rollout);
  std::visit(Performer{*this, std::move(job)}, action.action);
}

}  // namespace drover::driver
