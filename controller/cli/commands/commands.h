// The commands: each Add… function adds its part of the command line to `app` and, once that part
// was typed, puts what is to run into `selected`. A positional's type name says what it is (HOST,
// CLUSTER, ROLLOUT, SNAPSHOT, PLAN, SERVICE, FILE); completion goes by it.
#ifndef DROVER_CONTROLLER_CLI_COMMANDS_COMMANDS_H_
#define DROVER_CONTROLLER_CLI_COMMANDS_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "controller/cli/session.h"

namespace drover::cli {

struct Command {
  std::function<Exit(Session&)> run;
  // Needs no controller.
  bool local = false;
};

// `args` is where the options of `sub` are parsed to.
template <typename Args>
void OnRun(CLI::App* sub, Command& selected, std::shared_ptr<Args> args,
           Exit (*run)(Session&, const Args&)) {
  sub->callback([&selected, args, run] {
    selected.run = [args, run](Session& session) { return run(session, *args); };
  });
}

// A required positional.
inline CLI::Option* AddName(CLI::App* sub, const std::string& name, std::string& value,
                            const std::string& type, const std::string& what) {
  return sub->add_option(name, value, what)->type_name(type)->required();
}

// --waive ID … --reason TEXT, as typed.
struct WaiveArgs {
  std::vector<std::string> checks;
  std::string reason;
};
void AddWaive(CLI::App* sub, WaiveArgs& args);

void AddStatus(CLI::App& app, Command& selected);
void AddHosts(CLI::App& app, Command& selected);
void AddToken(CLI::App& app, Command& selected);
void AddClusters(CLI::App& app, Command& selected);
// Of `rollout rollback`.
struct RollBackArgs {
  std::string id;
  uint32_t tier = 0;
  bool yes = false;
  bool detach = false;
  bool plan_only = false;
};
Exit RollBack(Session& session, const RollBackArgs& args);
// plan, apply, upgrade, restart.
void AddPlans(CLI::App& app, Command& selected);
// `drover cluster adopt`: a plan as well.
void AddAdopt(CLI::App& clusters, Command& selected);
void AddIndexes(CLI::App& app, Command& selected);
void AddRollouts(CLI::App& app, Command& selected);
void AddSnapshots(CLI::App& app, Command& selected);
// restore, prove, delete, prune: parts of `drover snapshot`.
void AddRestores(CLI::App& snapshots, Command& selected);
void AddLeftovers(CLI::App& app, Command& selected);
void AddRehearsals(CLI::App& app, Command& selected);
void AddEvents(CLI::App& app, Command& selected);
void AddLogs(CLI::App& app, Command& selected);

}  // namespace drover::cli

#endif  // DROVER_CONTROLLER_CLI_COMMANDS_COMMANDS_H_
