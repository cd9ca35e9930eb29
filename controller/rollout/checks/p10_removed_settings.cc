#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/rollout/checks/checks.h"
#include "controller/rollout/checks/removed_settings.h"

namespace drover::rollout {
namespace {

using Settings = std::map<std::string, std::string>;

// From 2.12 on the image's start runs the demo installer, which ends the container without this
// password (opensearch.md 1.4). Its value is never asked for.
constexpr Version kDemoPasswordSince{2, 12, 0};

bool IsTrue(const ServiceView& service, const std::string& name) {
  const auto it = service.environment.find(name);
  return it != service.environment.end() && it->second == "true";
}

// Members whose new container may end for want of the demo installer's password.
std::vector<std::string> DemoInstalled(const CheckInput& in) {
  std::vector<std::string> names;
  for (const Match& match : in.matches) {
    if (match.service == nullptr || match.node == nullptr || !match.node->plugins) continue;
    if (match.node->plugins->count("opensearch-security") == 0) continue;
    if (IsTrue(*match.service, "DISABLE_INSTALL_DEMO_CONFIG")) continue;
    if (IsTrue(*match.service, "DISABLE_SECURITY_PLUGIN")) continue;
    names.push_back(match.Name());
  }
  return names;
}

class Search {
 public:
  Search(const Version& from, const Version& to) : from_(from), to_(to) {}

  // Names without values: those of a node can be anything.
  void In(const std::string& where, const Settings& settings, const std::string& remedy) {
    for (const auto& [name, value] : settings) {
      const RemovedSetting* rule = FindRemoved(name, value, from_, to_);
      if (rule == nullptr) continue;
      found_.push_back(where + ": " + name + " (gone since " + rule->removed_in.ToString() + ", " +
                       rule->source + ")");
      if (remedy_.empty()) remedy_ = remedy;
    }
  }

  Finding Result() const {
    if (found_.empty()) {
      return Pass("no cluster, index, template or node setting, and no variable in Compose, that " +
                  to_.ToString() + " does not know");
    }
    return Block(Join(found_), remedy_);
  }

 private:
  Version from_, to_;
  std::vector<std::string> found_;
  std::string remedy_;
};

Finding Run(const CheckInput& in) {
  const std::optional<Version> from = LowestVersion(in.world.cluster);
  const std::optional<Version> to = ParseVersion(in.request.to_version);
  if (!from || !to) {
    return Block("the nodes' version cannot be read (GET _nodes)", "check that the nodes answer");
  }
  Search search(*from, *to);
  for (const Match& match : in.matches) {
    if (match.service == nullptr) continue;
    search.In("Compose environment of " + Place(*match.spec), match.service->environment,
              "take it out of the Compose file, run that (docker compose up -d), check again");
  }
  for (const NodeView& node : in.world.cluster.nodes) {
    search.In("opensearch.yml of " + node.name, node.settings,
              "take it out of the node's configuration and restart the node: the new version "
              "would not start with it");
  }
  const std::string put = "PUT _cluster/settings with null for it";
  search.In("persistent", in.world.cluster.persistent_settings, put);
  search.In("transient", in.world.cluster.transient_settings, put);
  for (const IndexView& index : in.world.cluster.indices) {
    search.In(
        "index " + index.name, index.settings,
        "make the index anew without it: drover index reindex " + in.spec.name + " " + index.name);
  }
  for (const TemplateView& view : in.world.cluster.templates) {
    search.In("template " + view.name, view.settings, "take it out of the template");
  }
  const Finding found = search.Result();
  const bool new_installer = *from < kDemoPasswordSince && *to >= kDemoPasswordSince;
  const std::vector<std::string> demo =
      new_installer ? DemoInstalled(in) : std::vector<std::string>();
  if (found.verdict != Verdict::kPass || demo.empty()) return found;
  return Warn(
      "from 2.12 on the image's demo installer ends the container where no "
      "OPENSEARCH_INITIAL_ADMIN_PASSWORD is set, and " +
          Join(demo) + " would run it (whether it is set was not asked)",
      "set DISABLE_INSTALL_DEMO_CONFIG=true where the cluster has certificates of its own, "
      "else that password");
}

}  // namespace

Check P10() {
  return {.id = "P10",
          .title = "no setting that the target has lost",
          .asks =
              "GET _cluster/settings, the settings of all indexes and templates, GET "
              "_nodes/settings, the environment in Compose",
          .needs_target = true,
          .run = &Run};
}

}  // namespace drover::rollout
