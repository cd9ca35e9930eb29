// kill -9 of the controller and of agents in the middle of an upgrade under load.
#include <gmock/gmock.h>

#include <fstream>
#include <iostream>

#include "tests/lab/fault_fixture.h"

namespace drover::lab {
namespace {

struct Moment {
  std::string name;
  Match match;
};

// Each step once, spread over the members: a member's steps take their time between two kills.
std::vector<Moment> AllMoments() {
  return {{"SNAPSHOTTING", State("SNAPSHOTTING")},
          {"PREFETCHING", State("PREFETCHING")},
          {"PENDING", State("ROLLING")},
          {"FLUSH", Step("FLUSH")},
          {"LEFT", Step("LEFT")},
          {"JOINED", Step("JOINED")},
          {"RECOVERED", Step("RECOVERED")},
          {"PENDING", Step("DONE")},
          {"STOP", Step("STOP")},
          {"SET_IMAGE", Step("SET_IMAGE")},
          {"THAW", Step("THAW")},
          {"FREEZE", Step("FREEZE")},
          {"UP", Step("UP")},
          {"FINISHING", State("FINISHING")}};
}

// What was committed last before the event at `index`: a member's step or the rollout's state.
std::string StandingAt(const std::vector<json>& events, size_t index) {
  while (index-- > 0) {
    const json& event = events[index];
    if (event["kind"] != "member.step" && event["kind"] != "rollout.state") continue;
    const std::string to = event["fields"]["to"];
    return to == "DONE" || to == "ROLLING" ? "PENDING" : to;
  }
  return "";
}

class ControllerKillTest : public FaultTest {
 protected:
  struct Kill {
    std::string moment;
    Time restarted;
  };

  void KillAndStartAt(const Moment& moment) {
    const json event = feed().Await(moment.name, moment.match);
    if (event.is_null()) return;
    KillController();
    StartController();
    const std::vector<pid_t> pids = ControllerPids();
    ASSERT_EQ(pids.size(), 1u);
    kills_.push_back({moment.name, StartOf(pids.front())});
  }

  // From the start of the process to what was performed next: what the cluster is asked with the
  // commit of controller.recovered, a host when its agent is back.
  void MeasureRecovery() {
    const std::vector<json> events = feed().Events();
    size_t kill = 0;
    for (size_t i = 0; i < events.size() && kill < kills_.size(); ++i) {
      if (events[i]["kind"] != "controller.recovered") continue;
      const std::string standing = StandingAt(events, i);
      const std::string host = HostAt(events, i);
      const bool on_host = standing == "STOP" || standing == "SET_IMAGE" || standing == "UP";
      json row = {{"aimed_at", kills_[kill].moment},
                  {"stood_at", standing},
                  {"recovered_ms", (TimeOf(events[i]) - kills_[kill].restarted).count()}};
      row["action_ms"] = row["recovered_ms"];
      std::set<std::string> back;
      // Agents may be back before the rollout is recovered.
      for (const json& event : events) {
        const int64_t after = (TimeOf(event) - kills_[kill].restarted).count();
        if (event["kind"] != "host.connected" || after < 0 || back.size() == 3) continue;
        if (!back.insert(event["host"]).second) continue;
        if (on_host && event["host"] == host) {
          row["action_ms"] = std::max(after, row["recovered_ms"].get<int64_t>());
        }
        if (back.size() == 3) row["all_agents_ms"] = after;
      }
      rows_.push_back(row);
      ++kill;
    }
  }

  static std::string HostAt(const std::vector<json>& events, size_t index) {
    while (index-- > 0) {
      if (events[index]["kind"] == "member.step") return events[index]["host"];
    }
    return "";
  }

  std::vector<Kill> kills_;
  json rows_ = json::array();
};

TEST_F(ControllerKillTest, AtEachStepOfOneUpgrade) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  for (const Moment& moment : AllMoments()) {
    ASSERT_NO_FATAL_FAILURE(KillAndStartAt(moment));
    ASSERT_FALSE(HasFailure());
  }

