// Upgrades that are undone: begun under load, looked at from the outside once they are back.
#ifndef DROVER_TESTS_LAB_WAY_BACK_FIXTURE_H_
#define DROVER_TESTS_LAB_WAY_BACK_FIXTURE_H_

#include "tests/lab/fault_fixture.h"
#include "tests/lab/roll_fixture.h"

namespace drover::lab {

class WayBackTest : public RollTest {
 protected:
  // `drover upgrade … --yes --detach` under load; feed() has its events.
  void Begin(const std::string& to, const Arguments& options = {});
  void BeginFullStop(const std::string& to, const Arguments& options = {});

  // No client reads or writes from here on; what was acknowledged is checked once it is back.
  void HoldClients() { MustLab({"load", "hold", name()}); }

  // The exit status of `drover rollout watch` once the rollout has ended or is paused.
  int AwaitEnd(const std::string& id);
  std::string Show() { return Drover({"rollout", "show", id_}).Text(); }

  // `drover rollout rollback`, to its end; what it printed.
  std::string RollBack(const Arguments& options = {});
  // The same, begun; returns its id.
  std::string BeginRollBack(const Arguments& options = {});

  // The cluster is as before: versions, settings, documents, files. `stops`: of each member.
  void ExpectBack(const std::string& version, int stops, bool serves_always = false);

  // At each of these moments the controller is killed and started again, in order.
  struct Moment {
    std::string name;
    Match match;
  };
  void KillControllerAt(const std::vector<Moment>& moments);

  Feed& feed() { return *feed_; }

  std::string id_;

 private:
  std::optional<Feed> feed_;
};

}  // namespace drover::lab

#endif  // DROVER_TESTS_LAB_WAY_BACK_FIXTURE_H_
