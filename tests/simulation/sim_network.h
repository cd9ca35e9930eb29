// The connections between agents and controllers: one a host, broken and made again, each with a
// number of its own so that what was sent on an old one is known to be late.
#ifndef DROVER_TESTS_SIMULATION_SIM_NETWORK_H_
#define DROVER_TESTS_SIMULATION_SIM_NETWORK_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/sim_agent.h"

namespace drover::simulation {

// A controller as the network sees it.
class ControllerPort {
 public:
  virtual ~ControllerPort() = default;
  virtual bool alive() const = 0;
  virtual uint64_t epoch() const = 0;
  virtual void OnConnected(int host) = 0;
  virtual void OnLost(int host) = 0;
  virtual void OnEnd(int host, const OperationId& id, const rollout::OperationEnd& end) = 0;
  // An agent has seen a higher epoch than this controller's.
  virtual void OnFenced() = 0;
};

class SimNetwork {
 public:
  SimNetwork(Schedule& schedule, Random& random) : schedule_(schedule), random_(random) {}

  void Add(SimHost& host, SimAgent& agent);
  // The host's agent dials this controller from its next connection on.
  void Point(int host, ControllerPort* controller);
  void Connect(int host);

  // From a controller; lost where the host is not connected to it.
  void Order(const ControllerPort* from, int host, const rollout::OperationOrder& order);
  void Cancel(const ControllerPort* from, int host, const OperationId& id);
  void Acknowledge(const ControllerPort* from, int host, const OperationId& id);
  // The highest epoch that the host's agent has seen.
  uint64_t AgentEpoch(int host) const {
    return links_[static_cast<size_t>(host)].agent->highest_epoch();
  }
  bool IsConnected(const ControllerPort* to, int host) const;
  // From an agent.
  void SendEnd(int host, const OperationId& id, const rollout::OperationEnd& end);

  void OnAgentDied(int host) { Break(host, Millis(0)); }
  void OnControllerDied(const ControllerPort* controller);

  void SetLink(int host, bool up);
  void SetDoubled(int host, bool doubled) { links_[static_cast<size_t>(host)].doubled = doubled; }
  void SetLate(int host, bool late) { links_[static_cast<size_t>(host)].late = late; }

 private:
  struct Link {
    SimHost* host = nullptr;
    SimAgent* agent = nullptr;
    ControllerPort* target = nullptr;     // whom the agent dials
    ControllerPort* connected = nullptr;  // whom it is connected to
    uint64_t number = 0;                  // of the connection
    bool up = true, doubled = false, late = false, dialling = false;
  };

  // Ends the connection; the controller notices after `notice`.
  void Break(int host, Millis notice);
  void Dial(int host, Millis after);
  void Carry(int host, std::function<void()> deliver);
  Link& link(int host) { return links_[static_cast<size_t>(host)]; }

  Schedule& schedule_;
  Random& random_;
  std::vector<Link> links_;
};

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_SIM_NETWORK_H_