  EXPECT_EQ(AwaitEnd(), 0);
  ExpectUpgraded();
  MeasureRecovery();
  EXPECT_EQ(rows_.size(), kills_.size());
  for (const json& row : rows_) {
    std::cout << "RECOVERY " << row.dump() << "\n";
    EXPECT_LE(row["action_ms"], 5000) << row;
  }
  if (const char* path = std::getenv("DROVER_RECOVERY_FILE")) WriteText(path, rows_.dump(1));
}

// The agent's verbs are of interest in their middle too: `into` is how long its Compose has run
// when it is killed.
struct AgentMoment {
  Moment at;
  std::optional<Millis> into;
};

std::vector<AgentMoment> AgentMoments() {
  const auto verb = [](const std::string& step, int into) {
    return AgentMoment{{step, Step(step)}, Millis(into)};
  };
  const auto step = [](const std::string& name) {
    return AgentMoment{{name, Step(name)}, std::nullopt};
  };
  return {{{"SNAPSHOTTING", State("SNAPSHOTTING")}, std::nullopt},
          {{"PENDING", State("ROLLING")}, std::nullopt},
          step("FREEZE"),
          verb("STOP", 0),
          step("SET_IMAGE"),
          verb("UP", 50),
          step("JOINED"),
          step("RECOVERED"),
          step("FLUSH"),
          verb("STOP", 300),
          verb("SET_IMAGE", 0),
          verb("UP", 150),
          step("THAW"),
          // Where the Engine ends a stop without the agent, the member goes up without LEFT.
          step("LEFT"),
          verb("UP", 300),
          {{"FINISHING", State("FINISHING")}, std::nullopt}};
}

class AgentKillTest : public FaultTest {
 protected:
  // Kills the agent of the host whose member is at this moment; with all that it started, as
  // systemd does, or itself alone. It is started again at once.
  void KillAndStartAt(const AgentMoment& moment, bool with_children) {
    const json event = feed().Await(moment.at.name, moment.at.match);
    if (event.is_null()) return;
    const std::string host = event["host"].get<std::string>().empty() ? "h2" : event["host"];
    const std::vector<pid_t> pids = AgentPids(host);
    ASSERT_EQ(pids.size(), 1u) << host;
    if (moment.into) {
      AwaitChild(pids.front());
      // No condition is waited for here: it spreads the kills over what Compose does.
      std::this_thread::sleep_for(*moment.into);
    }
    KillNow(with_children ? WithDescendants(pids.front()) : pids);
    StartAgent(host);
  }

  // A verb that is over already is as good.
  static void AwaitChild(pid_t agent) {
    const auto end = std::chrono::steady_clock::now() + Millis(500);
    while (WithDescendants(agent).size() < 2 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(Millis(5));
    }
  }

  void RollWithKills(bool with_children) {
    ASSERT_NO_FATAL_FAILURE(Begin());
    for (const AgentMoment& moment : AgentMoments()) {
      ASSERT_NO_FATAL_FAILURE(KillAndStartAt(moment, with_children));
      ASSERT_FALSE(HasFailure());
    }
    EXPECT_EQ(AwaitEnd(), 0);
    ExpectUpgraded();
    for (const json& event : feed().Events()) {
      if (event["kind"] != "operation.ended") continue;
      std::cout << "OPERATION " << event["fields"]["operation"] << " " << event["text"] << "\n";
    }
  }
};

TEST_F(AgentKillTest, WithItsVerbAtEachStepOfOneUpgrade) { RollWithKills(true); }

class LongAgentKillTest : public AgentKillTest {};

TEST_F(LongAgentKillTest, AndItsVerbGoesOnAtEachStepOfOneUpgrade) { RollWithKills(false); }

}  // namespace
}  // namespace drover::lab
