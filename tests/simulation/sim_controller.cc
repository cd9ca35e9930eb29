#include "tests/simulation/sim_controller.h"

#include <utility>

#include "controller/rollout/control.h"

namespace drover::simulation {
namespace {

using rollout::EventBody;

constexpr Millis kCommitRetry{1'000};
constexpr Millis kSnapshotPoll{500};

}  // namespace

SimController::SimController(std::string name, const Surroundings& around, store::Store& store)
    : name_(std::move(name)),
      around_(around),
      epochs_(store),
      store_(store,
             [this](const rollout::Rollout& rollout) { around_.promises.OnCommitted(rollout); }) {}

SimController::~SimController() = default;

void SimController::Guard(const std::function<void()>& work) {
  try {
    work();
  } catch (const ControllerDied&) {
    Die();
  }
}

void SimController::Start() {
  if (driver_ != nullptr || stopped_) return;
  // By the clock, as the program does it, in tenths of a second: a run is short.
  const StatusOr<uint64_t> epoch =
      epochs_.NextEpoch(static_cast<uint64_t>(ToUnixMillis(around_.schedule.now()) / 100));
  if (!epoch.ok()) return around_.promises.Violated("no epoch: " + epoch.status().ToString());
  epoch_ = *epoch;
  ++life_;
  around_.tell(name_ + " starts with epoch " + std::to_string(epoch_));
  driver_ = std::make_unique<driver::RolloutDriver>(
      store_, *this,
      [this](const rollout::Rollout&, const std::vector<store::StoredRecord>& records) {
        for (const store::StoredRecord& stored : records) {
          around_.tell(name_ + " " + stored.record.kind + " " + stored.record.text);
        }
      });
  Guard([this] {
    const Status recovered = driver_->Recover(around_.schedule.now());
    if (recovered.ok()) return;
    // A disk that is full at the start: the process ends, and is started again.
    throw ControllerDied{};
  });
}

void SimController::Die() {
  if (driver_ == nullptr) return;
  around_.tell(name_ + " dies");
  driver_.reset();
  ++life_;
  around_.network.OnControllerDied(this);
  around_.schedule.After(around_.random.Between(200, 4'000), [this] { Start(); });
}

void SimController::Stop() {
  stopped_ = true;
  if (driver_ == nullptr) return;
  around_.tell(name_ + " stops for good");
  driver_.reset();
  ++life_;
  around_.network.OnControllerDied(this);
}

void SimController::OnFenced() {
  around_.tell(name_ + " is fenced");
  Stop();
}

void SimController::Begin(const std::shared_ptr<const rollout::Plan>& plan) {
  if (driver_ == nullptr) return;
  Guard([&] {
    if (store_.SavePlan(*plan).ok()) {
      driver_->Begin(plan, around_.schedule.now()).status().IgnoreError();
    }
  });
}

void SimController::Ask(rollout::Request request) {
  const RolloutId id = rollout().id;
  if (driver_ == nullptr || driver_->Find(id) == nullptr) return;
  if (!rollout::CanAsk(*driver_->Find(id), request).ok()) return;
  Guard([&] {
    driver_->Handle(id, {around_.schedule.now(), rollout::Asked{request, "operator", ""}})
        .IgnoreError();
  });
}

void SimController::Give(EventBody body, std::function<void()> then) {
  if (driver_ == nullptr) return;
  Guard([&] {
    const Status status = driver_->Handle(rollout().id, {around_.schedule.now(), body});
    if (status.ok() || status.code() == StatusCode::kNotFound) {
      if (then) then();
      return;
    }
    around_.schedule.After(kCommitRetry, [this, life = life_, body, then] {
      if (life == life_) Give(body, then);
    });
  });
}

void SimController::Answer(uint64_t life, const EventBody& body) {
  if (life == life_) Give(body);
}

int SimController::HostNamed(const std::string& name) const {
  for (const auto& host : around_.hosts) {
    if (host->name() == name) return host->index();
  }
  return 0;
}

void SimController::OnConnected(int host) {
  around_.tell(around_.hosts[static_cast<size_t>(host)]->name() + " connects to " + name_);
  Give(rollout::AgentConnected{around_.hosts[static_cast<size_t>(host)]->name()});
}

void SimController::OnLost(int host) {
  Give(rollout::AgentLost{around_.hosts[static_cast<size_t>(host)]->name(), "connection lost"});
}

void SimController::OnEnd(int host, const OperationId& id, const rollout::OperationEnd& end) {
  if (end.error == rollout::OperationErrorCode::kStaleEpoch) {
    // It may be the answer to an order of the other one that was late.
    return around_.network.AgentEpoch(host) > epoch_ ? OnFenced() : void();
  }
  around_.tell(id.str() + " ended" + (end.message.empty() ? "" : ": " + end.message));
  Give(rollout::OperationEnded{id, end},
       [this, host, id] { around_.network.Acknowledge(this, host, id); });
}

rollout::World SimController::Observe(bool with_hosts) {
  rollout::World world;
  world.at = around_.schedule.now();
  world.cluster = around_.cluster.Observe();
  world.repository = {"backups", "fs", true, {{"location", "/snap"}}, true, {}, ""};
  for (const rollout::NodeView& node : world.cluster.nodes) {
    world.repository.verified_node_ids.push_back(node.id);
  }
  if (!with_hosts) return world;
  for (const auto& host : around_.hosts) {
    rollout::HostView view;
    view.name = host->name();
    view.known = true;
    view.connected = around_.network.IsConnected(this, host->index());
    view.compose_versions = {"docker compose 2.26.1"};
    world.hosts.push_back(std::move(view));
    world.projects[{host->name(), "search"}] = host->Project();
    if (host->companion() == nullptr) continue;
    world.projects[{host->name(), kCompanionService}] = host->companion()->Project();
  }
  return world;
}

void SimController::FollowSnapshot(uint64_t life, const rollout::ActionId& id,
                                   const std::string& name) {
  SimRest::Call call;
  call.execute = [this, id, name](const SimRest::Reply& reply) {
    reply(rollout::SnapshotSeen{id, around_.cluster.Snapshot(name), ""});
  };
  call.failed = [id](const std::string& error) -> EventBody {
    return rollout::SnapshotSeen{id, {}, error};
  };
  around_.rest.Send(std::move(call), [this, life, id, name](const EventBody& body) {
    if (life != life_) return;
    const auto& seen = std::get<rollout::SnapshotSeen>(body);
    const bool runs = seen.error.empty() && seen.snapshot.state == "IN_PROGRESS";
    Give(body);
    if (runs && life == life_) {
      around_.schedule.After(kSnapshotPoll, [this, life, id, name] {
        if (life == life_) FollowSnapshot(life, id, name);
      });
    }
  });
}

// One function for each kind of action, like the live effects'.
struct SimController::Performer {
  SimController& self;
  const rollout::ActionId id;
  const uint64_t life;

  using Execute = std::function<EventBody()>;
  void Send(Execute execute, std::function<EventBody(const std::string&)> failed,
            bool puts_settings = false) {
    SimRest::Call call;
    call.puts_settings = puts_settings;
    call.execute = [execute = std::move(execute)](const SimRest::Reply& reply) {
      reply(execute());
    };
    call.failed = std::move(failed);
    self.around_.rest.Send(std::move(call), [&self = self, life = life](const EventBody& body) {
      self.Answer(life, body);
    });
  }
  void Change(std::function<void(SimCluster&)> change, bool puts_settings = false) {
    Send(
        [&self = self, id = id, change = std::move(change)]() -> EventBody {
          change(self.around_.cluster);
          return rollout::CallEnded{id, ""};
        },
        [id = id](const std::string& error) -> EventBody {
          return rollout::CallEnded{id, error};
        },
        puts_settings);
  }

  void operator()(const rollout::ObserveWorld& observe) {
    Send(
        [&self = self, id = id, observe]() -> EventBody {
          self.around_.promises.OnObserved();
          return rollout::Observed{id, self.Observe(observe.with_hosts)};
        },
        [id = id](const std::string& error) -> EventBody {
          rollout::World world;
          world.cluster_error = error;
          return rollout::Observed{id, std::move(world)};
        });
  }
  void operator()(const rollout::StartOperation& start) {
    self.around_.network.Order(&self, self.HostNamed(start.order.host), start.order);
  }
  void operator()(const rollout::CancelOperation& cancel) {
    self.around_.network.Cancel(&self, self.HostNamed(cancel.host), cancel.operation);
  }
  void operator()(const rollout::TakeSnapshot& take) {
    SimRest::Call call;
    call.execute = [&self = self, id = id, take](const SimRest::Reply& reply) {
      self.around_.cluster.BeginSnapshot(take.repository, take.name, !take.parent.empty());
      reply(rollout::SnapshotSeen{id, self.around_.cluster.Snapshot(take.name), ""});
    };
    call.failed = [id = id](const std::string& error) -> EventBody {
      return rollout::SnapshotSeen{id, {}, error};
    };
    self.around_.rest.Send(std::move(call), [&self = self, life = life, id = id,
                                             name = take.name](const EventBody& body) {
      if (life != self.life_) return;
      if (!std::get<rollout::SnapshotSeen>(body).error.empty()) return self.Give(body);
      self.FollowSnapshot(life, id, name);
    });
  }
  void operator()(const rollout::DeleteSnapshot& order) {
    Change([order](SimCluster& cluster) {
      cluster.DeleteSnapshot(order.repository, order.name, order.with_repository);
    });
  }
  void operator()(const rollout::PutSettings& put) {
    Change([put](SimCluster& cluster) { cluster.Put(put.persistent); }, true);
  }
  void operator()(const rollout::ClearArchived&) {
    Send(
        [&self = self, id = id]() -> EventBody {
          std::set<std::string>& archived = self.around_.cluster.archived;
          const std::vector<std::string> names(archived.begin(), archived.end());
          archived.clear();
          return rollout::CallEnded{id, "", names};
        },
        [id = id](const std::string& error) -> EventBody {
          return rollout::CallEnded{id, error};
        });
  }
  void operator()(const rollout::Flush&) {
    Change([](SimCluster&) {});
  }
  void operator()(const rollout::RegisterRepository&) {
    Change([](SimCluster&) {});
  }
  void operator()(const rollout::RestoreSnapshot&) {
    Change([](SimCluster&) {});
  }
  void operator()(const rollout::RetryFailedShards&) {
    Change([](SimCluster& cluster) { cluster.RetryFailed(); });
  }
  void operator()(const rollout::AddVotingExclusion& add) {
    Change([add](SimCluster& cluster) { cluster.Exclude(add.nodes); });
  }
  void operator()(const rollout::ClearVotingExclusions&) {
    Change([](SimCluster& cluster) { cluster.ClearExclusions(); });
  }
  void operator()(const rollout::StopPolicies& stop) {
    Change([stop](SimCluster& cluster) {
      for (const std::string& name : stop.names) {
        cluster.running_policies.erase(name);
        cluster.stopped_policies.insert(name);
      }
    });
  }
  void operator()(const rollout::StartPolicies& start) {
    Change([start](SimCluster& cluster) {
      for (const std::string& name : start.names) {
        cluster.stopped_policies.erase(name);
        cluster.running_policies.insert(name);
      }
    });
  }
  void operator()(const rollout::AwaitHealth& await) {
    SimRest::Call call;
    call.needs_manager = false;
    call.execute = [&self = self, id = id, await](const SimRest::Reply& reply) {
      self.around_.cluster.Await(await.condition, await.timeout,
                                 [id, reply](const rollout::HealthView& health) {
                                   reply(rollout::HealthSeen{id, health, ""});
                                 });
    };
    call.failed = [id = id](const std::string& error) -> EventBody {
      return rollout::HealthSeen{id, {}, error};
    };
    self.around_.rest.Send(std::move(call), [&self = self, life = life](const EventBody& body) {
      self.Answer(life, body);
    });
  }
  void operator()(const rollout::ReadNodes&) {
    Send(
        [&self = self, id = id]() -> EventBody {
          return rollout::NodesSeen{id, self.around_.cluster.Nodes(), ""};
        },
        [id = id](const std::string& error) -> EventBody {
          return rollout::NodesSeen{id, {}, error};
        });
  }
  void operator()(const rollout::ReadContainer& read) {
    const int host = self.HostNamed(read.host);
    rollout::ContainerSeen seen;
    seen.id = id;
    const SimHost& at = *self.around_.hosts[static_cast<size_t>(host)];
    seen.connected = self.around_.network.IsConnected(&self, host) &&
                     !(read.fresh && !at.Project().error.empty());
    const bool of_companion = read.service == kCompanionService && at.companion() != nullptr;
    seen.container = of_companion ? at.companion()->Container() : at.Container();
    self.around_.schedule.After(Millis(5),
                                [&self = self, life = life, seen] { self.Answer(life, seen); });
  }
  void operator()(const rollout::ReadLog&) {
    self.around_.schedule.After(Millis(20), [&self = self, life = life, id = id] {
      self.Answer(life, rollout::LogSeen{id, {"the last line"}});
    });
  }
  void operator()(const rollout::SetTimer& timer) {
    self.around_.schedule.At(timer.at, [&self = self, life = life, id = id] {
      self.Answer(life, rollout::TimerFired{id});
    });
  }
};

void SimController::Perform(const rollout::Rollout&, const rollout::Outstanding& action) {
  ++actions_;
  if (die_before_.contains(actions_)) throw ControllerDied{};
  around_.promises.OnAction(store_.committed(), action);
  std::visit(Performer{*this, action.id, life_}, action.action);
  if (die_after_.contains(actions_)) throw ControllerDied{};
}

}  // namespace drover::simulation
