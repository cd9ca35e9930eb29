#include "tests/simulation/sim_network.h"

#include <utility>

namespace drover::simulation {
namespace {

constexpr Millis kKeepalive{30'000};

}  // namespace

void SimNetwork::Add(SimHost& host, SimAgent& agent) {
  links_.push_back({});
  links_.back().host = &host;
  links_.back().agent = &agent;
}

void SimNetwork::Point(int host, ControllerPort* controller) {
  link(host).target = controller;
  if (link(host).connected != nullptr && link(host).connected != controller) {
    Break(host, Millis(0));
  }
}

void SimNetwork::Connect(int host) { Dial(host, random_.Between(5, 200)); }

void SimNetwork::Dial(int host, Millis after) {
  if (link(host).dialling) return;
  link(host).dialling = true;
  schedule_.After(after, [this, host] {
    Link& l = link(host);
    l.dialling = false;
    if (l.connected != nullptr) return;
    const bool possible =
        l.up && l.host->up() && l.agent->alive() && l.target != nullptr && l.target->alive();
    if (!possible) return Dial(host, random_.Between(300, 2'000));
    ControllerPort* controller = l.target;
    if (l.agent->highest_epoch() > controller->epoch()) {
      controller->OnFenced();
      return Dial(host, random_.Between(300, 2'000));
    }
    l.connected = controller;
    const uint64_t number = ++l.number;
    // Welcome travels first on the connection, so that no order of it can come before.
    l.agent->Welcome(controller->epoch());
    if (number != link(host).number || !l.agent->alive()) return;
    controller->OnConnected(host);
    if (number != link(host).number) return;
    l.agent->SendAgain();
  });
}

void SimNetwork::Break(int host, Millis notice) {
  Link& l = link(host);
  ControllerPort* controller = std::exchange(l.connected, nullptr);
  if (controller != nullptr) {
    const uint64_t number = ++l.number;
    schedule_.After(notice, [this, host, controller, number] {
      if (link(host).number == number && controller->alive()) controller->OnLost(host);
    });
  }
  Dial(host, random_.Between(200, 2'000));
}

void SimNetwork::OnControllerDied(const ControllerPort* controller) {
  for (size_t i = 0; i < links_.size(); ++i) {
    if (links_[i].connected == controller) Break(static_cast<int>(i), Millis(0));
  }
}

void SimNetwork::SetLink(int host, bool up) {
  link(host).up = up;
  // Some cuts are seen at once, of some only the missing keepalive tells.
  if (!up) Break(host, random_.Chance(50) ? Millis(1) : kKeepalive);
}

bool SimNetwork::IsConnected(const ControllerPort* to, int host) const {
  return links_[static_cast<size_t>(host)].connected == to;
}

void SimNetwork::Carry(int host, std::function<void()> deliver) {
  Link& l = link(host);
  const uint64_t number = l.number;
  const bool late = l.late && random_.Chance(50);
  const Millis delay =
      late ? random_.Between(100, 15'000) : random_.Between(1, 20) * l.host->slowness();
  const int times = l.doubled && random_.Chance(50) ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    schedule_.After(delay + (i == 0 ? Millis(0) : random_.Between(1, 8'000)),
                    [this, host, number, late, i, deliver] {
                      const bool same = link(host).number == number;
                      if (same || late || i > 0) deliver();
                    });
  }
}

void SimNetwork::Order(const ControllerPort* from, int host, const rollout::OperationOrder& order) {
  if (!IsConnected(from, host)) return;
  Carry(host, [this, host, order, epoch = from->epoch()] {
    if (link(host).host->up()) link(host).agent->Receive(order, epoch);
  });
}

void SimNetwork::Cancel(const ControllerPort* from, int host, const OperationId& id) {
  if (!IsConnected(from, host)) return;
  Carry(host, [this, host, id] { link(host).agent->Cancel(id); });
}

void SimNetwork::Acknowledge(const ControllerPort* from, int host, const OperationId& id) {
  if (!IsConnected(from, host)) return;
  Carry(host, [this, host, id] { link(host).agent->Acknowledge(id); });
}

void SimNetwork::SendEnd(int host, const OperationId& id, const rollout::OperationEnd& end) {
  ControllerPort* to = link(host).connected;
  if (to == nullptr) return;
  Carry(host, [to, host, id, end] {
    if (to->alive()) to->OnEnd(host, id, end);
  });
}

}  // namespace drover::simulation
