#include "controller/opensearch/security_check.h"

#include <nlohmann/json.hpp>

#include "controller/opensearch/json_access.h"

namespace drover::opensearch {
namespace {

constexpr char kPath[] = "/_plugins/_security/api/_upgrade_check";

// "roles: add a, b; mappings: modify c".
std::string DescribeActions(const nlohmann::json& actions) {
  std::string text;
  if (!actions.is_object()) return text;
  for (const auto& [section, changes] : actions.items()) {
    text += (text.empty() ? "" : "; ") + section + ":";
    if (!changes.is_object()) continue;
    for (const auto& [verb, names] : changes.items()) {
      std::string listed;
      for (const std::string& name : Texts(names)) listed += (listed.empty() ? " " : ", ") + name;
      text += " " + verb + listed;
    }
  }
  return text;
}

}  // namespace

std::string DescribeUpgradeCheck(const RestAnswer& answer) {
  // Without the plugin the path is no handler's: 400 or 404, and 405 where an index pattern takes
  // it.
  if (answer.status == 400 || answer.status == 404 || answer.status == 405) return "";
  const std::string ask = std::string("GET ") + kPath;
  if (answer.status >= 400) {
    return ask + " was answered " + std::to_string(answer.status) +
           ": ask it with a user who may administer security";
  }
  const nlohmann::json json = ParseJson(answer.body);
  if (!json.is_object()) return "";
  if (!Truth(At(json, {"upgradeAvailable"}))) return "its configuration is that of the new version";
  return "the new version has changes to its default configuration (" +
         DescribeActions(At(json, {"upgradeActions"})) +
         "): take them with POST /_plugins/_security/api/_upgrade_perform";
}

StatusOr<std::string> CheckSecurityUpgrade(RestClient& client) {
  DROVER_ASSIGN_OR_RETURN(const RestAnswer answer, client.Call({.path = kPath}));
  return DescribeUpgradeCheck(answer);
}

}  // namespace drover::opensearch
