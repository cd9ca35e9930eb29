#include "tests/simulation/sim_agent.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace drover::simulation {
namespace {

using rollout::OperationEnd;
using rollout::OperationErrorCode;
using rollout::OperationState;

OperationEnd Refused(OperationErrorCode error, const std::string& message) {
  OperationEnd end;
  end.state = OperationState::kRefused;
  end.error = error;
  end.message = message;
  return end;
}

}  // namespace

SimAgent::SimAgent(Schedule& schedule, Random& random, SimHost& host, SendEnd send,
                   std::function<void()> died)
    : schedule_(schedule),
      random_(random),
      host_(host),
      send_(std::move(send)),
      died_(std::move(died)) {}

bool SimAgent::Write(const std::function<void()>& change) {
  ++writes_;
  if (die_before_.contains(writes_)) {
    Die();
    return false;
  }
  change();
  if (die_after_.contains(writes_)) {
    Die();
    return false;
  }
  return true;
}

void SimAgent::Die() {
  if (!alive_) return;
  alive_ = false;
  ++life_;
  queue_.clear();
  busy_ = false;
  died_();
  restarts_at_ = schedule_.now() + random_.Between(500, 4'000);
  schedule_.At(restarts_at_, [this, life = life_] {
    if (life == life_) Start();
  });
}

void SimAgent::Start() {
  if (!host_.up()) {
    schedule_.After(Millis(1'000), [this, life = life_] {
      if (life == life_) Start();
    });
    return;
  }
  alive_ = true;
  std::vector<OperationId> open;
  for (const auto& [id, entry] : journal_) {
    if (entry.state != State::kEnded) open.push_back(id);
  }
  for (const OperationId& id : open) {
    const Entry& entry = journal_.at(id);
    OperationEnd end;
    if (entry.state == State::kRunning) {
      end = host_.Examine(id, entry.order.verb, entry.began);
    } else {
      end.state = OperationState::kInterrupted;
      end.error = OperationErrorCode::kCanceled;
      end.message = "not begun";
    }
    End(id, end);
    if (!alive_) return;
  }
}

void SimAgent::Welcome(uint64_t epoch) {
  if (epoch <= epoch_) return;
  Write([this, epoch] { epoch_ = epoch; });
}

void SimAgent::Receive(const rollout::OperationOrder& order, uint64_t epoch) {
  if (!alive_) return;
  if (const auto known = journal_.find(order.id); known != journal_.end()) {
    if (known->second.state == State::kEnded) send_(order.id, known->second.end);
    return;
  }
  if (epoch < epoch_) {
    send_(order.id, Refused(OperationErrorCode::kStaleEpoch, "another controller has taken over"));
    return;
  }
  if (Late(order)) {
    const OperationEnd end = Refused(OperationErrorCode::kDeadlinePassed, "too late");
    if (Write([&] { journal_[order.id] = {order, State::kEnded, {}, end, false}; })) {
      send_(order.id, end);
    }
    return;
  }
  if (!Write([&] { journal_[order.id] = {order, State::kAccepted, {}, {}, false}; })) return;
  queue_.push_back(order.id);
  Pump();
}

bool SimAgent::Late(const rollout::OperationOrder& order) const {
  return order.begin_by.value_or(order.deadline) <= schedule_.now();
}

void SimAgent::Pump() {
  if (busy_ || queue_.empty()) return;
  const OperationId id = queue_.front();
  queue_.pop_front();
  if (Late(journal_[id].order)) {
    End(id, Refused(OperationErrorCode::kDeadlinePassed, "too late"));
    return Pump();
  }
  if (!Write([&] {
        journal_[id].state = State::kRunning;
        journal_[id].began = schedule_.now();
      })) {
    return;
  }
  busy_ = true;
  const bool pull = std::holds_alternative<rollout::PullImage>(journal_[id].order.verb);
  const Millis takes = random_.Between(pull ? 500 : 50, pull ? 3'000 : 800) * host_.slowness();
  schedule_.After(takes, [this, id, life = life_] { Effect(id, life); });
}

void SimAgent::Effect(const OperationId& id, uint64_t life) {
  const bool dead = life != life_;
  // A child of a killed agent may live on for a moment; a host that is down has none.
  if (dead && (alive_ || schedule_.now() >= restarts_at_ || random_.Chance(50))) return;
  if (!host_.up()) return;
  const OperationEnd end = host_.Act(id, journal_.at(id).order.verb);
  if (dead) return;
  schedule_.After(random_.Between(10, 300), [this, id, end, life] {
    if (life != life_) return;
    End(id, end);
    if (life != life_) return;
    busy_ = false;
    Pump();
  });
}

void SimAgent::End(const OperationId& id, const OperationEnd& end) {
  if (Write([&] {
        journal_[id].state = State::kEnded;
        journal_[id].end = end;
      })) {
    send_(id, end);
  }
}

void SimAgent::Cancel(const OperationId& id) {
  if (!alive_) return;
  const auto waiting = std::find(queue_.begin(), queue_.end(), id);
  if (waiting == queue_.end()) return;  // what runs ends by itself
  queue_.erase(waiting);
  OperationEnd end;
  end.state = OperationState::kFailed;
  end.error = OperationErrorCode::kCanceled;
  end.message = "canceled before it began";
  End(id, end);
}

void SimAgent::Acknowledge(const OperationId& id) {
  if (!alive_) return;
  if (const auto it = journal_.find(id); it != journal_.end()) it->second.acknowledged = true;
}

void SimAgent::SendAgain() {
  for (const auto& [id, entry] : journal_) {
    if (entry.state == State::kEnded && !entry.acknowledged) send_(id, entry.end);
  }
}

}  // namespace drover::simulation
