#include "tests/lab/way_back_fixture.h"

namespace drover::lab {

void WayBackTest::Begin(const std::string& to, const Arguments& options) {
  Watch();
  feed_.emplace();
  Arguments command = {"upgrade", name(), "--to", to, "--yes", "--detach", "-o", "json"};
  command.insert(command.end(), options.begin(), options.end());
  const Outcome begun = Drover(command);
  ASSERT_EQ(begun.exit_code, 0) << begun.out << begun.err;
  id_ = begun.Json().value("id", "");
}

void WayBackTest::BeginFullStop(const std::string& to, const Arguments& options) {
  Arguments all = {"--strategy", "full"};
  all.insert(all.end(), options.begin(), options.end());
  Begin(to, all);
}

int WayBackTest::AwaitEnd(const std::string& id) {
  const Outcome watch = Drover({"rollout", "watch", id, "--timeout", "8m"});
  if (watch.exit_code == 9) ADD_FAILURE() << "not ended in time:\n" << watch.out << watch.err;
  return watch.exit_code;
}

std::string WayBackTest::RollBack(const Arguments& options) {
  Arguments command = {"rollout", "rollback", id_, "--yes"};
  command.insert(command.end(), options.begin(), options.end());
  const Outcome back = Drover(command);
  EXPECT_EQ(back.exit_code, 0) << back.command << "\n" << back.out << back.err;
  return back.Text();
}

std::string WayBackTest::BeginRollBack(const Arguments& options) {
  Arguments command = {"rollout", "rollback", id_, "--yes", "--detach", "-o", "json"};
  command.insert(command.end(), options.begin(), options.end());
  const Outcome begun = Drover(command);
  EXPECT_EQ(begun.exit_code, 0) << begun.command << "\n" << begun.out << begun.err;
  return begun.Json().value("id", "");
}

void WayBackTest::ExpectBack(const std::string& version, int stops, bool serves_always) {
  ExpectKept({.version = version,
              .stops = {{"os-1", stops}, {"os-2", stops}, {"os-3", stops}},
              .is_one_rollout = false,
              .serves_always = serves_always});
}

void WayBackTest::KillControllerAt(const std::vector<Moment>& moments) {
  for (const Moment& moment : moments) {
    if (feed().Await(moment.name, moment.match).is_null()) return;
    KillNow(ControllerPids());
    MustLab({"drover", "controller", "start"});
    feed().Reconnect();
  }
}

}  // namespace drover::lab
