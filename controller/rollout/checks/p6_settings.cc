#include <map>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"

namespace drover::rollout {
namespace {

// Some stand in the way of the rollout's own changes, whatever an operator accepts.
std::string FinalBecause(const std::vector<std::string>& found) {
  for (const std::string& text : found) {
    if (text.find(" archived.") != std::string::npos) {
      return "with an archived setting the cluster refuses every change of its settings (400)";
    }
    if (text.starts_with("transient cluster.routing.")) {
      return "a transient value beats the one that the rollout puts";
    }
  }
  return "";
}

// Settings that a rollout must not find set: whoever set them is not done, or forgot.
bool IsLeftover(const std::string& where, const std::string& name, const std::string& value) {
  // A transient value beats the persistent one that a rollout puts.
  const bool ours = name == "cluster.routing.allocation.enable" ||
                    name == "cluster.routing.rebalance.enable" ||
                    name == "cluster.routing.allocation.node_concurrent_recoveries";
  if (ours && where == "transient") return true;
  if (name == "cluster.routing.allocation.enable") return value != "all";
  if (name == "cluster.routing.rebalance.enable") return value != "all";
  if (name.starts_with("cluster.routing.allocation.exclude._")) return !value.empty();
  if (name == "cluster.blocks.read_only" || name == "cluster.blocks.read_only_allow_delete") {
    return value == "true";
  }
  if (name.starts_with("archived.")) return true;
  if (name == "cluster.migration.direction" || name == "migration.direction") {
    return value != "none";
  }
  return name.ends_with("remote_store.compatibility_mode") && value == "mixed";
}

void AddLeftovers(const std::string& where, const std::map<std::string, std::string>& settings,
                  std::vector<std::string>* found, std::vector<std::string>* names) {
  for (const auto& [name, value] : settings) {
    if (!IsLeftover(where, name, value)) continue;
    found->push_back(where + " " + name + "=" + value);
    names->push_back("\"" + name + "\": null");
  }
}

Finding Run(const CheckInput& in) {
  std::vector<std::string> found, names;
  AddLeftovers("persistent", in.world.cluster.persistent_settings, &found, &names);
  AddLeftovers("transient", in.world.cluster.transient_settings, &found, &names);
  if (found.empty()) return Pass("GET _cluster/settings: nothing that would hold up a rollout");
  return Block("GET _cluster/settings: " + Join(found),
               "find out who set it; put it back with PUT _cluster/settings {" +
                   std::string(found.front().starts_with("persistent") ? "\"persistent\""
                                                                       : "\"transient\"") +
                   ": {" + Join(names) + "}}",
               FinalBecause(found));
}

}  // namespace

Check P6() {
  return {.id = "P6",
          .title = "no leftover cluster settings",
          .asks = "GET _cluster/settings?flat_settings=true: persistent and transient",
          .run = &Run};
}

}  // namespace drover::rollout
