// An agent as the controller knows it: a journal that survives it, at most once, events again
// until they are acknowledged (protocol.md).
#ifndef DROVER_TESTS_SIMULATION_SIM_AGENT_H_
#define DROVER_TESTS_SIMULATION_SIM_AGENT_H_

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "tests/simulation/sim_host.h"

namespace drover::simulation {

class SimAgent {
 public:
  using SendEnd = std::function<void(const OperationId&, const rollout::OperationEnd&)>;
  // `send` hands an event to the connection, if there is one; `died` is told of each death.
  SimAgent(Schedule& schedule, Random& random, SimHost& host, SendEnd send,
           std::function<void()> died);

  bool alive() const { return alive_; }
  uint64_t highest_epoch() const { return epoch_; }

  // It dies before (or after) the n-th write of its journal.
  void DieBeforeWrite(int n) { die_before_.insert(n); }
  void DieAfterWrite(int n) { die_after_.insert(n); }
  void Die();

  // From the controller.
  void Welcome(uint64_t epoch);
  void Receive(const rollout::OperationOrder& order, uint64_t epoch);
  void Cancel(const OperationId& id);
  void Acknowledge(const OperationId& id);
  // After a connection: what was not acknowledged.
  void SendAgain();

  int writes() const { return writes_; }

 private:
  enum class State { kAccepted, kRunning, kEnded };
  struct Entry {
    rollout::OperationOrder order;
    State state = State::kAccepted;
    Time began{};
    rollout::OperationEnd end;
    bool acknowledged = false;
  };

  // One durable change. False where the agent died before or right after it.
  bool Write(const std::function<void()>& change);
  void Start();
  bool Late(const rollout::OperationOrder& order) const;
  void Pump();
  void Effect(const OperationId& id, uint64_t life);
  void End(const OperationId& id, const rollout::OperationEnd& end);

  Schedule& schedule_;
  Random& random_;
  SimHost& host_;
  SendEnd send_;
  std::function<void()> died_;
  bool alive_ = true;
  uint64_t life_ = 1;
  Time restarts_at_{};
  // Durable.
  std::map<OperationId, Entry> journal_;
  uint64_t epoch_ = 0;
  // Not durable.
  std::deque<OperationId> queue_;
  bool busy_ = false;
  int writes_ = 0;
  std::set<int> die_before_, die_after_;
};

}  // namespace drover::simulation

#endif  // DROVER_TESTS_SIMULATION_SIM_AGENT_H_
